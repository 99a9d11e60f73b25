package results

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// Plain turns what the driver returns for DuckDB's type kind into nil, a bool, a
// number, a string, or a []any or map of such, all of which JSON can hold. An
// instant becomes RFC 3339 in UTC, an interval an ISO 8601 duration, a blob
// hexadecimal. Inside a struct, kind is not known ("") and a date is an instant.
func Plain(kind string, value any) any {
	switch value := value.(type) {
	case nil, bool, string, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return value
	case float32:
		return plainFloat(float64(value), value)
	case float64:
		return plainFloat(value, value)
	case *big.Int:
		return json.Number(value.String())
	case time.Time:
		return plainTime(kind, value)
	case []byte:
		if kind == "UUID" && len(value) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", value[:4], value[4:6], value[6:8], value[8:10], value[10:])
		}
		return hex.EncodeToString(value)
	case []any:
		elements := make([]any, len(value))
		for i, element := range value {
			elements[i] = Plain(elementKind(kind), element)
		}
		return elements
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, field := range value {
			fields[name] = Plain("", field)
		}
		return fields
	}
	return plainOther(value)
}

// elementKind returns the type of the elements of a list or array: DATE for
// DATE[] and DATE[3].
func elementKind(kind string) string {
	return kind[:max(0, strings.LastIndex(kind, "["))]
}

// plainFloat returns value, which is f, or its name where JSON has no number for
// it.
func plainFloat(f float64, value any) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return value
}

func plainTime(kind string, instant time.Time) string {
	switch kind {
	case "DATE":
		return instant.Format(time.DateOnly)
	case "TIME", "TIME_NS":
		return instant.Format("15:04:05.999999999")
	case "TIMETZ":
		return instant.Format("15:04:05.999999999Z07:00")
	}
	return instant.UTC().Format(time.RFC3339Nano)
}

// plainOther is Plain for the driver's own types, which only package warehouse
// may name. It knows a MAP and a DECIMAL by their methods, and an INTERVAL by
// its JSON, {"months":…,"days":…,"micros":…}.
func plainOther(value any) any {
	pointer := reflect.New(reflect.TypeOf(value))
	pointer.Elem().Set(reflect.ValueOf(value))
	if entries, isMap := pointer.Interface().(interface {
		Keys() []any
		Values() []any
	}); isMap {
		fields, values := map[string]any{}, entries.Values()
		for i, key := range entries.Keys() {
			fields[Text(Plain("", key))] = Plain("", values[i])
		}
		return fields
	}
	if stringer, ok := value.(fmt.Stringer); ok {
		if number := stringer.String(); json.Valid([]byte(number)) {
			return json.Number(number)
		}
		return stringer.String()
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if months, days, micros, isInterval := intervalOf(encoded); isInterval {
		return isoDuration(months, days, micros)
	}
	return json.RawMessage(encoded)
}

// intervalOf returns the parts of an INTERVAL from its JSON.
func intervalOf(encoded []byte) (months, days, micros int64, isInterval bool) {
	var interval struct{ Months, Days, Micros *int64 }
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&interval); err != nil || interval.Months == nil || interval.Days == nil || interval.Micros == nil {
		return 0, 0, 0, false
	}
	return *interval.Months, *interval.Days, *interval.Micros, true
}

// isoDuration returns an ISO 8601 duration: P1M2DT3.5S.
func isoDuration(months, days, micros int64) string {
	duration := "P"
	if months != 0 {
		duration += fmt.Sprintf("%dM", months)
	}
	if days != 0 {
		duration += fmt.Sprintf("%dD", days)
	}
	if micros != 0 || duration == "P" {
		seconds := new(big.Rat).SetFrac64(micros, 1e6).FloatString(6)
		duration += "T" + strings.TrimSuffix(strings.TrimRight(seconds, "0"), ".") + "S"
	}
	return duration
}

// Text returns a value that Plain returned as text: NULL as "", text as it
// is, the rest as JSON.
func Text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	return string(JSON(value))
}

// JSON returns a value that Plain returned as JSON.
func JSON(value any) []byte {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("%T is no plain value: %v", value, err))
	}
	return bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
}
