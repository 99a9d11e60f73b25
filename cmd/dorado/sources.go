package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/ingested"
	"dorado/collectors/landing"
	"dorado/collectors/openslo"
	"dorado/collectors/pagerduty"
	"dorado/collectors/transport"
	"dorado/models"
	"dorado/warehouse"
)

// rawTables returns an empty row of every raw table of every source.
func rawTables() []collectors.Row {
	return slices.Concat(github.Tables(), pagerduty.Tables(), openslo.Tables(), ingested.Tables(), []collectors.Row{collectors.Outcome{}, collectors.Hint{}, models.ReportedTotal{}})
}

// gitHubName is the name of the source that GitHub is.
const gitHubName = "GitHub"

// A source is one outside system with its collectors.
type source struct {
	name       string
	collectors []collectors.Collector
	asks       string           // the name of the source whose server they ask, "" for none
	usage      *transport.Usage // of that server by all, nil where nothing is asked for
	extra      func() string    // what else is said of the usage, "" for nothing; may be nil
	isSpent    func() bool      // whether the run stopped at its budget of requests; nil where there is none
}

// sources returns the sources that the configuration names, in the order they
// are collected: what was pushed first, so that what is collected then is newer.
// pause is Pause of each, and waiting is told when a source waits for a rate limit,
// complain of what was pushed and cannot be read.
func sources(config *Config, raw *warehouse.Raw, now func() time.Time, pause time.Duration, waiting func(until time.Time, why string), complain func(problem string)) ([]source, error) {
	var found []source
	if landing.Exists(config.Warehouse.Path) {
		made, err := landedSource(config, raw, now, complain)
		if err != nil {
			return nil, err
		}
		found = append(found, made)
	}
	var server *github.Config
	usage := &github.Usage{} // of all that asks this server: it has one budget
	if config.GitHub != nil {
		copied := *config.GitHub
		server = &copied
		server.Needs, server.Pause = needs(config), pause
		made, err := githubSource(*server, raw, usage, waiting)
		if err != nil {
			return nil, err
		}
		found = append(found, made)
	}
	for i, account := range config.PagerDuty {
		account.Pause = pause
		made, err := pagerDutySource(account, fmt.Sprintf("pagerduty[%d]", i), raw, now, waiting)
		if err != nil {
			return nil, err
		}
		found = append(found, made)
	}
	if config.SLOs != nil {
		made, err := openSLOSource(*config.SLOs, server, raw, usage, now, waiting)
		if err != nil {
			return nil, err
		}
		found = append(found, made)
	}
	return found, nil
}

// landedSource takes what was pushed out of the landing folder.
func landedSource(config *Config, raw *warehouse.Raw, now func() time.Time, complain func(problem string)) (source, error) {
	receivers := map[string]landing.Receiver{ingested.Source: ingested.NewReceiver(raw)}
	if config.GitHub != nil {
		receivers["github"] = githubReceiver(config, raw)
	}
	accounts, err := pagerDutyReceivers(config, raw)
	if err != nil {
		return source{}, err
	}
	if len(accounts) > 0 {
		receivers["pagerduty"] = accounts
	}
	collector := landing.New(config.Warehouse.Path, now).Collector(receivers, complain)
	return source{name: "landing", collectors: []collectors.Collector{collector}}, nil
}

// githubReceiver reads GitHub's webhooks. store may be nil where nothing is stored.
func githubReceiver(config *Config, store github.PushStore) *github.Receiver {
	server := *config.GitHub
	server.Needs = needs(config)
	return github.NewReceiver(server, store)
}

// accountReceivers read PagerDuty's webhooks, by the account's name.
type accountReceivers map[string]*pagerduty.Receiver

// pagerDutyReceivers returns those of all accounts. store may be nil where nothing is
// stored.
func pagerDutyReceivers(config *Config, store pagerduty.PushStore) (accountReceivers, error) {
	found := accountReceivers{}
	for _, account := range config.PagerDuty {
		receiver, err := pagerduty.NewReceiver(account, store)
		if err != nil {
			return nil, err
		}
		found[account.Name] = receiver
	}
	return found, nil
}

// Receive gives each event to its account.
func (a accountReceivers) Receive(ctx context.Context, events []collectors.Event) (rows []collectors.Row, unread []error, err error) {
	byAccount := map[string][]collectors.Event{}
	for _, event := range events {
		byAccount[event.Account] = append(byAccount[event.Account], event)
	}
	for account, some := range byAccount {
		if a[account] == nil {
			unread = append(unread, fmt.Errorf("the configuration has no PagerDuty account %q, from which %s came", account, count(len(some), "event", "events")))
			continue
		}
		made, wrong, err := a[account].Receive(ctx, some)
		if err != nil {
			return nil, nil, err
		}
		rows, unread = append(rows, made...), append(unread, wrong...)
	}
	return rows, unread, nil
}

func githubSource(config github.Config, raw *warehouse.Raw, usage *github.Usage, waiting func(time.Time, string)) (source, error) {
	credentials, err := githubCredentials(config)
	if err != nil {
		return source{}, err
	}
	client, err := github.NewClient(config, credentials, raw, usage, waiting)
	if err != nil {
		return source{}, err
	}
	found, err := github.New(config, client, usage, raw)
	if err != nil {
		return source{}, err
	}
	extra := func() string {
		said := fmt.Sprintf(", %d of them not modified", usage.NotModified.Load())
		if points := usage.Points.Load(); points > 0 {
			said += fmt.Sprintf(", %d points of GraphQL", points)
		}
		if usage.IsSpent.Load() {
			said += fmt.Sprintf("; stopped at github.max_requests_per_run (%d), the next run goes on", config.MaxRequests)
		}
		return said
	}
	return source{name: gitHubName, asks: gitHubName, collectors: found, usage: &usage.Usage, extra: extra, isSpent: usage.IsSpent.Load}, nil
}

func pagerDutySource(config pagerduty.Config, path string, raw *warehouse.Raw, now func() time.Time, waiting func(time.Time, string)) (source, error) {
	token, err := readToken(path, config.TokenFile, config.TokenEnv, config.BaseURL)
	if err != nil {
		return source{}, err
	}
	usage := &transport.Usage{}
	client, err := pagerduty.NewClient(config, token, usage, waiting)
	if err != nil {
		return source{}, err
	}
	found, err := pagerduty.New(config, client, now, raw)
	if err != nil {
		return source{}, err
	}
	name := strings.TrimSpace("PagerDuty " + config.Name)
	return source{name: name, asks: name, collectors: found, usage: usage}, nil
}

// openSLOSource reads a folder, and repositories of the server that server says; nil
// where there are none. What it asks counts as that server's.
func openSLOSource(config openslo.Config, server *github.Config, raw *warehouse.Raw, usage *github.Usage, now func() time.Time, waiting func(time.Time, string)) (source, error) {
	var client *http.Client
	baseURL := ""
	if server != nil && len(config.Repositories) > 0 {
		credentials, err := githubCredentials(*server)
		if err != nil {
			return source{}, err
		}
		if client, err = github.NewClient(*server, credentials, raw, usage, waiting); err != nil {
			return source{}, err
		}
		baseURL = server.BaseURL
	}
	found, err := openslo.New(config, client, baseURL, now)
	if err != nil {
		return source{}, err
	}
	made := source{name: "OpenSLO", collectors: found}
	if client != nil {
		made.asks, made.usage = gitHubName, &usage.Usage
	}
	return made, nil
}

// collectorNames returns the names of all collectors of all.
func collectorNames(all []source) []string {
	var names []string
	for _, source := range all {
		for _, collector := range source.collectors {
			names = append(names, collector.Name())
		}
	}
	return names
}

// sent returns how many requests were sent to the source's server up to now.
func (s source) sent() int64 {
	if s.usage == nil {
		return 0
	}
	return s.usage.Requests.Load()
}

// account adds to how a run ended what it asked, where sent is what had been sent
// before.
func (s source) account(outcome *collectors.Outcome, sent int64) {
	if s.usage == nil {
		return
	}
	requests := s.sent() - sent
	outcome.Source, outcome.Requests = &s.asks, &requests
	outcome.RequestsLeft, outcome.PointsLeft = s.usage.RequestsLeft.Sum(), s.usage.PointsLeft.Sum()
}

// summary says how much was asked of the source.
func (s source) summary() string {
	extra := ""
	if s.extra != nil {
		extra = s.extra()
	}
	return fmt.Sprintf("%s: %d requests%s, %d sent again", s.name, s.usage.Requests.Load(), extra, s.usage.Retried.Load())
}
