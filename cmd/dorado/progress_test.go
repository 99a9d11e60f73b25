package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

// work runs two tasks, of which the second fails, as a command does.
func work(p *progress) {
	first := p.start("github_deployments", "rows")
	first.update(1200)
	second := p.start("build", "models")
	second.expect(20)
	second.update(7)
	second.note("core.changes")
	p.logger.Warn("the server is slow")
	first.done(nil)
	second.done(errors.New("it failed"))
	p.stop()
}

func TestProgressInCron(t *testing.T) {
	for name, test := range map[string]struct {
		format  string
		verbose bool
		want    []string // message and task of each line
	}{
		"text":    {format: "text", want: []string{`WARN "the server is slow"`, `INFO done task=github_deployments rows=1200`}},
		"json":    {format: "json", want: []string{`WARN "the server is slow"`, `INFO done task=github_deployments rows=1200`}},
		"verbose": {format: "text", verbose: true, want: []string{`DEBUG start task=github_deployments`, `DEBUG start task=build`, `DEBUG core.changes task=build`, `WARN "the server is slow"`, `INFO done task=github_deployments rows=1200`}},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			_, progress := newOutput(&stderr, test.format, test.verbose)
			work(progress)
			lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(test.want), stderr.String())
			}
			for i, line := range lines {
				if test.format == "json" {
					line = asText(t, line)
				}
				line = regexp.MustCompile(`^time=\S+ level=(\w+) msg=(.*?)( seconds=\S+)?$`).ReplaceAllString(line, "$1 $2")
				if line != test.want[i] {
					t.Errorf("line %d is %s, want %s", i, line, test.want[i])
				}
			}
		})
	}
}

// asText returns a line of slog's JSON as its text format has it.
func asText(t *testing.T, line string) string {
	t.Helper()
	var record struct {
		Time, Level, Msg, Task string
		Rows                   json.Number
	}
	if err := json.Unmarshal([]byte(line), &record); err != nil {
		t.Fatal(err)
	}
	text := "time=" + record.Time + " level=" + record.Level + " msg="
	if strings.Contains(record.Msg, " ") {
		return text + `"` + record.Msg + `"`
	}
	return text + record.Msg + " task=" + record.Task + " rows=" + record.Rows.String()
}

func TestProgressOnTerminal(t *testing.T) {
	var terminal bytes.Buffer
	logger, progress := newOutput(&terminal, "text", false)
	progress.screen = &screen{out: &terminal, width: 100}
	logger.Info("before")
	work(progress)
	if !regexp.MustCompile(`(?m)github_deployments +\.\.\. done! \[1200 rows in .*\]$`).MatchString(terminal.String()) {
		t.Errorf("the first task does not end well in\n%q", terminal.String())
	}
	if !regexp.MustCompile(`(?m)build: core.changes +\.\.\. fail! \[7 models in .*\]$`).MatchString(terminal.String()) {
		t.Errorf("the second task does not fail in\n%q", terminal.String())
	}

	// Bars can come back after the screen was left to others.
	terminal.Reset()
	progress.start("collect", "rows").done(nil)
	progress.stop()
	if !strings.Contains(terminal.String(), "collect") {
		t.Errorf("no bar in\n%q", terminal.String())
	}
}

func TestLogLinesAmongBars(t *testing.T) {
	var terminal bytes.Buffer
	s := &screen{out: &terminal, width: 100}
	progress := &progress{logger: slog.New(slog.DiscardHandler), screen: s}
	write := func(line string) {
		t.Helper()
		if _, err := s.Write([]byte(line + "\n")); err != nil {
			t.Error(err)
		}
	}
	write("before any bar")
	task := progress.start("build", "models")
	write("while there are bars")
	task.done(nil)
	progress.stop()
	write("after all bars")
	for _, line := range []string{"before any bar\n", "while there are bars\n", "after all bars\n"} {
		if strings.Count(terminal.String(), line) != 1 {
			t.Errorf("%q is not there once in\n%q", line, terminal.String())
		}
	}
}
