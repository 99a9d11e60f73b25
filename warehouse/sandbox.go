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
	tables, err := references(parsed) // finds too what does not parse
	if err != nil {
		return err
	}
	for _, table := range tables {
		if !slices.Contains(schemas, table.Schema) {
			name := strings.TrimPrefix(table.Schema+"."+table.Name, ".")
			return fmt.Errorf("it reads %s; it may read only tables of %s, named with their schema", name, strings.Join(schemas, " and "))
		}
	}
	var tree any
	if err := json.Unmarshal([]byte(parsed), &tree); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	return checkNodes(tree)
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
		`uuid.*|gen_random_uuid|nextval|currval|getenv|getvariable|version|pg_.*|txid_current|write_log|query.*|read_.*|in_search_path)$`)
	// plainName is the name of a table that cannot be that of a file.
	plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// checkNodes returns an error for the first node of a syntax tree that may not be
// there.
func checkNodes(node any) error {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			if err := checkNodes(child); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := checkNode(node); err != nil {
			return err
		}
		for _, child := range node {
			if err := checkNodes(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNode(node map[string]any) error {
	text := func(key string) string {
		value, _ := node[key].(string)
		return value
	}
	_, isTable := node["sample"] // of all that stands behind from, and of nothing else
	_, isSelect := node["select_list"]
	kind := text("type")
	switch {
	case isTable && !isSelect && !slices.Contains(tableKinds, kind):
		return fmt.Errorf("it reads a %s, which is not a table", strings.ToLower(kind))
	case node["sample"] != nil:
		return errors.New("it takes a sample, which is another each time")
	case kind == "BASE_TABLE" && (text("catalog_name") != "" || !plainName.MatchString(text("table_name"))):
		return fmt.Errorf("it reads %q, which is not a table of the warehouse", cmp.Or(text("catalog_name"), text("table_name")))
	case kind == "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		if name, _ := function["function_name"].(string); !slices.Contains(tableFunctions, name) {
			return fmt.Errorf("it reads from the function %s; only %s may be read from", name, strings.Join(tableFunctions, ", "))
		}
	case kind == "FUNCTION" && otherwise.MatchString(strings.ToLower(text("function_name"))):
		return fmt.Errorf("it calls %s, whose value is another each time; the build's time is core.snapshot.as_of", text("function_name"))
	case kind == "COLUMN_REF":
		names, _ := node["column_names"].([]any)
		if name, _ := names[len(names)-1].(string); len(names) == 1 && otherwise.MatchString(strings.ToLower(name)) {
			return fmt.Errorf("it reads %s, whose value is another each time; the build's time is core.snapshot.as_of", name)
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
	before, err := d.memoryLimit(ctx)
	if err != nil {
		return err
	}
	if err := d.Exec(ctx, "set memory_limit = "+literal(limits.Memory)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Exec(ctx, "set memory_limit = "+literal(before))) }()
	err = d.Exec(limited, statement, args...)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("it took longer than %s", limits.Time)
	}
	return err
}
