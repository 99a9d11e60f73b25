package landing

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dorado/collectors"
)

// childVariable, when set, turns the test program into one that lands without end in
// the folder that it names, and prints the number of each event that has landed.
const childVariable = "LANDING_TEST_CHILD"

func TestMain(m *testing.M) {
	if folder := os.Getenv(childVariable); folder != "" {
		land(folder)
	}
	os.Exit(m.Run())
}

// land lands numbers until the process is killed, or landing fails.
func land(folder string) {
	limitFileSize(os.Getenv("LANDING_TEST_FILE_BYTES"))
	first, _ := strconv.Atoi(os.Getenv("LANDING_TEST_FIRST"))
	to := New(folder, time.Now)
	to.segmentBytes = 2000
	for n := first; ; n++ {
		if _, err := to.Append(number(n), key(n)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

func number(n int) collectors.Event {
	return collectors.Event{Source: "test", Kind: "number", ID: strconv.Itoa(n), Body: json.RawMessage(strconv.Itoa(n))}
}

func key(n int) Key {
	return Key{Name: strconv.Itoa(n), Content: sha256.Sum256([]byte{byte(n)})}
}

// A numberRow is a row of a number.
type numberRow struct{ n int }

func (numberRow) Table() string { return "numbers" }

// numbers makes rows of events; those that are no numbers cannot be read.
type numbers struct{}

func (numbers) Receive(_ context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	for _, event := range events {
		n, err := strconv.Atoi(string(event.Body))
		if err != nil {
			unread = append(unread, err)
			continue
		}
		rows = append(rows, numberRow{n})
	}
	return rows, unread, nil
}

// memory is a store that may fail.
type memory struct {
	numbers []int
	cursor  string
	failAt  int // the Put that fails, counted from 1; 0 for none
	puts    int
}

func (m *memory) Cursor(context.Context, string) (string, error) { return m.cursor, nil }

func (m *memory) Put(_ context.Context, _ string, rows []collectors.Row, cursor string) error {
	if m.puts++; m.puts == m.failAt {
		return errors.New("full")
	}
	for _, row := range rows {
		m.numbers = append(m.numbers, row.(numberRow).n)
	}
	m.cursor = cursor
	return nil
}

// take takes what has landed and returns what was complained of.
func take(folder string, store *memory) (problems []string, err error) {
	collector := New(folder, time.Now).Collector(map[string]Receiver{"test": numbers{}}, func(problem string) { problems = append(problems, problem) })
	_, err = collectors.Run(context.Background(), store, collector, func(int) {})
	return problems, err
}

// isEmpty checks that no segment is left, but those that were set aside.
func isEmpty(t *testing.T, folder string, setAside int) {
	t.Helper()
	if waiting, err := New(folder, time.Now).Waiting(); err != nil || waiting != (Waiting{Unread: setAside}) {
		t.Errorf("%+v is left (%v), want %d set aside", waiting, err, setAside)
	}
}

func TestLandAndTake(t *testing.T) {
	folder, store := t.TempDir(), &memory{}
	if Exists(folder) {
		t.Error("a folder that is not there exists")
	}
	to := New(folder, time.Now)
	to.segmentBytes = 500
	for n := range 20 {
		if isKnown, err := to.Append(number(n), key(n)); isKnown || err != nil {
			t.Fatal(isKnown, err)
		}
	}
	if waiting, err := to.Waiting(); err != nil || waiting.Segments < 3 {
		t.Errorf("%+v waits (%v), want several segments", waiting, err)
	}
	// Another process knows what has landed, also after it was taken.
	for range 2 {
		if isKnown, err := New(folder, time.Now).Append(number(7), key(7)); !isKnown || err != nil {
			t.Errorf("known %v (%v), want true", isKnown, err)
		}
		if _, err := New(folder, time.Now).Append(number(7), Key{Name: "7"}); !errors.Is(err, ErrOtherContent) {
			t.Errorf("got %v, want that it has other content", err)
		}
		if problems, err := take(folder, store); err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
	}
	isEmpty(t, folder, 0)
	// The writer goes on although its segment is gone.
	if _, err := to.Append(number(20), key(20)); err != nil {
		t.Fatal(err)
	}
	if _, err := take(folder, store); err != nil {
		t.Fatal(err)
	}
	if want := numbersTo(21); !slices.Equal(store.numbers, want) {
		t.Errorf("took %v, want %v", store.numbers, want)
	}
}

func numbersTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// TestManyWriters lands from several writers while what has landed is taken out: all
// of it comes out, once.
func TestManyWriters(t *testing.T) {
	folder, store := t.TempDir(), &memory{}
	var writers sync.WaitGroup
	for w := range 4 {
		to := New(folder, time.Now) // as another process would
		to.segmentBytes = 2000
		writers.Go(func() {
			for n := range 50 {
				if _, err := to.Append(number(w*50+n), key(w*50+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for isDone := false; !isDone; {
		select {
		case <-done:
			isDone = true
		default:
		}
		if _, err := take(folder, store); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(store.numbers)
	if !slices.Equal(store.numbers, numbersTo(200)) {
		t.Errorf("took %v", store.numbers)
	}
	isEmpty(t, folder, 0)
}

// TestStoppedAnywhere stops taking at every Put; what is taken later adds up.
func TestStoppedAnywhere(t *testing.T) {
	for failAt := 1; failAt <= 4; failAt++ {
		folder, store := t.TempDir(), &memory{failAt: failAt}
		to := New(folder, time.Now)
		to.segmentBytes = 500
		for n := range 30 {
			if _, err := to.Append(number(n), key(n)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := take(folder, store); err == nil {
			t.Fatal("nothing failed")
		}
		if _, err := take(folder, store); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(store.numbers, numbersTo(30)) {
			t.Errorf("took %v", store.numbers)
		}
		isEmpty(t, folder, 0)
	}
}

// TestDamagedSegments puts what no writer writes into segments.
func TestDamagedSegments(t *testing.T) {
	folder, store := t.TempDir(), &memory{}
	to := New(folder, time.Now)
	if _, err := to.Append(number(0)); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(to.path, to.current)
	spoil := func(path, text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = file.WriteString(text)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	spoil(torn, `{"source":"test","body":5`)
	if _, err := to.Append(number(1)); err != nil {
		t.Fatal(err)
	}
	if filepath.Join(to.path, to.current) == torn {
		t.Error("a segment that was cut short is written to")
	}
	spoil(filepath.Join(to.path, to.current), "\x00\x00\x00\n")
	spoil(filepath.Join(to.path, to.current), `{"source":"test","body":"two"}`+"\n"+`{"source":"gone","body":2}`+"\n")
	if _, err := to.Append(number(2)); err != nil {
		t.Fatal(err)
	}
	problems, err := take(folder, store)
	if err != nil || len(problems) != 4 {
		t.Errorf("complained %q (%v), want of the line that was cut short and of three others", problems, err)
	}
	if !slices.Equal(store.numbers, numbersTo(3)) {
		t.Errorf("took %v", store.numbers)
	}
	isEmpty(t, folder, 1)
}

// TestKilled kills writers wherever they are, and takes out what they left, now and
// then. All that they said has landed comes out, and little else: of each writer at
// most the number that it was landing.
func TestKilled(t *testing.T) {
	loops := 10
	if text := os.Getenv("DORADO_KILL_LOOPS"); text != "" {
		var err error
		if loops, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	folder, store := t.TempDir(), &memory{}
	var landed []int
	for loop := range loops {
		said := child(t, folder, loop*100_000, "", time.Duration(loop%7+1)*20*time.Millisecond)
		landed = append(landed, said...)
		if loop%3 == 2 {
			if _, err := take(folder, store); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := take(folder, store); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, folder, 0)
	slices.Sort(store.numbers)
	if once := slices.Compact(slices.Clone(store.numbers)); len(once) != len(store.numbers) {
		t.Errorf("%d numbers came out twice", len(store.numbers)-len(once))
	}
	for _, n := range landed {
		if _, isThere := slices.BinarySearch(store.numbers, n); !isThere {
			t.Errorf("%d had landed and is lost", n)
		}
	}
	if extra := len(store.numbers) - len(landed); extra > loops || len(landed) < loops {
		t.Errorf("%d numbers landed and %d more came out", len(landed), extra)
	}
	t.Logf("%d writers were killed, %d numbers had landed and %d more came out", loops, len(landed), len(store.numbers)-len(landed))
}

// child runs a writer that begins with a number, kills it after a time, unless it has
// ended by itself, and returns the numbers that it said had landed.
func child(t *testing.T, folder string, first int, fileBytes string, after time.Duration) []int {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"="+folder, fmt.Sprint("LANDING_TEST_FIRST=", first), "LANDING_TEST_FILE_BYTES="+fileBytes)
	var said, complained strings.Builder
	command.Stdout, command.Stderr = &said, &complained
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(after, func() { _ = command.Process.Kill() })
	err := command.Wait()
	killed.Stop()
	if fileBytes != "" && (err == nil || !strings.Contains(complained.String(), "file too large")) {
		t.Errorf("the writer ended with %v: %s", err, complained.String())
	}
	var numbers []int
	lines := strings.Split(said.String(), "\n")
	for _, line := range lines[:len(lines)-1] { // the last has no end
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// TestFullDisk lands where files cannot grow any more, as on a full disk: what fails
// is told, and what had landed stays.
func TestFullDisk(t *testing.T) {
	folder, store := t.TempDir(), &memory{}
	said := child(t, folder, 0, "1234", 10*time.Second)
	if len(said) < 5 {
		t.Fatalf("only %v landed", said)
	}
	// There is room again.
	to := New(folder, time.Now)
	if _, err := to.Append(number(len(said)+1), key(len(said)+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := take(folder, store); err != nil {
		t.Fatal(err)
	}
	for _, n := range append(said, len(said)+1) {
		if !slices.Contains(store.numbers, n) {
			t.Errorf("%d had landed and is lost; took %v", n, store.numbers)
		}
	}
}

// TestClockSetBack checks that segments keep their order.
func TestClockSetBack(t *testing.T) {
	folder, store := t.TempDir(), &memory{}
	at := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	to := New(folder, func() time.Time { at = at.Add(-time.Hour); return at })
	to.segmentBytes = 1
	for n := range 5 {
		if _, err := to.Append(number(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := take(folder, store); err != nil || !slices.Equal(store.numbers, numbersTo(5)) {
		t.Errorf("took %v (%v)", store.numbers, err)
	}
}

// TestSeenIsBounded checks that only the newest keys are remembered.
func TestSeenIsBounded(t *testing.T) {
	s := &seen{path: filepath.Join(t.TempDir(), seenName)}
	keys := make([]Key, 2*rememberedKeys)
	for n := range keys {
		keys[n] = Key{Name: strconv.Itoa(n)}
	}
	for _, some := range [][]Key{keys, {{Name: "last"}}} {
		if err := s.refresh(); err != nil {
			t.Fatal(err)
		}
		if err := s.add(some, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.refresh(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"0": false, strconv.Itoa(2*rememberedKeys - 1): true, "last": true} {
		if isKnown, err := s.knows([]Key{{Name: name}}); isKnown != want || err != nil {
			t.Errorf("%s is known: %v (%v), want %v", name, isKnown, err, want)
		}
	}
	if len(s.order) != rememberedKeys+1 {
		t.Errorf("%d keys are remembered", len(s.order))
	}
}
