package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A Problem is one thing that is wrong with a configuration.
type Problem struct {
	Line int    // of the file; 0 where it is about no line
	Path string // of the value: "services[0].name"; "" where it is about no value
	Text string // what is wrong and what to do
}

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

// A yamlReader fills a struct from a file, and remembers what it saw.
type yamlReader struct {
	problems []Problem
	lines    map[string]int      // where the value at each path is written
	broken   map[string]bool     // the paths of values that could not be read, and of mappings with a key nobody knows
	anchors  map[string]ast.Node // by name
}

// readYAML reads text, one YAML mapping, into the struct that target points to,
// whose fields are named by their yaml tags. What text leaves out keeps its
// value. It finds all that is wrong, not only the first thing, and is stricter
// than YAML libraries, which take 1.5 for an integer and 0123 for a name.
func readYAML(text []byte, target any) *yamlReader {
	r := &yamlReader{lines: map[string]int{}, broken: map[string]bool{}, anchors: map[string]ast.Node{}}
	file, err := parser.ParseBytes(text, 0)
	var wrong yaml.Error
	switch {
	case errors.As(err, &wrong):
		r.problems = []Problem{{Line: wrong.GetToken().Position.Line, Text: "not YAML: " + wrong.GetMessage()}}
	case err != nil:
		r.problems = []Problem{{Text: "not YAML: " + err.Error()}}
	case len(file.Docs) > 1:
		r.problems = []Problem{{Text: fmt.Sprintf("%d YAML documents; one is wanted, without lines of ---", len(file.Docs))}}
	case len(file.Docs) == 1 && file.Docs[0].Body != nil:
		r.read(file.Docs[0].Body, "", reflect.ValueOf(target).Elem())
	}
	r.broken[""] = r.broken[""] || len(r.lines) == 0 && r.problems != nil
	return r
}

// place gives problems with the values that were read the lines these are
// written in. It leaves out what only follows from a problem of the reading:
// that something is missing whose key was misspelled, for example.
func (r *yamlReader) place(problems []Problem) []Problem {
	var placed []Problem
	for _, problem := range problems {
		_, isWritten := r.lines[problem.Path]
		if r.broken[problem.Path] || !isWritten && r.broken[parent(problem.Path)] {
			continue
		}
		for path := problem.Path; path != "" && problem.Line == 0; path = parent(path) {
			problem.Line = r.lines[path]
		}
		placed = append(placed, problem)
	}
	return placed
}

// parent returns the path of what holds the value at path.
func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// add says what is wrong with the value at path, which node holds.
func (r *yamlReader) add(node ast.Node, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{Line: lineOf(node), Path: path, Text: fmt.Sprintf(format, args...)})
	r.broken[path] = true
}

// read fills target, the value at path, from node. Null leaves it as it is.
func (r *yamlReader) read(node ast.Node, path string, target reflect.Value) {
	switch typed := node.(type) {
	case *ast.AnchorNode:
		r.read(typed.Value, path, target)
		r.anchors[typed.Name.GetToken().Value] = typed.Value
		return
	case *ast.AliasNode:
		name := typed.Value.GetToken().Value
		if anchored, ok := r.anchors[name]; ok {
			r.read(anchored, path, target)
		} else {
			r.add(node, path, "there is no &%s before this *%s", name, name)
		}
		return
	case *ast.NullNode:
		return
	}
	switch {
	case target.Type() == reflect.TypeFor[time.Time]():
		r.readTime(node, path, target)
	case target.Kind() == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		r.read(node, path, target.Elem())
	case target.Kind() == reflect.Struct:
		r.readStruct(node, path, target)
	case target.Kind() == reflect.Slice:
		r.readSlice(node, path, target)
	default:
		r.readScalar(node, path, target)
	}
}

func (r *yamlReader) readStruct(node ast.Node, path string, target reflect.Value) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		r.add(node, path, "wants keys and values, not %s", describe(node))
		return
	}
	fields := map[string]int{}
	for i := range target.NumField() {
		name, _, _ := strings.Cut(target.Type().Field(i).Tag.Get("yaml"), ",")
		fields[name] = i
	}
	for entries := mapping.MapRange(); entries.Next(); {
		key := entries.Key().GetToken().Value
		keyPath := strings.TrimPrefix(path+"."+key, ".")
		r.lines[keyPath] = lineOf(entries.Key())
		field, known := fields[key]
		if !known {
			nearest := didYouMean(key, slices.Sorted(maps.Keys(fields)))
			r.problems = append(r.problems, Problem{Line: lineOf(entries.Key()), Text: fmt.Sprintf("unknown key %q%s", key, nearest)})
			r.broken[path] = true
			continue
		}
		r.read(entries.Value(), keyPath, target.Field(field))
	}
}

func (r *yamlReader) readSlice(node ast.Node, path string, target reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.add(node, path, "wants a list, not %s", describe(node))
		return
	}
	target.Set(reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values)))
	for i, value := range sequence.Values {
		valuePath := fmt.Sprintf("%s[%d]", path, i)
		r.lines[valuePath] = lineOf(value)
		r.read(value, valuePath, target.Index(i))
	}
}

// readTime takes a date, which means its first instant in UTC, or an instant.
func (r *yamlReader) readTime(node ast.Node, path string, target reflect.Value) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if instant, err := time.Parse(layout, node.GetToken().Value); err == nil {
			target.Set(reflect.ValueOf(instant.UTC()))
			return
		}
	}
	r.add(node, path, "wants a date like 2023-01-31 or an instant like 2023-01-31T09:00:00Z, not %s", describe(node))
}

func (r *yamlReader) readScalar(node ast.Node, path string, target reflect.Value) {
	switch target.Kind() {
	case reflect.String:
		switch typed := node.(type) {
		case *ast.StringNode:
			target.SetString(typed.Value)
		case *ast.LiteralNode:
			target.SetString(typed.Value.Value)
		case *ast.MappingNode, *ast.SequenceNode:
			r.add(node, path, "wants text, not %s", describe(node))
		default:
			r.add(node, path, "wants text; put %s in quotes", node.GetToken().Value)
		}
	case reflect.Bool:
		typed, ok := node.(*ast.BoolNode)
		if !ok {
			r.add(node, path, "wants true or false, not %s", describe(node))
			return
		}
		target.SetBool(typed.Value)
	case reflect.Int:
		n, err := strconv.Atoi(node.GetToken().Value)
		if _, isInteger := node.(*ast.IntegerNode); !isInteger || err != nil || n > math.MaxInt32 {
			r.add(node, path, "wants a whole number, not %s", describe(node))
			return
		}
		target.SetInt(int64(n))
	default:
		panic("the configuration has a field of type " + target.Type().String() + ", which nothing reads")
	}
}

// describe says what a node holds.
func describe(node ast.Node) string {
	switch typed := node.(type) {
	case ast.MapNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return strconv.Quote(typed.Value)
	case *ast.LiteralNode:
		return strconv.Quote(typed.Value.Value)
	default:
		return node.GetToken().Value
	}
}

// lineOf returns the line that a node begins in.
func lineOf(node ast.Node) int { return node.GetToken().Position.Line }

// didYouMean returns a hint with the word nearest to the one written, "" if none
// is near.
func didYouMean(written string, words []string) string {
	nearest, distance := "", len(written)/3+2
	for _, word := range words {
		d := levenshtein.Distance(written, word, nil)
		if len(written) > 2 && strings.HasPrefix(word, written) {
			d = 1
		}
		if d < distance {
			nearest, distance = word, d
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", nearest)
}
