package main

import (
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"
	"golang.org/x/term"
)

// progress shows how far the tasks of a run have got: as bars on a terminal,
// elsewhere (cron) as one log line when a task has ended. Its methods may be
// called from several goroutines.
type progress struct {
	logger *slog.Logger
	screen *screen // nil where there are no bars
}

// A task is one part of a run, such as a collector.
type task struct {
	logger  *slog.Logger
	tracker *bars.Tracker // nil where there are no bars
	name    string
	unit    string
	started time.Time

	mutex sync.Mutex
	n     int
}

// newOutput returns the logger and the progress of a run that writes to stderr.
// Bars and the log lines of single steps would get in each other's way, so bars
// are shown only on a terminal, in the format text, and without verbose.
func newOutput(stderr io.Writer, format string, verbose bool) (*slog.Logger, *progress) {
	level := slog.LevelInfo
	var bars *screen
	switch width, isTerminal := terminalWidth(stderr); {
	case verbose:
		level = slog.LevelDebug
	case isTerminal && format == "text":
		level = slog.LevelWarn
		bars = &screen{out: stderr, width: width}
		stderr = bars
	}
	options := &slog.HandlerOptions{Level: level}
	logger := slog.New(slog.NewTextHandler(stderr, options))
	if format == "json" {
		logger = slog.New(slog.NewJSONHandler(stderr, options))
	}
	return logger, &progress{logger: logger, screen: bars}
}

// terminalWidth returns how many columns stream, a reader or writer, has if it is
// a terminal.
func terminalWidth(stream any) (width int, isTerminal bool) {
	file, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}

// start begins a task that counts in unit: "rows".
func (p *progress) start(name, unit string) *task {
	t := &task{logger: p.logger, name: name, unit: unit, started: time.Now()}
	p.logger.Debug("start", "task", name)
	if p.screen != nil {
		t.tracker = &bars.Tracker{
			Message:          name,
			AutoStopDisabled: true,
			Units:            bars.Units{Notation: " " + unit, NotationPosition: bars.UnitsNotationPositionAfter, Formatter: decimal},
		}
		p.screen.show(t.tracker)
	}
	return t
}

// decimal returns n in digits.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// stop draws the bars a last time and leaves the screen to others. It is called
// before a command writes its result or returns; more tasks may follow.
func (p *progress) stop() {
	if p.screen != nil {
		p.screen.stop()
	}
}

// expect says how many units the task will count to, if that is known.
func (t *task) expect(total int) {
	if t.tracker != nil {
		t.tracker.UpdateTotal(int64(total))
	}
}

// update says how many units the task has counted.
func (t *task) update(n int) {
	t.mutex.Lock()
	t.n = n
	t.mutex.Unlock()
	if t.tracker != nil {
		t.tracker.SetValue(int64(n))
	}
}

// note says what the task is doing now: "waiting for the rate limit"; "" takes
// the last note back.
func (t *task) note(text string) {
	if text != "" {
		t.logger.Debug(text, "task", t.name)
	}
	if t.tracker != nil {
		t.tracker.UpdateMessage(strings.TrimSuffix(t.name+": "+text, ": "))
	}
}

// done ends the task. Its error is shown, not logged: whoever runs the task
// returns it.
func (t *task) done(err error) {
	t.mutex.Lock()
	n := t.n
	t.mutex.Unlock()
	if err == nil {
		t.logger.Info("done", "task", t.name, t.unit, n, "seconds", time.Since(t.started).Round(time.Millisecond).Seconds())
	}
	switch {
	case t.tracker == nil:
	case err != nil:
		t.tracker.MarkAsErrored()
	default:
		t.tracker.UpdateMessage(t.name)
		t.tracker.MarkAsDone()
	}
}

// A screen is a terminal that shows bars at its end. Log lines written to it
// appear above the bars.
type screen struct {
	out   io.Writer
	width int // in columns

	mutex sync.Mutex
	bars  bars.Writer   // nil while none are shown
	ended chan struct{} // closed when bars are drawn no more
}

// show adds a bar.
func (s *screen) show(tracker *bars.Tracker) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.bars == nil {
		s.begin()
	}
	s.bars.AppendTracker(tracker)
}

// begin starts to draw bars.
func (s *screen) begin() {
	writer, ended := bars.NewWriter(), make(chan struct{})
	writer.SetOutputWriter(s.out)
	writer.SetTerminalWidth(s.width)
	writer.SetMessageLength(min(48, max(20, s.width-48))) // the bar and the numbers take the rest
	writer.SetTrackerPosition(bars.PositionRight)
	writer.SetUpdateFrequency(100 * time.Millisecond)
	style := writer.Style()
	style.Visibility.ETA = false
	style.Visibility.TrackerOverall = false
	style.Visibility.Percentage = false
	style.Options.TimeDonePrecision = 100 * time.Millisecond
	style.Options.TimeInProgressPrecision = 100 * time.Millisecond
	go func() {
		defer close(ended)
		writer.Render()
	}()
	s.bars, s.ended = writer, ended
}

// stop draws the bars a last time.
func (s *screen) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.bars == nil {
		return
	}
	// Stop does nothing before Render has begun, which happens on its own
	// goroutine; hence again until it has ended.
	for running := true; running; {
		s.bars.Stop()
		select {
		case <-s.ended:
			running = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.bars = nil
}

// Write writes log lines.
func (s *screen) Write(lines []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	// Log draws nothing while there are no bars.
	if s.bars == nil || s.bars.LengthActive() == 0 {
		return s.out.Write(lines)
	}
	s.bars.Log(strings.TrimSuffix(string(lines), "\n"))
	return len(lines), nil
}
