package warehouse

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// CheckQuery returns an error unless query is one SELECT that reads nothing but
// tables of the schemas, and whose result depends on them alone: it names no file,
// no function that reads one, no other database, no clock and no random number. It
// is for queries of others than the models; nothing is run.
func (d *Database) CheckQuery(ctx context.Context, query string, schemas ...string) error {
	var parsed string
	err := d.conn.QueryRowContext(ctx, "select json_serialize_sql(?::varchar)::varchar", query).Scan(&parsed)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	return queryRules{schemas: schemas}.check(parsed)
}

// queryRules say what a query may read and call.
type queryRules struct {
	schemas      []string // whose tables and macros it may read
	isAdHoc      bool     // somebody asks it: its result may be another each time, and nothing of it may use any amount of memory at once
	isRepeatable *bool    // of an ad-hoc query: set to false where its result may be another each time
}

// A placedError is about a place in a query.
type placedError struct {
	error
	offset int // in bytes
}

// Unwrap returns the error without the place.
func (e *placedError) Unwrap() error { return e.error }

// check returns an error for the first thing in a syntax tree that the rules do not
// allow.
func (r queryRules) check(parsed string) error {
	tables, err := references(parsed)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if !slices.Contains(r.schemas, table.Schema) {
			name := strings.TrimPrefix(table.Schema+"."+table.Name, ".")
			return fmt.Errorf("it reads %s; it may read only tables of %s, named with their schema", name, strings.Join(r.schemas, " and "))
		}
	}
	return r.checkNodes(parsed)
}

// checkNodes is check for all but the tables' schemas.
func (r queryRules) checkNodes(parsed string) error {
	var tree any
	if err := json.Unmarshal([]byte(parsed), &tree); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	return r.walk(tree)
}

var (
	// tableKinds are what may stand behind from: what does not is a table of the
	// catalog, a setting, or something that is not known yet.
	tableKinds = []string{"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "CTE", "COLUMN_DATA"}
	// tableFunctions may stand there; others read files, settings or run SQL.
	tableFunctions = []string{"unnest", "generate_series", "range"}
	// otherwise are functions whose value is another each time, or depends on the
	// machine.
	otherwise = regexp.MustCompile(`^(now|get_current_.*|current_.*|transaction_timestamp|today|localtime|localtimestamp|random|setseed|` +
		`uuid.*|gen_random_uuid|nextval|currval|getenv|getvariable|version|sleep_ms|pg_.*|txid_current|write_log|query.*|read_.*|in_search_path)$`)
	// clocks are those of them that say nothing of the machine.
	clocks = regexp.MustCompile(`^(now|get_current_.*|current_date|current_time|current_timestamp|current_localtime|current_localtimestamp|` +
		`transaction_timestamp|today|localtime|localtimestamp|random|uuid|uuidv[47]|gen_random_uuid)$`)
	// unbounded are functions of which one call can take any amount of memory or time,
	// which DuckDB neither counts nor interrupts: repeat('x', 4000000000).
	unbounded = regexp.MustCompile(`^(repeat|lpad|rpad|range|generate_series|list_resize|array_resize|printf|format|bar|bitstring|to_base|sleep_ms|` +
		`levenshtein|editdist3|damerau_levenshtein|jaro_similarity|jaro_winkler_similarity|json_serialize_plan)$`)
	// reserved are names of views that can be read without a schema.
	reserved = regexp.MustCompile(`(?i)^(duckdb|pg|sqlite|pragma)_`)
	// plainName is the name of a table that cannot be that of a file.
	plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// walk returns an error for the first node of a syntax tree that may not be there,
// with its place where that is known.
func (r queryRules) walk(node any) error {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			if err := r.walk(child); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := r.checkNode(node); err != nil {
			if offset, isKnown := node["query_location"].(float64); isKnown {
				return &placedError{err, int(offset)}
			}
			return err
		}
		for _, child := range node {
			if err := r.walk(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r queryRules) checkNode(node map[string]any) error {
	text := func(key string) string {
		value, _ := node[key].(string)
		return value
	}
	_, isTable := node["sample"] // of all that stands behind from, and of nothing else
	_, isSelect := node["select_list"]
	kind := text("type")
	switch {
	case kind == "SHOW_REF" && r.isAdHoc:
		return r.checkShow(node)
	case isTable && !isSelect && !slices.Contains(tableKinds, kind):
		return fmt.Errorf("it reads a %s, which is not a table", strings.ToLower(kind))
	case node["sample"] != nil:
		return r.varies(errors.New("it takes a sample, which is another each time"))
	case kind == "BASE_TABLE" && (text("catalog_name") != "" || !plainName.MatchString(text("table_name"))):
		return fmt.Errorf("it reads %q, which is not a table of the warehouse", cmp.Or(text("catalog_name"), text("table_name")))
	case text("class") == "PARAMETER":
		return errors.New("it has a parameter, and nothing says what that is")
	case kind == "TABLE_FUNCTION":
		return r.checkTableFunction(node)
	case kind == "FUNCTION":
		return r.checkFunction(strings.ToLower(text("function_name")))
	case kind == "COLUMN_REF":
		names, _ := node["column_names"].([]any)
		if name, _ := names[len(names)-1].(string); len(names) == 1 && otherwise.MatchString(strings.ToLower(name)) {
			return r.varies(fmt.Errorf("it reads %s, whose value is another each time; the build's time is core.snapshot.as_of", name))
		}
	}
	return r.checkNames(node)
}

// checkShow returns an error where what is shown is not a query, which walk comes to, or
// the names in a schema that may be read: settings and databases are shown too.
func (r queryRules) checkShow(node map[string]any) error {
	schema, _ := node["schema_name"].(string)
	switch {
	case node["query"] != nil && slices.Contains([]any{"DESCRIBE", "SUMMARY"}, node["show_type"]):
		return nil
	case node["show_type"] == "SHOW_FROM" && node["catalog_name"] == "" && slices.Contains(r.schemas, schema):
		return nil
	}
	return fmt.Errorf("only tables and queries can be shown: describe core.services, show tables, show tables from one of %s", strings.Join(r.schemas, ", "))
}

// checkTableFunction returns an error where a function behind from may not be there.
func (r queryRules) checkTableFunction(node map[string]any) error {
	function, _ := node["function"].(map[string]any)
	name, _ := function["function_name"].(string)
	schema, _ := function["schema"].(string)
	catalog, _ := function["catalog"].(string)
	isMacro := schema == "metrics" && catalog == "" && slices.Contains(r.schemas, schema)
	if !isMacro && !slices.Contains(tableFunctions, name) {
		return fmt.Errorf("it reads from the function %s; only %s may be read from", name, strings.Join(tableFunctions, ", "))
	}
	function["function_name"] = "" // walk comes to it as to one that is called
	return nil
}

// checkFunction returns an error where a function may not be called.
func (r queryRules) checkFunction(name string) error {
	switch {
	case !r.isAdHoc && otherwise.MatchString(name):
		return fmt.Errorf("it calls %s, whose value is another each time; the build's time is core.snapshot.as_of", name)
	case r.isAdHoc && unbounded.MatchString(name):
		return fmt.Errorf("it calls %s, which can use any amount of memory or time at once", name)
	case r.isAdHoc && clocks.MatchString(name):
		return r.varies(nil)
	case r.isAdHoc && otherwise.MatchString(name):
		return fmt.Errorf("it calls %s, which is about the server and not about the snapshot", name)
	}
	return nil
}

// varies notes that the result may be another each time, or returns err where it
// may not.
func (r queryRules) varies(err error) error {
	if !r.isAdHoc {
		return err
	}
	*r.isRepeatable = false
	return nil
}

// checkNames returns an error where a node defines a table under the name of one of
// DuckDB's own, which could then be read where the definition does not reach.
func (r queryRules) checkNames(node map[string]any) error {
	common, _ := node["cte_map"].(map[string]any)
	entries, _ := common["map"].([]any)
	for _, entry := range entries {
		named, _ := entry.(map[string]any)
		if name, _ := named["key"].(string); reserved.MatchString(name) {
			return fmt.Errorf("it defines %s, which is a name of DuckDB's own", name)
		}
	}
	return nil
}

// Limits say how much a statement may use.
type Limits struct {
	Time   time.Duration
	Memory string // such as 1GB
}

// ExecLimited runs a statement that may use only so much. An error leaves nothing
// of what it did behind, and the database as it was.
func (d *Database) ExecLimited(ctx context.Context, limits Limits, statement string, args ...any) (err error) {
	limited, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	if err := d.Exec(ctx, "set memory_limit = "+literal(limits.Memory)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.restoreMemory(ctx)) }()
	err = d.Exec(limited, statement, args...)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("it took longer than %s", limits.Time)
	}
	return err
}
