package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors/transport"
)

// A Diagnosis is what a PagerDuty account says of whoever reads it.
type Diagnosis struct {
	ClockSkew time.Duration // how much this machine's clock is ahead of the server's; negative: behind. To the second
	User      string        // whose token it is; "" for a token of the account
	Limit     int           // requests that may be sent in a minute; 0 where the server does not say
	Remaining int           // how many are left of them
	Services  []string      // the names of the services that will be read
	Problems  []error       // what keeps records from being read, each one clear line
}

// Diagnose asks an account who the token belongs to and what it may read. It takes
// a handful of requests, and one for every 100 services. now is this machine's
// clock. The error says that the account cannot be reached; everything else that is
// wrong is in the Diagnosis.
func Diagnose(ctx context.Context, config Config, token string, now func() time.Time) (Diagnosis, error) {
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return Diagnosis{}, fmt.Errorf("pagerduty: base URL: %w", err)
	}
	options := clientOptions(base.Host, token, &transport.Usage{}, func(time.Time, string) {})
	options.Pause = 20 * time.Millisecond // who diagnoses is waiting for it
	client := transport.New(options)
	seen := &headers{next: client.Transport}
	client.Transport = seen
	s, err := newSource(config, client, now)
	if err != nil {
		return Diagnosis{}, err
	}
	var found Diagnosis
	var me struct {
		User pagerduty.APIObject `json:"user"`
	}
	// A token of the account is nobody's, which is no mistake.
	_, err = s.get(ctx, &me, "/users/me", nil)
	found.User = me.User.Summary
	if seen.last == nil {
		return found, fmt.Errorf("pagerduty: %s cannot be reached: %w", config.BaseURL, err)
	}
	if said, err := http.ParseTime(seen.last.Get("Date")); err == nil {
		found.ClockSkew = now().Sub(said).Truncate(time.Second)
	}
	if status(err) == http.StatusUnauthorized {
		found.Problems = append(found.Problems, s.explain(err))
		return found, nil
	}
	for services, err := range whole[pagerduty.APIObject](ctx, s, "/services", "services", nil) {
		if err != nil {
			found.Problems = append(found.Problems, s.explain(err))
			break
		}
		for _, service := range services {
			if s.includesName(service.Summary) {
				found.Services = append(found.Services, service.Summary)
			}
		}
	}
	one := url.Values{"limit": {"1"}}
	for _, key := range []string{"incidents", "log_entries", "maintenance_windows"} {
		if _, err := list[pagerduty.APIObject](ctx, s, "/"+key, key, one, 0); err != nil && !isUnavailable(err) {
			found.Problems = append(found.Problems, s.explain(err))
		}
	}
	found.Limit, _ = strconv.Atoi(strings.TrimSpace(seen.last.Get("Ratelimit-Limit")))         // 0 where it is not there
	found.Remaining, _ = strconv.Atoi(strings.TrimSpace(seen.last.Get("Ratelimit-Remaining"))) // the same
	return found, nil
}

// headers keeps the headers of the last answer: the errors of go-pagerduty have
// none.
type headers struct {
	next  http.RoundTripper
	mutex sync.Mutex
	last  http.Header
}

// RoundTrip sends the request.
func (h *headers) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := h.next.RoundTrip(request)
	if err == nil {
		h.mutex.Lock()
		h.last = response.Header
		h.mutex.Unlock()
	}
	return response, err
}
