package reports

import "testing"

// TestWords holds the texts to what the values are, above all to "no data" where
// they are not known.
func TestWords(t *testing.T) {
	of := func(value float64) *float64 { return &value }
	for _, c := range []struct{ got, want string }{
		{Value(nil, "seconds"), "no data"},
		{Value(of(0), "deployments_per_day"), "0.0 / day"},
		{Value(of(1.25), "deployments_per_day"), "1.2 / day"},
		{Value(of(0.5), "deployments_per_day"), "3.5 / week"},
		{Value(of(0.05), "deployments_per_day"), "1.5 / 30 days"},
		{Value(of(0.125), "ratio"), "12.5 %"},
		{Value(of(-0.00001), "ratio"), "0.0 %"},
		{Value(of(-0.1), "seconds"), "0 seconds"},
		{Value(of(1200), "count"), "1200"},
		{Value(of(90), "minutes"), "1.5 hours"},
		{Value(of(59), "seconds"), "59 seconds"},
		{Value(of(5400), "seconds"), "1.5 hours"},
		{Value(of(-172800), "seconds"), "-2.0 days"},
		{Change(of(3), of(2), "seconds"), "+50 %"},
		{Change(of(0.3), of(0.25), "ratio"), "+5.0 points"},
		{Change(of(3), nil, "seconds"), ""},
		{Change(of(3), of(0), "seconds"), ""},
		{Interval(of(0.021), of(0.153)), " (2–15)"},
		{Interval(nil, of(0.1)), ""},
		{Count(nil), "no data"},
		{Level(nil, false), "not enough data"},
		{Level(nil, true), ""},
		{Score(nil), ""},
	} {
		if c.got != c.want {
			t.Errorf("wrote %q, want %q", c.got, c.want)
		}
	}
}
