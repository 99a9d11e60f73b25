package results

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowBatch is how many rows go into one record batch: few enough to be in the
// reader's hands soon, enough for the batch's header not to matter.
const arrowBatch = 4096

// ArrowKindKey is the key of the metadata of each Arrow field that has DuckDB's
// type: DECIMAL(18,3).
const ArrowKindKey = "duckdb_type"

// ArrowType returns the Arrow type that values of DuckDB's type kind are written
// as: what programs that draw charts can take as it is.
//
//	BOOLEAN                              bool
//	TINYINT … BIGINT, UTINYINT … UBIGINT int8 … int64, uint8 … uint64
//	HUGEINT, UHUGEINT, DECIMAL           float64, exact up to 2^53
//	FLOAT, DOUBLE                        float32, float64
//	DATE                                 date32
//	TIMESTAMP of any precision or zone   timestamp in microseconds, UTC
//	INTERVAL                             float64, seconds; a month is 30 days
//	BLOB                                 binary
//	all others                           utf8: text as it is, lists, structs and maps as JSON
func ArrowType(kind string) arrow.DataType {
	base, isList := baseKind(kind)
	if isList {
		return arrow.BinaryTypes.String
	}
	switch base {
	case "BOOLEAN":
		return arrow.FixedWidthTypes.Boolean
	case "TINYINT":
		return arrow.PrimitiveTypes.Int8
	case "SMALLINT":
		return arrow.PrimitiveTypes.Int16
	case "INTEGER":
		return arrow.PrimitiveTypes.Int32
	case "BIGINT":
		return arrow.PrimitiveTypes.Int64
	case "UTINYINT":
		return arrow.PrimitiveTypes.Uint8
	case "USMALLINT":
		return arrow.PrimitiveTypes.Uint16
	case "UINTEGER":
		return arrow.PrimitiveTypes.Uint32
	case "UBIGINT":
		return arrow.PrimitiveTypes.Uint64
	case "FLOAT":
		return arrow.PrimitiveTypes.Float32
	case "DOUBLE", "HUGEINT", "UHUGEINT", "DECIMAL", "INTERVAL":
		return arrow.PrimitiveTypes.Float64
	case "DATE":
		return arrow.FixedWidthTypes.Date32
	case "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return arrow.FixedWidthTypes.Timestamp_us
	case "BLOB":
		return arrow.BinaryTypes.Binary
	}
	return arrow.BinaryTypes.String
}

// An arrowWriter writes Arrow's IPC stream.
type arrowWriter struct {
	out     *ipc.Writer
	builder *array.RecordBuilder
	columns []Column
	rows    int // in the batch
}

func newArrowWriter(w io.Writer, columns []Column) (*arrowWriter, error) {
	fields := make([]arrow.Field, len(columns))
	for i, column := range columns {
		fields[i] = arrow.Field{Name: column.Name, Type: ArrowType(column.Kind), Nullable: true,
			Metadata: arrow.NewMetadata([]string{ArrowKindKey}, []string{column.Kind})}
	}
	schema := arrow.NewSchema(fields, nil)
	return &arrowWriter{
		out:     ipc.NewWriter(w, ipc.WithSchema(schema)),
		builder: array.NewRecordBuilder(memory.DefaultAllocator, schema),
		columns: columns,
	}, nil
}

// Row adds a row to the batch, and writes that when it is full.
func (a *arrowWriter) Row(values []any) error {
	for i, value := range values {
		if err := appendArrow(a.builder.Field(i), a.columns[i].Kind, value); err != nil {
			return fmt.Errorf("column %q: %w", a.columns[i].Name, err)
		}
	}
	a.rows++
	if a.rows < arrowBatch {
		return nil
	}
	return a.flush()
}

// flush writes the batch.
func (a *arrowWriter) flush() error {
	batch := a.builder.NewRecordBatch()
	defer batch.Release()
	a.rows = 0
	return a.out.Write(batch)
}

// End writes the rest, and the end of the stream; of no rows the schema alone.
func (a *arrowWriter) End() error {
	defer a.builder.Release()
	if a.rows > 0 {
		if err := a.flush(); err != nil {
			return err
		}
	}
	return a.out.Close()
}

// appendArrow adds a value of DuckDB's type kind.
func appendArrow(builder array.Builder, kind string, value any) error {
	if value == nil {
		builder.AppendNull()
		return nil
	}
	isRight := true
	switch builder := builder.(type) {
	case *array.Float64Builder:
		number, err := floatOf(value)
		if err != nil {
			return err
		}
		builder.Append(number)
	case *array.Date32Builder:
		isRight = appendAs(func(day time.Time) { builder.Append(arrow.Date32FromTime(day)) }, value)
	case *array.TimestampBuilder:
		isRight = appendAs(func(instant time.Time) { builder.Append(arrow.Timestamp(instant.UnixMicro())) }, value)
	case *array.StringBuilder:
		builder.Append(Text(Plain(kind, value)))
	default:
		isRight = appendSame[bool](builder, value) || appendSame[[]byte](builder, value) || appendSame[float32](builder, value) ||
			appendSame[int8](builder, value) || appendSame[int16](builder, value) || appendSame[int32](builder, value) || appendSame[int64](builder, value) ||
			appendSame[uint8](builder, value) || appendSame[uint16](builder, value) || appendSame[uint32](builder, value) || appendSame[uint64](builder, value)
	}
	if !isRight {
		return fmt.Errorf("a %T is no value of %s", value, kind)
	}
	return nil
}

// appendSame adds a value that the driver has as Arrow does, where that is a T.
func appendSame[T any](builder array.Builder, value any) bool {
	same, isRight := builder.(interface{ Append(T) })
	return isRight && appendAs(same.Append, value)
}

// appendAs calls add with value where that is a T.
func appendAs[T any](add func(T), value any) bool {
	typed, isRight := value.(T)
	if isRight {
		add(typed)
	}
	return isRight
}

// floatOf returns the number that a DOUBLE, HUGEINT, DECIMAL or INTERVAL is.
func floatOf(value any) (float64, error) {
	switch value := value.(type) {
	case float64:
		return value, nil
	case *big.Int:
		number, _ := new(big.Float).SetInt(value).Float64()
		return number, nil
	case fmt.Stringer: // a DECIMAL
		return strconv.ParseFloat(value.String(), 64)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	months, days, micros, isInterval := intervalOf(encoded)
	if !isInterval {
		return 0, fmt.Errorf("a %T is no number", value)
	}
	return float64(months*30+days)*24*60*60 + float64(micros)/1e6, nil
}
