package github

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A serverClock tells the time by what the server said last: the clock of the
// machine that dorado runs on may be wrong.
type serverClock struct{ said atomic.Int64 } // Unix seconds, 0 where nothing was

// note takes the time from an answer.
func (c *serverClock) note(header http.Header) {
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		c.said.Store(at.Unix())
	}
}

// now returns the time, to the second. A server that does not say it leaves us
// our own.
func (c *serverClock) now() time.Time {
	if said := c.said.Load(); said != 0 {
		return time.Unix(said, 0).UTC()
	}
	return time.Now().UTC().Truncate(time.Second)
}
