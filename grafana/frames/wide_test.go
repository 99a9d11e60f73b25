package frames

import (
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func pointer[T any](value T) *T { return &value }

func at(day int) *time.Time { return pointer(time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)) }

func TestWide(t *testing.T) {
	long := data.NewFrame("",
		data.NewField("time", nil, []*time.Time{at(2), at(1), nil, at(1), at(2)}),
		data.NewField("service", nil, []*string{pointer("b"), pointer("a"), pointer("a"), pointer("b"), pointer("b")}),
		data.NewField("value", nil, []*float64{pointer(1.0), pointer(2.0), pointer(3.0), nil, pointer(5.0)}))
	wide, err := Wide(long)
	if err != nil {
		t.Fatal(err)
	}
	if wide.TimeSeriesSchema().Type != data.TimeSeriesTypeWide || wide.Rows() != 2 || len(wide.Fields) != 3 {
		t.Fatalf("%v", wide)
	}
	for i, want := range []struct {
		service string
		values  []any
	}{{"a", []any{2.0, nil}}, {"b", []any{nil, 5.0}}} {
		field := wide.Fields[i+1]
		if field.Labels["service"] != want.service || field.Name != "value" {
			t.Errorf("field %d is %s of %s", i, field.Name, field.Labels)
		}
		for row, value := range want.values {
			got, isKnown := field.ConcreteAt(row)
			if isKnown != (value != nil) || isKnown && got != value {
				t.Errorf("%s at %d is %v, not %v", want.service, row, got, value)
			}
		}
	}
	var notices []string
	for _, notice := range wide.Meta.Notices {
		notices = append(notices, notice.Text)
	}
	text := strings.Join(notices, "\n")
	for _, want := range []string{"1 rows have no time", "1 rows have the time and labels of another"} {
		if !strings.Contains(text, want) {
			t.Errorf("no notice says %q:\n%s", want, text)
		}
	}
}

func TestWideOfWide(t *testing.T) {
	wide, err := Wide(data.NewFrame("",
		data.NewField("time", nil, []*time.Time{at(2), at(1)}), data.NewField("value", nil, []*int64{pointer(int64(2)), pointer(int64(1))})))
	if err != nil {
		t.Fatal(err)
	}
	if first, _ := wide.Fields[1].ConcreteAt(0); first != int64(1) || wide.Meta != nil {
		t.Errorf("%v first, %v", first, wide.Meta)
	}
}

func TestWideWithoutRows(t *testing.T) {
	wide, err := Wide(data.NewFrame("", data.NewField("time", nil, []*time.Time{}), data.NewField("service", nil, []*string{}), data.NewField("value", nil, []*float64{})))
	if err != nil || wide.Rows() != 0 || wide.TimeSeriesSchema().Type != data.TimeSeriesTypeWide {
		t.Errorf("%v (%v)", wide, err)
	}
}

func TestWideNeedsTimeAndNumber(t *testing.T) {
	_, err := Wide(data.NewFrame("", data.NewField("service", nil, []*string{}), data.NewField("value", nil, []*float64{})))
	if err == nil || !strings.Contains(err.Error(), "there are service (string), value (float64)") {
		t.Error(err)
	}
}
