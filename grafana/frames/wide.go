package frames

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Wide returns the time series of a frame: rows in the order of time, and of a
// frame with text columns a field for each of their values, which become labels.
// Notices of the frame tell of what a chart cannot show: rows without a time, which
// are left out, and several rows for one point, of which the last counts. A frame
// without a time or without a number is an error that says so.
func Wide(frame *data.Frame) (*data.Frame, error) {
	schema := frame.TimeSeriesSchema()
	if schema.Type == data.TimeSeriesTypeNot {
		return nil, fmt.Errorf("a time series needs a column of times and a column of numbers; there are %s", columns(frame))
	}
	sorted, dropped := sortByTime(frame, schema.TimeIndex)
	if dropped > 0 {
		sorted.AppendNotices(warning("%d rows have no time and are left out.", dropped))
	}
	if doubles := countDoubles(sorted, schema); doubles > 0 {
		sorted.AppendNotices(warning("%d rows have the time and labels of another; the last one of each is drawn. Group by what tells them apart.", doubles))
	}
	if schema.Type == data.TimeSeriesTypeWide {
		return sorted, nil
	}
	if sorted.Rows() == 0 {
		// There is nothing to make labels of, and data.LongToWide refuses.
		sorted.Fields = slices.DeleteFunc(sorted.Fields, func(field *data.Field) bool { return field.Type() == data.FieldTypeNullableString })
		return sorted, nil
	}
	wide, err := data.LongToWide(sorted, nil)
	if err != nil {
		return nil, fmt.Errorf("make time series of the rows: %w", err)
	}
	wide.Meta = sorted.Meta
	return wide, nil
}

func warning(format string, arguments ...any) data.Notice {
	return data.Notice{Severity: data.NoticeSeverityWarning, Text: fmt.Sprintf(format, arguments...)}
}

// columns lists the names and types of a frame.
func columns(frame *data.Frame) string {
	if len(frame.Fields) == 0 {
		return "no columns"
	}
	var names []string
	for _, field := range frame.Fields {
		names = append(names, field.Name+" ("+strings.TrimPrefix(field.Type().ItemTypeString(), "*")+")")
	}
	return strings.Join(names, ", ")
}

// sortByTime returns the rows that have a time in its order, and how many have
// none. Rows of one time stay in their order.
func sortByTime(frame *data.Frame, timeIndex int) (*data.Frame, int) {
	times := make([]time.Time, frame.Rows())
	var rows []int
	for row := range frame.Rows() {
		at, isKnown := frame.Fields[timeIndex].ConcreteAt(row)
		if !isKnown {
			continue
		}
		times[row] = at.(time.Time)
		rows = append(rows, row)
	}
	sort.SliceStable(rows, func(i, j int) bool { return times[rows[i]].Before(times[rows[j]]) })
	sorted := data.NewFrame(frame.Name)
	sorted.Meta = frame.Meta
	for _, field := range frame.Fields {
		copied := data.NewFieldFromFieldType(field.Type(), len(rows))
		copied.Name, copied.Labels, copied.Config = field.Name, field.Labels, field.Config
		for to, from := range rows {
			copied.Set(to, field.At(from))
		}
		sorted.Fields = append(sorted.Fields, copied)
	}
	return sorted, frame.Rows() - len(rows)
}

// countDoubles returns how many rows have the time and the texts of an earlier one.
func countDoubles(frame *data.Frame, schema data.TimeSeriesSchema) int {
	seen := map[string]bool{}
	doubles := 0
	for row := range frame.Rows() {
		at, _ := frame.Fields[schema.TimeIndex].ConcreteAt(row)
		key := at.(time.Time).Format(time.RFC3339Nano)
		for _, index := range schema.FactorIndices {
			text, isKnown := frame.Fields[index].ConcreteAt(row)
			key += fmt.Sprintf("\x00%t%v", isKnown, text)
		}
		if seen[key] {
			doubles++
		}
		seen[key] = true
	}
	return doubles
}
