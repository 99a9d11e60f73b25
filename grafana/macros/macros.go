// Package macros replaces Grafana's macros in SQL by what a panel shows:
//
//	$__timeFilter(column)           the column is in the panel's range
//	$__timeFrom, $__timeTo          the range's first instant, and the instant after its last
//	$__timeGroup(column, '1 day')   the beginning of the column's day; also 1d, or $__interval
//	$__interval, $__interval_ms     the width of a pixel, as an interval and in milliseconds
//	$__unixEpochFilter(column)      the column, in seconds since 1970, is in the range
//	$__filters                      the query's filters, as metrics and metrics.is_selected take them
//
// It reads SQL token by token: what looks like a macro in a string, a quoted
// name or a comment is left alone, and a bracket there does not end a macro.
// Everything else about SQL is left to the engine.
package macros

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Panel is what the macros stand for.
type Panel struct {
	From     time.Time     // the first instant of the range
	To       time.Time     // the instant after its last
	Interval time.Duration // between two points of a chart

	Filters map[string][]string // the values of each dimension that is restricted
}

// macro is one macro: how many arguments it may have, and what becomes of them.
type macro struct {
	least, most int
	usage       string
	expand      func(panel Panel, arguments []string) (string, error)
}

// names are all macros by name. It is a function because macros hold macros.
func find(name string) (macro, bool) {
	switch name {
	case "$__timeFilter":
		return macro{1, 1, "$__timeFilter(column)", func(panel Panel, arguments []string) (string, error) {
			return fmt.Sprintf("(%s >= %s AND %[1]s < %[3]s)", arguments[0], instant(panel.From), instant(panel.To)), nil
		}}, true
	case "$__timeFrom":
		return macro{0, 0, "$__timeFrom", func(panel Panel, _ []string) (string, error) { return instant(panel.From), nil }}, true
	case "$__timeTo":
		return macro{0, 0, "$__timeTo", func(panel Panel, _ []string) (string, error) { return instant(panel.To), nil }}, true
	case "$__timeGroup":
		return macro{2, 2, "$__timeGroup(column, '1 day')", func(_ Panel, arguments []string) (string, error) {
			width, err := interval(arguments[1])
			return fmt.Sprintf("time_bucket(%s, %s)", width, arguments[0]), err
		}}, true
	case "$__interval":
		return macro{0, 0, "$__interval", func(panel Panel, _ []string) (string, error) {
			return fmt.Sprintf("INTERVAL '%d milliseconds'", milliseconds(panel.Interval)), nil
		}}, true
	case "$__interval_ms":
		return macro{0, 0, "$__interval_ms", func(panel Panel, _ []string) (string, error) {
			return fmt.Sprint(milliseconds(panel.Interval)), nil
		}}, true
	case "$__filters":
		return macro{0, 0, "$__filters", func(panel Panel, _ []string) (string, error) { return filters(panel.Filters), nil }}, true
	case "$__unixEpochFilter":
		return macro{1, 1, "$__unixEpochFilter(column)", func(panel Panel, arguments []string) (string, error) {
			return fmt.Sprintf("(%s >= %d AND %[1]s < %[3]d)", arguments[0], panel.From.Unix(), panel.To.Unix()), nil
		}}, true
	}
	return macro{}, false
}

// filters returns filters as an SQL map of lists.
func filters(values map[string][]string) string {
	var entries []string
	for _, dimension := range slices.Sorted(maps.Keys(values)) {
		var quoted []string
		for _, value := range values[dimension] {
			quoted = append(quoted, literal(value))
		}
		entries = append(entries, literal(dimension)+": ["+strings.Join(quoted, ", ")+"]")
	}
	return "map {" + strings.Join(entries, ", ") + "}"
}

// literal returns text as an SQL string.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Expand returns sql with every macro replaced. An error names the macro and its line.
func Expand(sql string, panel Panel) (string, error) {
	var expanded strings.Builder
	for start := 0; start < len(sql); {
		end, isMacro := token(sql, start)
		if !isMacro {
			expanded.WriteString(sql[start:end])
			start = end
			continue
		}
		name := sql[start:end]
		text, end, err := call(sql, end, name, panel)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", 1+strings.Count(sql[:start], "\n"), err)
		}
		expanded.WriteString(text)
		start = end
	}
	return expanded.String(), nil
}

// call expands the macro whose name ends at start, and returns where its
// arguments end.
func call(sql string, start int, name string, panel Panel) (string, int, error) {
	found, isKnown := find(name)
	if !isKnown {
		return "", 0, fmt.Errorf("%s is no macro; there are $__timeFilter, $__timeFrom, $__timeTo, $__timeGroup, $__interval, $__interval_ms, $__unixEpochFilter and $__filters", name)
	}
	arguments, end, err := arguments(sql, start, found.most == 0)
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", name, err)
	}
	if len(arguments) < found.least || len(arguments) > found.most {
		return "", 0, fmt.Errorf("%s has %d arguments; write %s", name, len(arguments), found.usage)
	}
	for i, argument := range arguments {
		if arguments[i], err = Expand(argument, panel); err != nil {
			return "", 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	text, err := found.expand(panel, arguments)
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", name, err)
	}
	return text, end, nil
}

// arguments splits what is in the brackets that begin at start, and returns
// where they end. Without brackets there are none. A macro that takes nothing
// only has brackets that hold nothing: in "$__timeFrom (1)" they are not its own.
func arguments(sql string, start int, takesNothing bool) ([]string, int, error) {
	open := start
	for open < len(sql) && strings.IndexByte(" \t\r\n", sql[open]) >= 0 {
		open++
	}
	if open == len(sql) || sql[open] != '(' {
		return nil, start, nil
	}
	var found []string
	depth, argument := 0, open+1
	for position := open; position < len(sql); {
		end, _ := token(sql, position)
		switch sql[position:end] {
		case "(", "[", "{":
			depth++
		case ",":
			if depth == 1 {
				found = append(found, strings.TrimSpace(sql[argument:position]))
				argument = end
			}
		case ")", "]", "}":
			depth--
		}
		if depth == 0 {
			last := strings.TrimSpace(sql[argument:position])
			if last != "" || len(found) > 0 {
				found = append(found, last)
			}
			if takesNothing && len(found) > 0 {
				return nil, start, nil
			}
			return found, end, nil
		}
		position = end
	}
	return nil, 0, fmt.Errorf("the bracket is not closed")
}

var (
	duration = regexp.MustCompile(`^(\d+) *(ms|s|m|h|d|w|M|y)$`)
	quantity = regexp.MustCompile(`^\d+ *[a-z]+$`)
)

// units are what Grafana's letters mean; m is a minute and M a month.
var units = map[string]string{
	"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks", "M": "months", "y": "years",
}

// interval returns the SQL of an interval that is written as '1 day', 1d or
// '1d', or is SQL already.
func interval(argument string) (string, error) {
	if strings.HasPrefix(strings.ToUpper(argument), "INTERVAL ") {
		return argument, nil
	}
	text := strings.TrimSpace(strings.Trim(argument, "'"))
	if parts := duration.FindStringSubmatch(text); parts != nil {
		return fmt.Sprintf("INTERVAL '%s %s'", parts[1], units[parts[2]]), nil
	}
	if text = strings.ToLower(text); quantity.MatchString(text) {
		return fmt.Sprintf("INTERVAL '%s'", text), nil
	}
	return "", fmt.Errorf("%s is no width of time; write '1 day', '2 weeks' or $__interval", argument)
}

// instant returns the SQL of an instant. The warehouse's instants are timestamps
// in UTC, without a time zone.
func instant(at time.Time) string {
	return at.UTC().Format("TIMESTAMP '2006-01-02 15:04:05.999999'")
}

// milliseconds returns the width of time in milliseconds, at least 1: nothing
// can be grouped by less.
func milliseconds(width time.Duration) int64 {
	return max(width.Milliseconds(), 1)
}
