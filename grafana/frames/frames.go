// Package frames turns the server's Arrow streams into Grafana's data frames.
//
// The SDK has such a conversion; it reads every timestamp as nanoseconds and
// refuses dates, decimals, intervals, lists and structs, which DuckDB sends.
// What a frame means, its units and its shape on a panel, is left to the caller.
package frames

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// FromArrow reads an Arrow stream and returns its first limit rows as a frame, and
// whether there were more; a limit of 0 is none. The fields come from the stream's
// schema, so that they are there without rows too, and all are nullable:
//
//	bool; int64 of signed integers and of unsigned ones to 32 bits; uint64
//	float64      of floats and decimals (HUGEINT is one)
//	time         of dates and timestamps, in UTC; an instant that has no place in
//	             a frame (infinity, before 1678, after 2261) is null
//	float64      of intervals and durations, in seconds; a month has 30 days
//	string       of text, enums and UUIDs; a time of day as 15:04:05.999999;
//	             bytes in hexadecimal; lists, structs, maps and unions as JSON
func FromArrow(stream io.Reader, limit int) (frame *data.Frame, isCut bool, err error) {
	reader, err := ipc.NewReader(stream)
	if err != nil {
		return nil, false, fmt.Errorf("read the schema of the rows: %w", err)
	}
	defer reader.Release()
	columns := make([]column, reader.Schema().NumFields())
	for i, field := range reader.Schema().Fields() {
		if columns[i], err = columnOf(field.Type); err != nil {
			return nil, false, fmt.Errorf("column %s: %w", field.Name, err)
		}
	}
	read := 0
	for !isCut && reader.Next() {
		batch := reader.RecordBatch()
		rows := int(batch.NumRows())
		if limit > 0 && read+rows > limit {
			rows, isCut = limit-read, true
		}
		read += rows
		for i, column := range columns {
			if err := column.add(batch.Column(i), rows); err != nil {
				return nil, false, fmt.Errorf("column %s: %w", batch.ColumnName(i), err)
			}
		}
	}
	if err := reader.Err(); err != nil {
		return nil, false, fmt.Errorf("read the rows: %w", err)
	}
	frame = data.NewFrame("")
	for i, column := range columns {
		frame.Fields = append(frame.Fields, column.field(reader.Schema().Field(i).Name))
	}
	return frame, isCut, nil
}

// A column collects the values of one column over the batches.
type column interface {
	add(from arrow.Array, rows int) error
	field(name string) *data.Field
}

// A typed column has values of one Go type. valuer returns the function that
// reads the values of a batch; that says false for a value with no place in a frame.
type typed[T any] struct {
	values []*T
	valuer func(arrow.Array) (func(int) (T, bool), error)
}

func (c *typed[T]) add(from arrow.Array, rows int) error {
	value, err := c.valuer(from)
	if err != nil {
		return err
	}
	block := make([]T, rows) // one allocation a batch instead of one a value
	for i := range block {
		isKnown := !from.IsNull(i)
		if isKnown {
			block[i], isKnown = value(i)
		}
		if isKnown {
			c.values = append(c.values, &block[i])
		} else {
			c.values = append(c.values, nil)
		}
	}
	return nil
}

func (c *typed[T]) field(name string) *data.Field {
	if c.values == nil {
		c.values = []*T{}
	}
	return data.NewField(name, nil, c.values)
}

// plain is an Arrow array of values of type F.
type plain[F any] interface{ Value(int) F }

// as returns a column that converts the plain values of type F.
func as[T, F any](convert func(F) T) column {
	return maybe(func(value F) (T, bool) { return convert(value), true })
}

// maybe is as for values that can have no place in a frame.
func maybe[T, F any](convert func(F) (T, bool)) column {
	return &typed[T]{valuer: func(from arrow.Array) (func(int) (T, bool), error) {
		values, ok := from.(plain[F])
		if !ok {
			return nil, fmt.Errorf("has an array of %T", from)
		}
		return func(i int) (T, bool) { return convert(values.Value(i)) }, nil
	}}
}

func toInt[F int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](value F) int64 {
	return int64(value)
}
func toFloat[F float32 | float64](value F) float64 { return float64(value) }
func same[F any](value F) F                        { return value }

// decimalOf returns a column of decimals with scale digits after the point.
func decimalOf[F interface{ ToFloat64(int32) float64 }](scale int32) column {
	return as(func(value F) float64 { return value.ToFloat64(scale) })
}

// columnOf returns an empty column for the values of an Arrow type.
func columnOf(of arrow.DataType) (column, error) {
	switch of := of.(type) {
	case *arrow.BooleanType:
		return as(same[bool]), nil
	case *arrow.Int8Type:
		return as(toInt[int8]), nil
	case *arrow.Int16Type:
		return as(toInt[int16]), nil
	case *arrow.Int32Type:
		return as(toInt[int32]), nil
	case *arrow.Int64Type:
		return as(toInt[int64]), nil
	case *arrow.Uint8Type:
		return as(toInt[uint8]), nil
	case *arrow.Uint16Type:
		return as(toInt[uint16]), nil
	case *arrow.Uint32Type:
		return as(toInt[uint32]), nil
	case *arrow.Uint64Type:
		return as(same[uint64]), nil
	case *arrow.Float32Type:
		return as(toFloat[float32]), nil
	case *arrow.Float64Type:
		return as(toFloat[float64]), nil
	case *arrow.Decimal32Type:
		return decimalOf[decimal.Decimal32](of.Scale), nil
	case *arrow.Decimal64Type:
		return decimalOf[decimal.Decimal64](of.Scale), nil
	case *arrow.Decimal128Type:
		return decimalOf[decimal.Decimal128](of.Scale), nil
	case *arrow.Decimal256Type:
		return decimalOf[decimal.Decimal256](of.Scale), nil
	case *arrow.Date32Type:
		return maybe(func(value arrow.Date32) (time.Time, bool) { return instant(int64(value), 24*time.Hour) }), nil
	case *arrow.Date64Type:
		return maybe(func(value arrow.Date64) (time.Time, bool) { return instant(int64(value), time.Millisecond) }), nil
	case *arrow.TimestampType:
		return maybe(func(value arrow.Timestamp) (time.Time, bool) { return instant(int64(value), of.Unit.Multiplier()) }), nil
	case *arrow.Time32Type:
		return as(func(value arrow.Time32) string { return clock(value.ToTime(of.Unit)) }), nil
	case *arrow.Time64Type:
		return as(func(value arrow.Time64) string { return clock(value.ToTime(of.Unit)) }), nil
	case *arrow.DurationType:
		return as(func(value arrow.Duration) float64 { return float64(value) * of.Unit.Multiplier().Seconds() }), nil
	case *arrow.MonthIntervalType:
		return as(func(value arrow.MonthInterval) float64 { return seconds(int32(value), 0, 0) }), nil
	case *arrow.DayTimeIntervalType:
		return as(func(value arrow.DayTimeInterval) float64 {
			return seconds(0, value.Days, int64(value.Milliseconds)*int64(time.Millisecond))
		}), nil
	case *arrow.MonthDayNanoIntervalType:
		return as(func(value arrow.MonthDayNanoInterval) float64 {
			return seconds(value.Months, value.Days, value.Nanoseconds)
		}), nil
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		return as(strings.Clone), nil // the array's own are the batch's memory
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return as(func(value []byte) string { return fmt.Sprintf("%x", value) }), nil
	case *arrow.NullType:
		return &typed[string]{valuer: func(arrow.Array) (func(int) (string, bool), error) {
			return func(int) (string, bool) { return "", false }, nil
		}}, nil
	case *arrow.DictionaryType, arrow.ExtensionType, *arrow.RunEndEncodedType:
		return textOf(func(from arrow.Array, i int) (string, error) { return strings.Clone(from.ValueStr(i)), nil }), nil
	case arrow.ListLikeType, *arrow.StructType, arrow.UnionType, *arrow.ListViewType, *arrow.LargeListViewType:
		return textOf(func(from arrow.Array, i int) (string, error) {
			text, err := json.Marshal(from.GetOneForMarshal(i))
			return string(text), err
		}), nil
	}
	return nil, fmt.Errorf("its type %s cannot be shown; cast it in the query, as in column::varchar", of)
}

// textOf returns a column of values that are written as text.
func textOf(text func(arrow.Array, int) (string, error)) column {
	return &typed[string]{valuer: func(from arrow.Array) (func(int) (string, bool), error) {
		texts := make([]string, from.Len())
		for i := range texts {
			if from.IsNull(i) {
				continue
			}
			var err error
			if texts[i], err = text(from, i); err != nil {
				return nil, fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		return func(i int) (string, bool) { return texts[i], true }, nil
	}}
}

// instant returns the time that is count units after 1970, and whether a frame
// can hold it: frames count nanoseconds.
func instant(count int64, unit time.Duration) (time.Time, bool) {
	if limit := math.MaxInt64 / int64(unit); count > limit || count < -limit {
		return time.Time{}, false
	}
	return time.Unix(0, count*int64(unit)).UTC(), true
}

func clock(of time.Time) string { return of.UTC().Format("15:04:05.999999999") }

// seconds returns the length of an interval. A month has 30 days, as DuckDB has
// it when it compares intervals.
func seconds(months, days int32, nanoseconds int64) float64 {
	return (float64(months)*30+float64(days))*86400 + float64(nanoseconds)/1e9
}
