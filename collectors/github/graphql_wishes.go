package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A wish is what someone wants of GraphQL: fields of a repository or of a node.
// Many are asked for in one query.
type wish struct {
	repository string // owner/name, "" where it is about a node
	node       string // the id of a node, "" where it is about a repository
	fields     string // a list's have %d in place of how many items
	items      int    // how many items of a list
	lists      int    // how many lists there are in fields, not counting those below
	below      int    // how many lists there are in each item
	backfill   bool   // one of very many

	decode func(data json.RawMessage) error // takes the answer
	err    error                            // what came in its place
}

// Limits of a query. GitHub counts the lists that it has to look up, the nested
// ones once for each item asked for, and takes a point for 100 of them, rounded
// to the nearest; and it does not answer what would give more than 500,000
// items. What takes longer than ten seconds is cut off, and so queries are kept
// far smaller.
const (
	maxItems = 2500 // of lists of repositories: 25 full pages
	maxParts = 100  // repositories and groups of nodes; GitHub looks up no more nodes at once either
	// maxLists costs 4 points; maxListsBackfill costs 1, and so less for each
	// of very many.
	maxLists         = 449
	maxListsBackfill = 149
)

// count returns how many items are asked for after shrinking.
func (w *wish) count(shrink int) int { return max(1, w.items>>shrink) }

// weight returns how many lists are looked up for the wish.
func (w *wish) weight(shrink int) int {
	if w.node != "" {
		return w.lists + w.below
	}
	return w.lists + w.below*w.count(shrink)
}

// takePack takes from the queue what one query can ask for, at least one wish.
func takePack(queue []*wish, shrink int) (pack, rest []*wish) {
	items, lists := 0, 0
	for i, next := range queue {
		items += next.count(shrink)
		lists += next.weight(shrink)
		limit := maxLists
		if next.backfill {
			limit = maxListsBackfill
		}
		if i > 0 && (items > maxItems>>shrink || lists > limit>>shrink || i >= maxParts*2>>shrink) {
			return queue[:i], queue[i:]
		}
	}
	return queue, nil
}

// A query asks for a pack of wishes. Those of nodes are grouped by their fields.
type query struct {
	parts  []part
	shrink int
}

// A part is one alias of a query: the wish of a repository, or those of nodes.
type part struct {
	alias  string
	wishes []*wish
}

// newQuery returns the query that asks for a pack.
func newQuery(pack []*wish, shrink int) *query {
	q := &query{shrink: shrink}
	groups := map[string]int{} // the last part with a node's fields
	for _, w := range pack {
		at, ok := groups[w.fields]
		if w.node == "" || !ok || len(q.parts[at].wishes) == maxParts {
			at = len(q.parts)
			q.parts = append(q.parts, part{alias: "a" + strconv.Itoa(at)})
		}
		if w.node != "" {
			groups[w.fields] = at
		}
		q.parts[at].wishes = append(q.parts[at].wishes, w)
	}
	return q
}

// text returns the query as it is sent.
func (q *query) text() string {
	var text strings.Builder
	text.WriteString("query {\n\trateLimit { cost remaining resetAt }\n")
	for _, part := range q.parts {
		first := part.wishes[0]
		if first.node == "" {
			owner, name, _ := strings.Cut(first.repository, "/")
			fields := first.fields
			if strings.Contains(fields, "%d") {
				fields = fmt.Sprintf(fields, first.count(q.shrink))
			}
			fmt.Fprintf(&text, "\t%s: repository(owner: %s, name: %s) { %s }\n", part.alias, quoted(owner), quoted(name), fields)
			continue
		}
		var ids []string
		for _, w := range part.wishes {
			ids = append(ids, quoted(w.node))
		}
		fmt.Fprintf(&text, "\t%s: nodes(ids: [%s]) { %s }\n", part.alias, strings.Join(ids, ", "), first.fields)
	}
	text.WriteString("}\n")
	for _, fragment := range fragments() {
		if strings.Contains(text.String(), "..."+fragment.name+" ") {
			fmt.Fprintf(&text, "fragment %s on %s\n", fragment.name, fragment.body)
		}
	}
	return text.String()
}

// quoted returns a string as GraphQL writes it, which is as JSON does.
func quoted(text string) string {
	written, _ := json.Marshal(text) // a string can always be written
	return string(written)
}

// deliver gives each wish its part of the answer. One part that is missing is not
// the others' loss.
func (q *query) deliver(answer *queryAnswer) {
	for _, part := range q.parts {
		data := answer.Data[part.alias]
		if part.wishes[0].node == "" {
			part.wishes[0].take(data, answer.errorOf(part.alias))
			continue
		}
		var nodes []json.RawMessage
		if err := json.Unmarshal(data, &nodes); err != nil || len(nodes) != len(part.wishes) {
			nodes = make([]json.RawMessage, len(part.wishes))
		}
		for i, w := range part.wishes {
			w.take(nodes[i], answer.errorOf(part.alias, i))
		}
	}
}

// errorOf returns the first error of a part of the answer, nil where all is well.
func (a *queryAnswer) errorOf(path ...any) error {
	for _, failed := range a.Errors {
		if failed.isOf(path...) {
			return failed
		}
	}
	return nil
}

// take gives the wish its answer, or the error in place of it.
func (w *wish) take(data json.RawMessage, err error) {
	switch {
	case err != nil:
		w.err = err
	case len(data) == 0 || string(data) == "null":
		w.err = &queryError{Type: "NOT_FOUND", Message: "there is nothing"}
	default:
		w.err = w.decode(data)
	}
}

// status returns the HTTP status that REST would have given, 0 where it is none.
func (e *queryError) status() int {
	switch e.Type {
	case "NOT_FOUND":
		return http.StatusNotFound
	case "FORBIDDEN":
		return http.StatusForbidden
	}
	return 0
}
