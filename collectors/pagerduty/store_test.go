package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/transport"
)

// memory is a store that keeps what the warehouse would: one record for each key,
// of the columns only.
type memory struct {
	records map[string]string // by table and key
	cursors map[string]string // by collector
	hints   []string          // the answer to every query: when hints came, in microseconds, and their incidents
	failAt  int               // the Put that fails, counted from 1; 0 for none
	puts    int
}

func newMemory() *memory {
	return &memory{records: map[string]string{}, cursors: map[string]string{}}
}

func (m *memory) Cursor(_ context.Context, collector string) (string, error) {
	return m.cursors[collector], nil
}

func (m *memory) Strings(context.Context, string, ...any) ([]string, error) { return m.hints, nil }

var errFull = errors.New("full")

func (m *memory) Put(_ context.Context, collector string, rows []collectors.Row, cursor string) error {
	m.puts++
	if m.puts == m.failAt {
		return errFull
	}
	for _, row := range rows {
		key, record := row.Table(), ""
		for name, value := range columns(row) {
			record += fmt.Sprintf("%s=%s ", name, value)
		}
		value := reflect.ValueOf(row)
		for i := range value.NumField() {
			if tag := value.Type().Field(i).Tag.Get("db"); strings.HasSuffix(tag, ",key") {
				key += fmt.Sprintf(" %v", value.Field(i))
			}
		}
		m.records[key] = record
	}
	if cursor != "" {
		m.cursors[collector] = cursor
	}
	return nil
}

// columns yields the names and values of a row's columns, NULL for nil.
func columns(row collectors.Row) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		fields := reflect.ValueOf(row)
		for i := range fields.NumField() {
			name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("db"), ",")
			if name == "" {
				continue
			}
			field, text := fields.Field(i), "NULL"
			if field.Kind() == reflect.Pointer && !field.IsNil() {
				field = field.Elem()
			}
			if field.Kind() != reflect.Pointer {
				text = fmt.Sprint(field)
				if instant, ok := field.Interface().(time.Time); ok {
					text = instant.UTC().Format(time.RFC3339Nano)
				}
			}
			if !yield(name, text) {
				return
			}
		}
	}
}

// of returns the records of a table, sorted.
func (m *memory) of(table string) []string {
	var found []string
	for key, record := range m.records {
		if strings.HasPrefix(key, table+" ") {
			found = append(found, record)
		}
	}
	slices.Sort(found)
	return found
}

// column returns the values that a column of a table has, sorted.
func (m *memory) column(table, column string) []string {
	var found []string
	for _, record := range m.of(table) {
		_, rest, ok := strings.Cut(" "+record, " "+column+"=")
		if ok {
			value, _, _ := strings.Cut(rest, " ")
			found = append(found, value)
		}
	}
	slices.Sort(found)
	return found
}

// sameAs reports the first difference between two stores' records.
func (m *memory) sameAs(t *testing.T, other *memory) {
	t.Helper()
	for key, record := range m.records {
		if other.records[key] != record {
			t.Errorf("%s differs:\n%s\n%s", key, record, other.records[key])
			return
		}
	}
	if len(m.records) != len(other.records) {
		t.Errorf("%d records and %d", len(m.records), len(other.records))
	}
}

// An account is a server as the tests read it.
type account struct {
	url   string // of the API
	since time.Time
	now   time.Time
	usage *transport.Usage
	with  func(*Config) // changes the configuration
}

// collect runs all collectors, or those named (without the account).
func (a account) collect(t *testing.T, store *memory, names ...string) error {
	t.Helper()
	config := Config{BaseURL: a.url, TokenEnv: "PAGERDUTY_TOKEN", Since: a.since}
	if a.with != nil {
		a.with(&config)
	}
	usage := a.usage
	if usage == nil {
		usage = &transport.Usage{}
	}
	host := strings.TrimPrefix(a.url, "http://")
	host, _, _ = strings.Cut(host, "/")
	options := clientOptions(host, "token", usage, nil)
	options.Pause = time.Millisecond
	return run(t, config, transport.New(options), a.now, store, names...)
}

func run(t testing.TB, config Config, client *http.Client, now time.Time, store *memory, names ...string) error {
	t.Helper()
	all, err := New(config, client, func() time.Time { return now }, store)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		name, _, _ := strings.Cut(c.Name(), ":")
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		if _, err := collectors.Run(t.Context(), store, c, func(int) {}); err != nil {
			return err
		}
	}
	return nil
}
