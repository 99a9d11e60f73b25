package reports

import (
	"fmt"
	"math"
)

// Titles are the metrics' names as people write them.
var Titles = map[string]string{
	"deployment_frequency":            "Deployment frequency",
	"change_lead_time":                "Change lead time (median)",
	"change_fail_rate":                "Change fail rate",
	"failed_deployment_recovery_time": "Failed deployment recovery time (median)",
	"deployment_rework_rate":          "Deployment rework rate",
	"pull_request_stages":             "Pull request, first commit to production (median)",
	"time_to_restore":                 "Time to restore (median)",
	"time_to_acknowledge":             "Time to acknowledge (median)",
}

// NoData stands where a value is not known.
const NoData = "no data"

// Value writes a value with its unit: "1.2 / day", "3.4 days", "5.0 %".
func Value(value *float64, unit string) string {
	switch {
	case value == nil:
		return NoData
	case unit == "seconds":
		return Seconds(*value)
	case unit == "ratio":
		return fmt.Sprintf("%.1f %%", unsigned(*value*100, 0.05))
	case unit == "count":
		return fmt.Sprintf("%.0f", *value)
	case unit == "minutes":
		return Seconds(*value * 60)
	case *value == 0 || *value >= 0.995:
		return fmt.Sprintf("%.1f / day", *value)
	case *value*7 >= 0.995:
		return fmt.Sprintf("%.1f / week", *value*7)
	default:
		return fmt.Sprintf("%.1f / 30 days", *value*30)
	}
}

// Seconds writes a duration in the largest unit it fills.
func Seconds(seconds float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"days", 86400}, {"hours", 3600}, {"minutes", 60}} {
		if math.Abs(seconds) >= unit.seconds {
			return fmt.Sprintf("%.1f %s", seconds/unit.seconds, unit.name)
		}
	}
	return fmt.Sprintf("%.0f seconds", unsigned(seconds, 0.5))
}

// unsigned returns 0 for what is less than half of the last digit written, so that
// nothing is written as -0.
func unsigned(number, half float64) float64 {
	if math.Abs(number) < half {
		return 0
	}
	return number
}

// Count writes how many records a value stands on.
func Count(n *int64) string {
	if n == nil {
		return NoData
	}
	return fmt.Sprint(*n)
}

// Interval writes the interval that a share lies in: " (2–15)".
func Interval(lower, upper *float64) string {
	if lower == nil || upper == nil {
		return ""
	}
	return fmt.Sprintf(" (%.0f–%.0f)", *lower*100, *upper*100)
}

// Change writes how much value differs from what it was, a share in
// percentage points.
func Change(value, before *float64, unit string) string {
	switch {
	case value == nil || before == nil:
		return ""
	case unit == "ratio":
		return fmt.Sprintf("%+.1f points", (*value-*before)*100)
	case *before == 0:
		return ""
	default:
		return fmt.Sprintf("%+.0f %%", (*value / *before - 1)*100)
	}
}

// Level writes a level, or why there is none.
func Level(level *string, isEnough bool) string {
	switch {
	case level != nil:
		return *level
	case isEnough: // the metric has no levels
		return ""
	default:
		return "not enough data"
	}
}

// Score writes a score, "" where there is none.
func Score(score *float64) string {
	if score == nil {
		return ""
	}
	return fmt.Sprintf("%.1f", *score)
}
