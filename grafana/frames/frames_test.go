package frames

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// stream returns an Arrow stream of one column, written as JSON by batch.
func stream(t *testing.T, of arrow.DataType, batches ...string) *bytes.Buffer {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: of, Nullable: true}}, nil)
	var buffer bytes.Buffer
	writer := ipc.NewWriter(&buffer, ipc.WithSchema(schema))
	for _, batch := range batches {
		values, _, err := array.FromJSON(memory.DefaultAllocator, of, strings.NewReader(batch))
		if err != nil {
			t.Fatalf("%s of %s: %v", batch, of, err)
		}
		if err := writer.Write(array.NewRecordBatch(schema, []arrow.Array{values}, int64(values.Len()))); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

// TestFromArrow has every type that DuckDB is written as in Arrow, with a value, a
// null, and without rows.
func TestFromArrow(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := noon.Truncate(24 * time.Hour)
	timestamp := `"2026-03-01 12:00:00"`
	berlin := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.BinaryTypes.String}
	structure := arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int32, Nullable: true}, arrow.Field{Name: "y", Type: arrow.BinaryTypes.String, Nullable: true})
	for _, test := range []struct {
		duckdb string
		arrow  arrow.DataType
		value  string
		want   any
	}{
		{"BOOLEAN", arrow.FixedWidthTypes.Boolean, "true", true},
		{"TINYINT", arrow.PrimitiveTypes.Int8, "-7", int64(-7)},
		{"SMALLINT", arrow.PrimitiveTypes.Int16, "-7", int64(-7)},
		{"INTEGER", arrow.PrimitiveTypes.Int32, "-7", int64(-7)},
		{"BIGINT", arrow.PrimitiveTypes.Int64, "-9007199254740993", int64(-9007199254740993)},
		{"UTINYINT", arrow.PrimitiveTypes.Uint8, "7", int64(7)},
		{"USMALLINT", arrow.PrimitiveTypes.Uint16, "7", int64(7)},
		{"UINTEGER", arrow.PrimitiveTypes.Uint32, "4294967295", int64(4294967295)},
		{"UBIGINT", arrow.PrimitiveTypes.Uint64, "18446744073709551615", uint64(math.MaxUint64)},
		{"HUGEINT", &arrow.Decimal128Type{Precision: 38}, `"12345678901234567890"`, 12345678901234567890.0},
		{"DECIMAL(4,1)", &arrow.Decimal32Type{Precision: 4, Scale: 1}, `"-1.5"`, -1.5},
		{"DECIMAL(12,2)", &arrow.Decimal64Type{Precision: 12, Scale: 2}, `"1.25"`, 1.25},
		{"DECIMAL(38,3)", &arrow.Decimal128Type{Precision: 38, Scale: 3}, `"1.125"`, 1.125},
		{"wide decimal", &arrow.Decimal256Type{Precision: 60, Scale: 1}, `"1.5"`, 1.5},
		{"FLOAT", arrow.PrimitiveTypes.Float32, "0.5", 0.5},
		{"DOUBLE", arrow.PrimitiveTypes.Float64, "0.1", 0.1},
		{"VARCHAR", arrow.BinaryTypes.String, `"ä'"`, "ä'"},
		{"VARCHAR, large", arrow.BinaryTypes.LargeString, `"a"`, "a"},
		{"VARCHAR, view", arrow.BinaryTypes.StringView, `"a"`, "a"},
		{"ENUM", dictionary, `"high"`, "high"},
		{"BLOB", arrow.BinaryTypes.Binary, `"q80="`, "abcd"},
		{"BLOB, large", arrow.BinaryTypes.LargeBinary, `"q80="`, "abcd"},
		{"BLOB, view", arrow.BinaryTypes.BinaryView, `"q80="`, "abcd"},
		{"BLOB, fixed", &arrow.FixedSizeBinaryType{ByteWidth: 2}, `"q80="`, "abcd"},
		{"DATE", arrow.FixedWidthTypes.Date32, `"2026-03-01"`, day},
		{"DATE, in milliseconds", arrow.FixedWidthTypes.Date64, `"2026-03-01"`, day},
		{"TIMESTAMP_S", &arrow.TimestampType{Unit: arrow.Second}, timestamp, noon},
		{"TIMESTAMP_MS", &arrow.TimestampType{Unit: arrow.Millisecond}, timestamp, noon},
		{"TIMESTAMP", &arrow.TimestampType{Unit: arrow.Microsecond}, timestamp, noon},
		{"TIMESTAMP_NS", &arrow.TimestampType{Unit: arrow.Nanosecond}, timestamp, noon},
		{"TIMESTAMPTZ", berlin, `"2026-03-01 13:00:00+0100"`, noon},
		{"TIME", arrow.FixedWidthTypes.Time64us, `"09:30:00.000001"`, "09:30:00.000001"},
		{"TIME, in seconds", arrow.FixedWidthTypes.Time32s, `"09:30:00"`, "09:30:00"},
		{"duration", arrow.FixedWidthTypes.Duration_ms, `"1500ms"`, 1.5},
		{"INTERVAL", arrow.FixedWidthTypes.MonthDayNanoInterval, `{"months": 1, "days": 2, "nanoseconds": 500000000}`, 32*86400 + 0.5},
		{"INTERVAL of days", arrow.FixedWidthTypes.DayTimeInterval, `{"days": 1, "milliseconds": 500}`, 86400.5},
		{"INTERVAL of months", arrow.FixedWidthTypes.MonthInterval, `{"months": 2}`, 60 * 86400.0},
		{"INTEGER[]", arrow.ListOf(arrow.PrimitiveTypes.Int32), "[1, null]", "[1,null]"},
		{"INTEGER[], large", arrow.LargeListOf(arrow.PrimitiveTypes.Int32), "[1]", "[1]"},
		{"INTEGER[], view", arrow.ListViewOf(arrow.PrimitiveTypes.Int32), "[1]", "[1]"},
		{"INTEGER[2]", arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), "[1, 2]", "[1,2]"},
		{"STRUCT", structure, `{"x": 1, "y": "a"}`, `{"x":1,"y":"a"}`},
		{"MAP", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[{"key": "a", "value": 1}]`, `[{"key":"a","value":1}]`},
	} {
		t.Run(test.duckdb, func(t *testing.T) {
			frame, isCut, err := FromArrow(stream(t, test.arrow, "["+test.value+", null]", "["+test.value+"]"), 0)
			if err != nil || isCut {
				t.Fatal(isCut, err)
			}
			field := frame.Fields[0]
			if field.Name != "a" || field.Len() != 3 || !field.Nullable() {
				t.Fatalf("the field %s has %d values of type %s", field.Name, field.Len(), field.Type())
			}
			for _, row := range []int{0, 2} {
				if got, isKnown := field.ConcreteAt(row); !isKnown || got != test.want {
					t.Errorf("row %d is %v (%T), not %v (%T)", row, got, got, test.want, test.want)
				}
			}
			if got, isKnown := field.ConcreteAt(1); isKnown {
				t.Errorf("null became %v", got)
			}
			// Grafana gets the frame as Arrow, the browser as JSON.
			if _, err := frame.MarshalArrow(); err != nil {
				t.Error(err)
			}
			if _, err := frame.MarshalJSON(); err != nil {
				t.Error(err)
			}

			empty, _, err := FromArrow(stream(t, test.arrow), 0)
			if err != nil || empty.Fields[0].Type() != field.Type() || empty.Rows() != 0 {
				t.Errorf("without rows: %v (%v)", empty, err)
			}
		})
	}
}

func TestFromArrowNulls(t *testing.T) {
	frame, _, err := FromArrow(stream(t, arrow.Null, "[null]"), 0)
	if err != nil || frame.Fields[0].Type() != data.FieldTypeNullableString || frame.Rows() != 1 {
		t.Errorf("%v (%v)", frame, err)
	}
}

func TestFromArrowUnion(t *testing.T) {
	union := arrow.DenseUnionOf([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}}, []arrow.UnionTypeCode{0})
	builder := array.NewDenseUnionBuilder(memory.DefaultAllocator, union)
	builder.Append(0)
	builder.Child(0).(*array.Int32Builder).Append(7)
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: union}}, nil)
	var buffer bytes.Buffer
	writer := ipc.NewWriter(&buffer, ipc.WithSchema(schema))
	if err := writer.Write(array.NewRecordBatch(schema, []arrow.Array{builder.NewArray()}, 1)); err != nil {
		t.Fatal(err)
	}
	frame, _, err := FromArrow(&buffer, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := frame.Fields[0].ConcreteAt(0); got != "[0,7]" {
		t.Errorf("%v", got)
	}
}

// TestFromArrowEndOfTime: DuckDB's infinity is the largest number of microseconds.
func TestFromArrowEndOfTime(t *testing.T) {
	builder := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Microsecond})
	for _, value := range []arrow.Timestamp{math.MaxInt64, -math.MaxInt64, 1} {
		builder.Append(value)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: builder.Type(), Nullable: true}}, nil)
	var buffer bytes.Buffer
	writer := ipc.NewWriter(&buffer, ipc.WithSchema(schema))
	if err := writer.Write(array.NewRecordBatch(schema, []arrow.Array{builder.NewArray()}, 3)); err != nil {
		t.Fatal(err)
	}
	frame, _, err := FromArrow(&buffer, 0)
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range []bool{false, false, true} {
		if got, isKnown := frame.Fields[0].ConcreteAt(row); isKnown != want {
			t.Errorf("row %d is %v", row, got)
		}
	}
}

func TestFromArrowLimit(t *testing.T) {
	for _, test := range []struct {
		limit, rows int
		isCut       bool
	}{{0, 4, false}, {4, 4, false}, {5, 4, false}, {3, 3, true}, {2, 2, true}, {1, 1, true}} {
		frame, isCut, err := FromArrow(stream(t, arrow.PrimitiveTypes.Int32, "[1, 2]", "[3, 4]"), test.limit)
		if err != nil || frame.Rows() != test.rows || isCut != test.isCut {
			t.Errorf("limit %d: %d rows, cut %t (%v)", test.limit, frame.Rows(), isCut, err)
		}
	}
}

func TestFromArrowMistakes(t *testing.T) {
	whole := stream(t, arrow.PrimitiveTypes.Int32, "[1, 2]", "[3, 4]").Bytes()
	for _, test := range []struct {
		name, want string
		stream     []byte
	}{
		{"no stream", "read the schema", nil},
		{"no Arrow", "read the schema", []byte(`{"title": "not found"}`)},
		{"cut off", "read the rows", whole[:len(whole)-80]},
	} {
		if _, _, err := FromArrow(bytes.NewReader(test.stream), 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestStringsOutliveTheStream: a batch's memory is used again.
func TestStringsOutliveTheStream(t *testing.T) {
	buffer := stream(t, arrow.BinaryTypes.String, `["first"]`, `["other"]`)
	frame, _, err := FromArrow(buffer, 0)
	if err != nil {
		t.Fatal(err)
	}
	if first, _ := frame.Fields[0].ConcreteAt(0); first != "first" {
		t.Errorf("%v", first)
	}
}

func BenchmarkFromArrow(b *testing.B) {
	const rows = 20_000
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true}, {Name: "service", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "value", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "n", Type: &arrow.Decimal128Type{Precision: 38}, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for row := range rows {
		builder.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(row) * 1e6)
		builder.Field(1).(*array.StringBuilder).Append(fmt.Sprint("service-", row%50))
		builder.Field(2).(*array.Float64Builder).Append(float64(row))
		builder.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(row)))
	}
	var buffer bytes.Buffer
	writer := ipc.NewWriter(&buffer, ipc.WithSchema(schema))
	if err := writer.Write(builder.NewRecordBatch()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := FromArrow(bytes.NewReader(buffer.Bytes()), 0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
