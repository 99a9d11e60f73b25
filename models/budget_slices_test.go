package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// TestBudgetSlicesAgainstMinutesProperty compares what Timeslices and RatioTimeslices make of
// 150 random objectives with a count of single minutes: measurements of one minute
// to five hours, with gaps, in slices of 1 to 60 minutes.
func TestBudgetSlicesAgainstMinutesProperty(t *testing.T) {
	const objectives, minutes = 150, 1440
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	instant := func(minute int) string { return start.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339) }
	slos := [][]string{{"objective_number", "objective_version", "budgeting_method", "target", "time_slice_target", "time_slice_seconds", "judged_from"}}
	measurements := [][]string{{"objective_number", "slice_started_at", "slice_ended_at", "good", "total"}}
	type expected struct{ slices, bad float64 }
	want := map[string]expected{}
	for seed := range uint64(objectives) {
		random := rand.New(rand.NewPCG(seed, 15))
		number := fmt.Sprint(seed + 1)
		method := []string{"Timeslices", "RatioTimeslices"}[random.IntN(2)]
		length := []int{1, 5, 7, 10, 60}[random.IntN(5)]
		slos = append(slos, []string{number, "1", method, "0.5", "0.6", strconv.Itoa(length * 60), "0001-01-01"})
		good, total := make([]float64, minutes), make([]float64, minutes) // of each minute
		for at := 0; at < minutes; {
			at += random.IntN(3) * random.IntN(40)
			until := min(at+1+random.IntN(300), minutes)
			if at >= until {
				break
			}
			// A ratio that is never the target, of which half a slice could go
			// either way.
			ratio := []float64{0, 0.25, 0.5, 1}[random.IntN(4)]
			amount := float64((until - at) * (1 + random.IntN(5)))
			for minute := at; minute < until; minute++ {
				total[minute] = amount / float64(until-at)
				good[minute] = ratio * total[minute]
			}
			measurements = append(measurements, []string{number, instant(at), instant(until), fmt.Sprint(ratio * amount), fmt.Sprint(amount)})
			at = until
		}
		var sum expected
		offset := int(start.Unix()/60) % length // slices are counted from the epoch
		for from := -offset; from < minutes; from += length {
			var sliceGood, sliceTotal float64
			for minute := max(from, 0); minute < min(from+length, minutes); minute++ {
				sliceGood, sliceTotal = sliceGood+good[minute], sliceTotal+total[minute]
			}
			if sliceTotal == 0 {
				continue
			}
			sum.slices++
			switch ratio := sliceGood / sliceTotal; {
			case method == "RatioTimeslices":
				sum.bad += 1 - ratio
			case math.Abs(ratio-0.6) < 1e-9: // either way
				sum.slices, sum.bad = math.NaN(), math.NaN()
			case ratio < 0.6:
				sum.bad++
			}
		}
		want[number] = sum
	}
	db := buildFrom(t, testSettings, "core.budget_slices", map[string][][]string{"core.slos": slos, "core.sli_measurements": measurements})
	compared := 0
	for _, row := range texts(t, db, "select objective_number, sum(total), sum(bad), max(total_before + total), max(bad_before + bad) from core.budget_slices group by all") {
		sum := want[row[0]]
		if math.IsNaN(sum.bad) {
			continue
		}
		compared++
		for i, wanted := range []float64{sum.slices, sum.bad, sum.slices, sum.bad} {
			if got, err := strconv.ParseFloat(row[i+1], 64); err != nil || math.Abs(got-wanted) > 1e-6 {
				t.Errorf("seed %s minus 1: %v, want %v slices, %v of them bad", row[0], row[1:], sum.slices, sum.bad)
				break
			}
		}
	}
	if compared < objectives/2 {
		t.Errorf("only %d objectives could be compared", compared)
	}
}
