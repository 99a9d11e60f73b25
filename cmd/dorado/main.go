// Command dorado keeps a warehouse of DORA and reliability metrics: it collects
// from GitHub, builds the numbers with SQL, publishes them as a snapshot, and
// answers questions about it on the terminal.
//
// This package is the command line: flags, configuration, progress and output.
// What is collected is up to the packages below collectors, what the numbers
// mean to models and sql, how data is kept to warehouse.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitFailure = 1 // the command failed
	exitUsage   = 2 // the command line is wrong; nothing was done
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		code := printError(os.Stderr, err, ctx.Err() != nil)
		stop()
		os.Exit(code)
	}
}

// run runs the command that args (without the program's name) ask for. It is
// all of dorado but signals, the printing of the error, and the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	return (&program{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}).run(ctx, args)
}

// run runs the command that args ask for.
func (p *program) run(ctx context.Context, args []string) error {
	root := rootCommand(p)
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return root.ExecuteContext(ctx)
}

// printError tells the user why a command failed and returns the exit code.
func printError(stderr io.Writer, err error, interrupted bool) int {
	var usage usageError
	var invalid *invalidConfig
	switch {
	case interrupted && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "dorado: interrupted")
	case errors.As(err, &invalid):
		// Its lines start with the place, as editors and CI systems like it.
		fmt.Fprintln(stderr, invalid)
	default:
		fmt.Fprintln(stderr, "dorado:", err)
	}
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}
