package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// A graphError is an error of a GraphQL query or of a part of it.
type graphError struct {
	Type    string `json:"type,omitempty"`
	Path    []any  `json:"path,omitempty"`
	Message string `json:"message"`
}

// Error says what went wrong.
func (e *graphError) Error() string { return e.Message }

// An object is what a query asks fields of.
type object interface {
	// is reports whether it has a type, or a type that stands for it.
	is(kind string) bool
	// field returns the value of one: an object, a list of objects, a
	// connection, or a value that becomes JSON. isKnown says whether there is
	// such a field.
	field(name string, arguments map[string]any) (value any, isKnown bool)
}

// A connection is a list that is asked for in pages.
type connection struct {
	count int
	key   func(i int) string // by which the list is sorted
	item  func(i int) object
	// isOffset says that cursors count, which is so for lists that never
	// change. Others name the item that a page begins after.
	isOffset bool
	isRising bool // as key is; else falling
}

// An execution is a query that is being answered.
type execution struct {
	document  *ast.QueryDocument
	variables map[string]any
	nodes     int // that the query may give, as GitHub counts them
	lookups   int // connections that have to be looked up for that
	errors    []*graphError
}

// cost returns what the query costs: a point for 100 connections, rounded to the
// nearest, but at least one.
func (e *execution) cost() int { return max(1, (e.lookups+50)/100) }

const (
	maxFirst = 100     // items of a connection
	maxNodes = 500_000 // of a query
)

// graphQL answers a query. Its errors are answers too.
func (s *server) graphQL(r *request) (any, error) {
	if r.Method != http.MethodPost {
		return nil, notFound()
	}
	var sent struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, &failure{status: http.StatusBadRequest, message: "Problems parsing JSON"}
	}
	document, err := parser.ParseQuery(&ast.Source{Input: sent.Query})
	if err != nil {
		return graphErrors(&graphError{Message: err.Error()}), nil
	}
	if len(document.Operations) != 1 || document.Operations[0].Operation != ast.Query {
		return graphErrors(&graphError{Message: "There must be one operation, a query."}), nil
	}
	e := &execution{document: document, variables: sent.Variables}
	set := document.Operations[0].SelectionSet
	if failed := e.measure(set, 1); failed != nil {
		return graphErrors(failed), nil
	}
	if e.nodes > maxNodes {
		return graphErrors(&graphError{Type: "MAX_NODE_LIMIT_EXCEEDED",
			Message: fmt.Sprintf("By the time this query traverses to its deepest connection, it is requesting up to %d possible nodes which exceeds the maximum limit of %d.", e.nodes, maxNodes)}), nil
	}
	if s.options.Faults.MaxNodes > 0 && e.nodes > s.options.Faults.MaxNodes {
		return nil, &failure{status: http.StatusBadGateway, message: "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and contact us if the problem persists."}
	}
	if s.points.isSpent(s.options.Clock()) {
		r.quota = &s.points
		return graphErrors(&graphError{Type: "RATE_LIMITED", Message: "API rate limit exceeded for user ID 1."}), nil
	}
	s.points.use(e.cost())
	r.quota = &s.points
	data, failed := e.selected(query{s, r, e}, set, nil)
	if failed != nil {
		return graphErrors(failed), nil
	}
	answer := map[string]any{"data": data}
	if len(e.errors) > 0 {
		answer["errors"] = e.errors
	}
	return answer, nil
}

// graphErrors is the answer to a query that is wrong as a whole.
func graphErrors(failed *graphError) any {
	return map[string]any{"errors": []*graphError{failed}}
}

// measure counts the nodes and connections that a selection may give times times,
// taking each page to be full. A connection of which only the count is wanted needs
// no size, and is not counted.
func (e *execution) measure(set ast.SelectionSet, times int) *graphError {
	for _, selection := range set {
		var below ast.SelectionSet
		each := times
		switch selection := selection.(type) {
		case *ast.FragmentSpread:
			fragment := e.document.Fragments.ForName(selection.Name)
			if fragment == nil {
				return &graphError{Message: "Fragment " + selection.Name + " was used, but not defined"}
			}
			below = fragment.SelectionSet
		case *ast.InlineFragment:
			below = selection.SelectionSet
		case *ast.Field:
			below = selection.SelectionSet
			arguments := e.arguments(selection)
			first, isPaged := arguments["first"].(int64)
			if isPaged && (first < 1 || first > maxFirst) {
				return &graphError{Type: "EXCESSIVE_PAGINATION", Message: fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `first` limit of %d records.", first, selection.Name, maxFirst)}
			}
			if isPaged {
				e.lookups += times
				each = times * int(first)
				e.nodes += each
			}
			if ids, ok := arguments["ids"].([]any); ok {
				if len(ids) > maxFirst {
					return &graphError{Type: "ARGUMENT_LIMIT", Message: fmt.Sprintf("You may not provide more than %d node ids; you provided %d.", maxFirst, len(ids))}
				}
				each = times * len(ids)
				e.nodes += each
			}
			if !isPaged && selects(below, "nodes") {
				return &graphError{Type: "MISSING_PAGINATION_BOUNDARIES", Message: fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", selection.Name)}
			}
		}
		if failed := e.measure(below, each); failed != nil {
			return failed
		}
	}
	return nil
}

// selects says whether a field is part of a selection itself.
func selects(set ast.SelectionSet, name string) bool {
	return slices.ContainsFunc(set, func(selection ast.Selection) bool {
		field, ok := selection.(*ast.Field)
		return ok && field.Name == name
	})
}

// arguments returns the arguments of a field.
func (e *execution) arguments(field *ast.Field) map[string]any {
	arguments := map[string]any{}
	for _, argument := range field.Arguments {
		if value, err := argument.Value.Value(e.variables); err == nil {
			arguments[argument.Name] = value
		}
	}
	return arguments
}

// selected returns what a selection wants of an object.
func (e *execution) selected(from object, set ast.SelectionSet, path []any) (map[string]any, *graphError) {
	found := map[string]any{}
	for _, selection := range set {
		var part map[string]any
		var failed *graphError
		switch selection := selection.(type) {
		case *ast.FragmentSpread:
			fragment := e.document.Fragments.ForName(selection.Name)
			if from.is(fragment.TypeCondition) {
				part, failed = e.selected(from, fragment.SelectionSet, path)
			}
		case *ast.InlineFragment:
			if selection.TypeCondition == "" || from.is(selection.TypeCondition) {
				part, failed = e.selected(from, selection.SelectionSet, path)
			}
		case *ast.Field:
			var value any
			value, failed = e.value(from, selection, append(slices.Clone(path), selection.Alias))
			part = map[string]any{selection.Alias: value}
		}
		if failed != nil {
			return nil, failed
		}
		for name, value := range part {
			if both, ok := value.(map[string]any); ok && found[name] != nil {
				for name, value := range both { // the same field from two fragments
					found[name].(map[string]any)[name] = value
				}
				continue
			}
			found[name] = value
		}
	}
	return found, nil
}

// value returns the value of a field.
func (e *execution) value(from object, field *ast.Field, path []any) (any, *graphError) {
	arguments := e.arguments(field)
	value, isKnown := from.field(field.Name, arguments)
	if !isKnown {
		return nil, &graphError{Path: path, Message: fmt.Sprintf("Field '%s' doesn't exist here", field.Name)}
	}
	switch value := value.(type) {
	case *graphError:
		value.Path = path
		e.errors = append(e.errors, value)
		return nil, nil
	case connection:
		return e.page(value, field, arguments, path)
	case []object:
		return e.list(value, field, path)
	case object:
		return e.selected(value, field.SelectionSet, path)
	}
	return value, nil
}

// list returns what a field wants of each of some objects; those that are not there
// are errors.
func (e *execution) list(objects []object, field *ast.Field, path []any) (any, *graphError) {
	list := make([]any, len(objects))
	for i, one := range objects {
		at := append(slices.Clone(path), i)
		if one == nil {
			e.errors = append(e.errors, &graphError{Type: "NOT_FOUND", Path: at, Message: "Could not resolve to a node with the global id."})
			continue
		}
		found, failed := e.selected(one, field.SelectionSet, at)
		if failed != nil {
			return nil, failed
		}
		list[i] = found
	}
	return list, nil
}

// page returns the page of a connection.
func (e *execution) page(list connection, field *ast.Field, arguments map[string]any, path []any) (any, *graphError) {
	begin := 0
	if after, _ := arguments["after"].(string); after != "" {
		begin = list.after(after)
	}
	first, _ := arguments["first"].(int64)
	end := min(begin+int(first), list.count)
	page := map[string]any{}
	for _, selection := range field.SelectionSet {
		wanted, ok := selection.(*ast.Field)
		if !ok {
			return nil, &graphError{Path: path, Message: "Fragments of connections are not simulated"}
		}
		switch wanted.Name {
		case "totalCount":
			page[wanted.Alias] = list.count
		case "pageInfo":
			info := map[string]any{"hasNextPage": end < list.count, "endCursor": nil}
			if end > begin {
				info["endCursor"] = list.cursor(end - 1)
			}
			page[wanted.Alias] = info
		case "edges":
			edges := []any{}
			for i := begin; i < end; i++ {
				edges = append(edges, map[string]any{"cursor": list.cursor(i)})
			}
			page[wanted.Alias] = edges
		case "nodes":
			objects := []object{}
			for i := begin; i < end; i++ {
				objects = append(objects, list.item(i))
			}
			nodes, failed := e.list(objects, wanted, append(slices.Clone(path), wanted.Alias))
			if failed != nil {
				return nil, failed
			}
			page[wanted.Alias] = nodes
		default:
			return nil, &graphError{Path: path, Message: fmt.Sprintf("Field '%s' doesn't exist on a connection", wanted.Name)}
		}
	}
	return page, nil
}

// cursor returns the cursor of an item.
func (c connection) cursor(i int) string {
	if c.isOffset {
		return fmt.Sprintf("%s %d", c.key(i), i)
	}
	return "v2:" + c.key(i)
}

// after returns where the page after a cursor begins.
func (c connection) after(cursor string) int {
	if c.isOffset {
		var oid string
		offset := 0
		if _, err := fmt.Sscan(cursor, &oid, &offset); err != nil {
			return c.count
		}
		return offset + 1
	}
	key := strings.TrimPrefix(cursor, "v2:")
	for i := range c.count {
		order := cmp.Compare(c.key(i), key)
		if c.isRising && order > 0 || !c.isRising && order < 0 {
			return i
		}
	}
	return c.count
}

// ordered returns a key of what is sorted by time and, within a second, by id.
func ordered(t time.Time, id int64) string {
	return fmt.Sprintf("%s %020d", t.UTC().Format(time.RFC3339), id)
}

// when returns a time as GraphQL gives it, nil for none.
func when(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
