package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"dorado/strictyaml"
)

// A Problem is one thing that is wrong with a configuration.
type Problem = strictyaml.Problem

// didYouMean returns a hint with the word nearest to the one written, "" if none
// is near.
func didYouMean(written string, words []string) string { return strictyaml.DidYouMean(written, words) }

// An invalidConfig is an error that lists all that is wrong with a file.
type invalidConfig struct {
	file     string
	problems []Problem
}

// Error returns a line for each problem: "dorado.yaml:12: services[0].name: …".
func (c *invalidConfig) Error() string {
	problems := slices.Clone(c.problems)
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	lines := make([]string, len(problems))
	for i, problem := range problems {
		lines[i] = c.file
		if problem.Line > 0 {
			lines[i] += ":" + strconv.Itoa(problem.Line)
		}
		if problem.Path != "" {
			lines[i] += ": " + problem.Path
		}
		lines[i] += ": " + problem.Text
	}
	return strings.Join(lines, "\n")
}
