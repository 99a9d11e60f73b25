package openslo

import (
	"fmt"
	"regexp"
	"strconv"
)

// A duration is the specification's duration-shorthand: a positive whole number and
// one of the units m, h, d, w, M, Q and Y.
type duration struct {
	count int
	unit  string
}

var durationText = regexp.MustCompile(`^([1-9][0-9]{0,5})([mhdwMQY])$`)

// UnmarshalText reads a text such as 30d.
func (d *duration) UnmarshalText(text []byte) error {
	found := durationText.FindStringSubmatch(string(text))
	if found == nil {
		return fmt.Errorf("%q is not a duration: write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M", text)
	}
	var err error
	d.count, err = strconv.Atoi(found[1])
	d.unit = found[2]
	return err
}

// seconds of the units that always are as long.
var seconds = map[string]int64{"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

// seconds returns how long the duration is, false where that depends on the
// calendar.
func (d *duration) seconds() (int64, bool) {
	unit, ok := seconds[d.unit]
	return int64(d.count) * unit, ok
}

// String returns the duration as it is written.
func (d *duration) String() string { return strconv.Itoa(d.count) + d.unit }

// A sliceLength is a duration that may also be a plain number, of minutes.
type sliceLength struct{ duration }

// UnmarshalText reads a text such as 5m or 5.
func (s *sliceLength) UnmarshalText(text []byte) error {
	if _, err := strconv.Atoi(string(text)); err == nil {
		text = append(text[:len(text):len(text)], 'm')
	}
	return s.duration.UnmarshalText(text)
}
