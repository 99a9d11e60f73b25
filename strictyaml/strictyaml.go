// Package strictyaml reads YAML into structs and finds all that is wrong with it,
// not only the first thing, each with its line. It is stricter than YAML libraries,
// which take 1.5 for an integer, 0123 for a name, and keys that nobody knows.
//
// Whether the values make sense is left to whoever defines the structs; Place then
// finds the lines of what they object to.
package strictyaml

import (
	"encoding"
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

// A Problem is one thing that is wrong with a document.
type Problem struct {
	Line int    // of the text; 0 where it is about no line
	Path string // of the value: "services[0].name"; "" where it is about no value
	Text string // what is wrong and what to do
}

// A Document is one YAML document, and what was seen while reading it.
type Document struct {
	Problems []Problem           // what is wrong with it
	body     ast.Node            // nil where it is empty, or no YAML
	lines    map[string]int      // where the value at each path is written
	broken   map[string]bool     // the paths of values that could not be read, and of mappings with a key nobody knows
	anchors  map[string]ast.Node // by name
	copied   int                 // values that were read through an alias into an any
}

// Parse returns the documents of text, none of them read yet, leaving out empty
// ones. Text that is not YAML is one document, which has that problem.
func Parse(text []byte) []*Document {
	file, problem := parse(text)
	if problem != nil {
		return []*Document{newDocument(nil, *problem)}
	}
	var documents []*Document
	for _, parsed := range file.Docs {
		if parsed.Body != nil {
			documents = append(documents, newDocument(parsed.Body))
		}
	}
	return documents
}

// parse returns the syntax tree of text, or why there is none.
func parse(text []byte) (file *ast.File, problem *Problem) {
	// The library's parser panics on some texts that are not YAML.
	defer func() {
		if recover() != nil {
			file, problem = nil, &Problem{Text: "not YAML"}
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	var wrong yaml.Error
	switch {
	case errors.As(err, &wrong):
		return nil, &Problem{Line: wrong.GetToken().Position.Line, Text: "not YAML: " + wrong.GetMessage()}
	case err != nil:
		return nil, &Problem{Text: "not YAML: " + err.Error()}
	}
	return file, nil
}

func newDocument(body ast.Node, problems ...Problem) *Document {
	return &Document{Problems: problems, body: body, lines: map[string]int{}, broken: map[string]bool{}, anchors: map[string]ast.Node{}}
}

// Read reads text, which is one YAML mapping, into the struct that target points
// to, whose fields are named by their yaml tags. What text leaves out keeps its
// value.
func Read(text []byte, target any) *Document {
	documents := Parse(text)
	switch len(documents) {
	case 0:
		return newDocument(nil)
	case 1:
		documents[0].Read(target)
		return documents[0]
	default:
		document := newDocument(nil, Problem{Text: fmt.Sprintf("%d YAML documents; one is wanted, without lines of ---", len(documents))})
		document.Read(target)
		return document
	}
}

// Read reads the document into the struct that target points to.
func (d *Document) Read(target any) {
	if d.body != nil {
		d.read(d.body, "", reflect.ValueOf(target).Elem())
	}
	d.broken[""] = d.broken[""] || len(d.lines) == 0 && d.Problems != nil
}

// Line returns the line that the document begins in, 1 where it is no YAML.
func (d *Document) Line() int {
	if d.body == nil {
		return 1
	}
	return lineOf(d.body)
}

// Text returns the text or number at a key of the outermost mapping, "" where there
// is none.
func (d *Document) Text(key string) string {
	mapping, ok := d.body.(ast.MapNode)
	if !ok {
		return ""
	}
	for entries := mapping.MapRange(); entries.Next(); {
		if _, isScalar := entries.Value().(ast.ScalarNode); isScalar && entries.Key().GetToken().Value == key {
			d.lines[key] = lineOf(entries.Key())
			return entries.Value().GetToken().Value
		}
	}
	return ""
}

// LineOf returns the line that the value at path is written in, or what holds it.
func (d *Document) LineOf(path string) int {
	for ; path != ""; path = parent(path) {
		if line, ok := d.lines[path]; ok {
			return line
		}
	}
	return d.Line()
}

// Place gives problems with the values that were read the lines these are
// written in. It leaves out what only follows from a problem of the reading:
// that something is missing whose key was misspelled, for example.
func (d *Document) Place(problems []Problem) []Problem {
	var placed []Problem
	for _, problem := range problems {
		_, isWritten := d.lines[problem.Path]
		if d.broken[problem.Path] || !isWritten && d.broken[parent(problem.Path)] {
			continue
		}
		for path := problem.Path; path != "" && problem.Line == 0; path = parent(path) {
			problem.Line = d.lines[path]
		}
		placed = append(placed, problem)
	}
	return placed
}

// parent returns the path of what holds the value at path.
func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// add says what is wrong with the value at path, which node holds.
func (d *Document) add(node ast.Node, path, format string, args ...any) {
	d.Problems = append(d.Problems, Problem{Line: lineOf(node), Path: path, Text: fmt.Sprintf(format, args...)})
	d.broken[path] = true
}

// read fills target, the value at path, from node. Null leaves it as it is.
func (d *Document) read(node ast.Node, path string, target reflect.Value) {
	switch typed := node.(type) {
	case *ast.AnchorNode:
		d.read(typed.Value, path, target)
		d.anchors[typed.Name.GetToken().Value] = typed.Value
		return
	case *ast.AliasNode:
		name := typed.Value.GetToken().Value
		if anchored, ok := d.anchors[name]; ok {
			d.read(anchored, path, target)
		} else {
			d.add(node, path, "there is no &%s before this *%s", name, name)
		}
		return
	case *ast.NullNode:
		return
	}
	unmarshaler, isUnmarshaler := target.Addr().Interface().(encoding.TextUnmarshaler)
	if _, isMapping := node.(ast.MapNode); isMapping && target.Kind() == reflect.Struct {
		isUnmarshaler = false // its text is a shorthand for its keys and values
	}
	switch {
	case target.Type() == reflect.TypeFor[time.Time]():
		d.readTime(node, path, target)
	case isUnmarshaler:
		d.readText(node, path, unmarshaler)
	case target.Kind() == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		d.read(node, path, target.Elem())
	case target.Kind() == reflect.Struct:
		d.readStruct(node, path, target)
	case target.Kind() == reflect.Slice:
		d.readSlice(node, path, target)
	case target.Kind() == reflect.Map && target.Type().Elem().Kind() != reflect.Interface:
		d.readMapOf(node, path, target)
	case target.Kind() == reflect.Map:
		d.readMap(node, path, target)
	default:
		d.readScalar(node, path, target)
	}
}

func (d *Document) readStruct(node ast.Node, path string, target reflect.Value) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		d.add(node, path, "wants keys and values, not %s", describe(node))
		return
	}
	fields := map[string]int{}
	for i := range target.NumField() {
		name, _, _ := strings.Cut(target.Type().Field(i).Tag.Get("yaml"), ",")
		if name != "-" {
			fields[name] = i
		}
	}
	for entries := mapping.MapRange(); entries.Next(); {
		key := entries.Key().GetToken().Value
		keyPath := strings.TrimPrefix(path+"."+key, ".")
		d.lines[keyPath] = lineOf(entries.Key())
		field, known := fields[key]
		if !known {
			nearest := DidYouMean(key, slices.Sorted(maps.Keys(fields)))
			d.Problems = append(d.Problems, Problem{Line: lineOf(entries.Key()), Text: fmt.Sprintf("unknown key %q%s", key, nearest)})
			d.broken[path] = true
			continue
		}
		d.read(entries.Value(), keyPath, target.Field(field))
	}
}

func (d *Document) readSlice(node ast.Node, path string, target reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.add(node, path, "wants a list, not %s", describe(node))
		return
	}
	target.Set(reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values)))
	for i, value := range sequence.Values {
		valuePath := fmt.Sprintf("%s[%d]", path, i)
		d.lines[valuePath] = lineOf(value)
		d.read(value, valuePath, target.Index(i))
	}
}

// readMap takes keys that nobody need know, with values of any kind.
func (d *Document) readMap(node ast.Node, path string, target reflect.Value) {
	value := d.any(node, path)
	mapping, ok := value.(map[string]any)
	if !ok {
		d.add(node, path, "wants keys and values, not %s", describe(node))
		return
	}
	for key := range mapping {
		keyPath := strings.TrimPrefix(path+"."+key, ".")
		if d.lines[keyPath] == 0 {
			d.lines[keyPath] = lineOf(node)
		}
	}
	target.Set(reflect.ValueOf(mapping))
}

// readMapOf takes keys that nobody need know, with values of one type.
func (d *Document) readMapOf(node ast.Node, path string, target reflect.Value) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		d.add(node, path, "wants keys and values, not %s", describe(node))
		return
	}
	target.Set(reflect.MakeMap(target.Type()))
	for entries := mapping.MapRange(); entries.Next(); {
		key := entries.Key().GetToken().Value
		keyPath := strings.TrimPrefix(path+"."+key, ".")
		d.lines[keyPath] = lineOf(entries.Key())
		value := reflect.New(target.Type().Elem()).Elem()
		d.read(entries.Value(), keyPath, value)
		target.SetMapIndex(reflect.ValueOf(key), value)
	}
}

// most is how many values may be read into an any through aliases, which can name
// aliases that name aliases.
const most = 10_000

// any returns what node holds as JSON would: map[string]any, []any, string, bool,
// a number or nil.
func (d *Document) any(node ast.Node, path string) any {
	switch typed := node.(type) {
	case *ast.AnchorNode:
		value := d.any(typed.Value, path)
		d.anchors[typed.Name.GetToken().Value] = typed.Value
		return value
	case *ast.AliasNode:
		anchored, ok := d.anchors[typed.Value.GetToken().Value]
		if d.copied++; !ok || d.copied > most {
			d.add(node, path, "there is no &%s before this *%[1]s, or there are too many aliases", typed.Value.GetToken().Value)
			return nil
		}
		return d.any(anchored, path)
	case *ast.TagNode:
		return d.any(typed.Value, path)
	case ast.MapNode:
		mapping := map[string]any{}
		for entries := typed.MapRange(); entries.Next(); {
			key := entries.Key().GetToken().Value
			keyPath := strings.TrimPrefix(path+"."+key, ".")
			d.lines[keyPath] = lineOf(entries.Key())
			mapping[key] = d.any(entries.Value(), keyPath)
		}
		return mapping
	case *ast.SequenceNode:
		list := []any{}
		for i, value := range typed.Values {
			list = append(list, d.any(value, fmt.Sprintf("%s[%d]", path, i)))
		}
		return list
	case *ast.LiteralNode:
		return typed.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value
	case ast.ScalarNode:
		return typed.GetValue()
	default:
		return nil
	}
}

// readText takes a scalar that the target itself understands.
func (d *Document) readText(node ast.Node, path string, target encoding.TextUnmarshaler) {
	switch node.(type) {
	case *ast.StringNode, *ast.IntegerNode:
		if err := target.UnmarshalText([]byte(node.GetToken().Value)); err != nil {
			d.add(node, path, "%s", err)
		}
	default:
		d.add(node, path, "wants text, not %s", describe(node))
	}
}

// readTime takes a date, which means its first instant in UTC, or an instant.
func (d *Document) readTime(node ast.Node, path string, target reflect.Value) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if instant, err := time.Parse(layout, node.GetToken().Value); err == nil {
			target.Set(reflect.ValueOf(instant.UTC()))
			return
		}
	}
	d.add(node, path, "wants a date like 2023-01-31 or an instant like 2023-01-31T09:00:00Z, not %s", describe(node))
}

func (d *Document) readScalar(node ast.Node, path string, target reflect.Value) {
	switch target.Kind() {
	case reflect.String:
		switch typed := node.(type) {
		case *ast.StringNode:
			target.SetString(typed.Value)
		case *ast.LiteralNode:
			target.SetString(typed.Value.Value)
		case *ast.MappingNode, *ast.SequenceNode:
			d.add(node, path, "wants text, not %s", describe(node))
		default:
			d.add(node, path, "wants text; put %s in quotes", node.GetToken().Value)
		}
	case reflect.Bool:
		typed, ok := node.(*ast.BoolNode)
		if !ok {
			d.add(node, path, "wants true or false, not %s", describe(node))
			return
		}
		target.SetBool(typed.Value)
	case reflect.Int:
		n, err := strconv.Atoi(node.GetToken().Value)
		if _, isInteger := node.(*ast.IntegerNode); !isInteger || err != nil || n > math.MaxInt32 {
			d.add(node, path, "wants a whole number, not %s", describe(node))
			return
		}
		target.SetInt(int64(n))
	case reflect.Float64:
		n, err := strconv.ParseFloat(node.GetToken().Value, 64)
		_, isInteger := node.(*ast.IntegerNode)
		if _, isFloat := node.(*ast.FloatNode); !isInteger && !isFloat || err != nil {
			d.add(node, path, "wants a number, not %s", describe(node))
			return
		}
		target.SetFloat(n)
	default:
		panic("there is a field of type " + target.Type().String() + ", which nothing reads")
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

// DidYouMean returns a hint with the word nearest to the one written, "" if none
// is near.
func DidYouMean(written string, words []string) string {
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
