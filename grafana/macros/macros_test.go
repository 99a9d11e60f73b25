package macros

import (
	"strings"
	"testing"
	"time"
)

var panel = Panel{
	From:     time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("CET", 3600)),
	To:       time.Date(2026, 2, 1, 0, 0, 0, 500_000_000, time.UTC),
	Interval: time.Hour,
	Filters:  map[string][]string{"team": {"it's us", "web"}, "environment": {"production"}},
}

const (
	from = "TIMESTAMP '2026-01-01 00:00:00'"
	to   = "TIMESTAMP '2026-02-01 00:00:00.5'"
)

func TestExpand(t *testing.T) {
	inRange := func(column string) string { return "(" + column + " >= " + from + " AND " + column + " < " + to + ")" }
	for _, test := range []struct{ name, sql, want string }{
		{"no macro", "select 1", "select 1"},
		{"filter", "where $__timeFilter(deployed_at)", "where " + inRange("deployed_at")},
		{"filter with space", "where $__timeFilter ( deployed_at )", "where " + inRange("deployed_at")},
		{"filter of a bracket in a string", "$__timeFilter(coalesce(a, ')'))", inRange("coalesce(a, ')')")},
		{"filter of a bracket in a comment", "$__timeFilter(a /* ) */)", inRange("a /* ) */")},
		{"range", "f($__timeFrom, $__timeTo)", "f(" + from + ", " + to + ")"},
		{"range with brackets", "f($__timeFrom(), $__timeTo( ))", "f(" + from + ", " + to + ")"},
		{"brackets that are not the macro's", "$__timeFrom (1)", from + " (1)"},
		{"group", "$__timeGroup(a, '1 day')", "time_bucket(INTERVAL '1 day', a)"},
		{"group by letters", "$__timeGroup(a, 2w)", "time_bucket(INTERVAL '2 weeks', a)"},
		{"group by minutes and months", "$__timeGroup(a, '5m') $__timeGroup(a, '5M')", "time_bucket(INTERVAL '5 minutes', a) time_bucket(INTERVAL '5 months', a)"},
		{"group by the interval", "$__timeGroup(f(a, 1), $__interval)", "time_bucket(INTERVAL '3600000 milliseconds', f(a, 1))"},
		{"group by SQL", "$__timeGroup(a, interval 3 hour)", "time_bucket(interval 3 hour, a)"},
		{"group of a list", "$__timeGroup([a, b][1], '1 day')", "time_bucket(INTERVAL '1 day', [a, b][1])"},
		{"interval", "$__interval $__interval_ms", "INTERVAL '3600000 milliseconds' 3600000"},
		{"epoch", "$__unixEpochFilter(a)", "(a >= 1767225600 AND a < 1769904000)"},
		{"filters", "is_selected($__filters, a)", "is_selected(map {'environment': ['production'], 'team': ['it''s us', 'web']}, a)"},
		{"a string", "select '$__timeFrom', 'it''s $__timeFrom'", "select '$__timeFrom', 'it''s $__timeFrom'"},
		{"a string with escapes", `select E'\' $__timeFrom'`, `select E'\' $__timeFrom'`},
		{"a string that ends with a backslash", `select '\' || $__interval_ms`, `select '\' || 3600000`},
		{"a quoted name", `select "$__timeFrom"`, `select "$__timeFrom"`},
		{"a string in dollars", "select $$ $__timeFrom $$, $a$ $$ $__timeFrom $a$", "select $$ $__timeFrom $$, $a$ $$ $__timeFrom $a$"},
		{"a tag like a macro", "select $__a$ $__timeFrom $__a$", "select $__a$ $__timeFrom $__a$"},
		{"a line comment", "select 1 -- $__nothing(\n, $__interval_ms", "select 1 -- $__nothing(\n, 3600000"},
		{"a block comment", "/* $__nothing( /* ' */ */ $__interval_ms", "/* $__nothing( /* ' */ */ 3600000"},
		{"a parameter", "select $1, $name", "select $1, $name"},
		{"a word with dollars", "select a$__timeFrom", "select a$__timeFrom"},
		{"not closed", "select '$__timeFrom", "select '$__timeFrom"},
		{"letters of the world", "select 'ä' as größe, $__interval_ms", "select 'ä' as größe, 3600000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Expand(test.sql, panel)
			if err != nil || got != test.want {
				t.Errorf("%q (%v)\nwant %q", got, err, test.want)
			}
		})
	}
}

func TestExpandMistakes(t *testing.T) {
	for _, test := range []struct{ sql, want string }{
		{"select 1,\n$__timefilter(a)", "line 2: $__timefilter is no macro"},
		{"$__timeFilter", "$__timeFilter has 0 arguments; write $__timeFilter(column)"},
		{"$__timeFilter()", "has 0 arguments"},
		{"$__timeFilter(a, b)", "has 2 arguments"},
		{"$__timeGroup(a)", "$__timeGroup has 1 arguments; write $__timeGroup(column, '1 day')"},
		{"$__timeGroup(a, b)", "b is no width of time"},
		{"$__timeGroup(a, '1 day'' or true')", "is no width of time"},
		{"$__timeFilter(a", "$__timeFilter: the bracket is not closed"},
		{"$__timeFilter($__nothing)", "$__nothing is no macro"},
	} {
		if got, err := Expand(test.sql, panel); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %q (%v)\nwant an error with %q", test.sql, got, err, test.want)
		}
	}
}

func TestIntervalIsNeverNothing(t *testing.T) {
	if got, err := Expand("$__interval_ms", Panel{}); err != nil || got != "1" {
		t.Errorf("%q (%v)", got, err)
	}
}

// FuzzExpand holds two things: SQL without macros stays as it is, and what was
// expanded has no macro left.
func FuzzExpand(f *testing.F) {
	for _, sql := range []string{
		"select $__timeGroup(a, '1 day') where $__timeFilter(coalesce(a, ')'))", "'$__timeFrom' /* /* */ $__interval */ --\n$__interval_ms",
		"E'\\'' $a$ $__timeTo $a$ $1", "$__timeFilter([{(\"\")}])", "ä$__b$", "$__timeFrom(", "$__timeFilter($__timeFrom)",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		hasMacros := false
		for start := 0; start < len(sql); {
			end, isMacro := token(sql, start)
			if end <= start || end > len(sql) {
				t.Fatalf("the token at %d of %q ends at %d", start, sql, end)
			}
			hasMacros = hasMacros || isMacro
			start = end
		}
		expanded, err := Expand(sql, panel)
		if !hasMacros && (err != nil || expanded != sql) {
			t.Errorf("%q became %q (%v)", sql, expanded, err)
		}
		if err != nil {
			return
		}
		if again, err := Expand(expanded, panel); err != nil || again != expanded {
			t.Errorf("%q became %q, then %q (%v)", sql, expanded, again, err)
		}
	})
}
