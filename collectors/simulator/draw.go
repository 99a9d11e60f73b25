package simulator

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// draw is a stream of random choices. It uses the numbers of the PCG generator,
// which are fixed for all time, and integers only: floating point may round
// differently on another machine, and then a seed would not give the same
// organisation everywhere.
type draw struct{ source *rand.PCG }

// newDraw returns the stream of a seed and a number: every repository has its
// own, so that one more does not change the others.
func newDraw(seed uint64, stream int) draw { return draw{rand.NewPCG(seed, uint64(stream))} }

// below returns a number from 0 to n-1.
func (d draw) below(n int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(n))
	return int(high)
}

// between returns a number from low to high, both included.
func (d draw) between(low, high int) int { return low + d.below(high-low+1) }

// chance is true in perMille of 1,000 cases.
func (d draw) chance(perMille int) bool { return d.below(1000) < perMille }

// oneOf returns one of the choices.
func oneOf[T any](d draw, choices []T) T { return choices[d.below(len(choices))] }

// spread returns the quantiles of the log-normal distribution whose median is
// 1,000 and whose logarithm has the standard deviation 1, at 0.002, at 1/32 to
// 31/32, and at 0.998.
func spread() [33]int64 {
	return [...]int64{
		56, 155, 216, 268, 317, 364, 412, 460, 509, 560, 613, 669, 727, 789, 854, 925, 1000,
		1082, 1170, 1268, 1375, 1495, 1630, 1784, 1963, 2174, 2428, 2746, 3159, 3736, 4637, 6441, 17782,
	}
}

// about returns a duration in whole seconds, at least one, that is log-normally
// distributed around the median: most are near it, a few are many times as long.
func (d draw) about(median time.Duration) time.Duration {
	quantiles := spread()
	i, between := d.below(len(quantiles)-1), int64(d.below(1000))
	thousandths := quantiles[i] + (quantiles[i+1]-quantiles[i])*between/1000
	return max(time.Duration(int64(median/time.Second)*thousandths/1000), 1) * time.Second
}

// atWork returns t if a team whose clocks are offset from UTC is at work then,
// else a time in the next working morning. A few work at odd hours.
func (d draw) atWork(t time.Time, offset time.Duration) time.Time {
	if d.chance(30) {
		return t
	}
	local := t.Add(offset)
	if isWorkday(local) && local.Hour() >= 8 && local.Hour() < 18 {
		return t
	}
	morning := local.Truncate(24 * time.Hour)
	if local.Hour() >= 8 {
		morning = morning.AddDate(0, 0, 1)
	}
	for !isWorkday(morning) {
		morning = morning.AddDate(0, 0, 1)
	}
	return morning.Add(8*time.Hour + time.Duration(d.below(2*60*60))*time.Second - offset)
}

// isWorkday says whether a local time is on Monday to Friday.
func isWorkday(local time.Time) bool {
	return local.Weekday() != time.Saturday && local.Weekday() != time.Sunday
}
