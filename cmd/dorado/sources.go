package main

import (
	"fmt"
	"slices"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/ingested"
	"dorado/warehouse"
)

// rawTables returns an empty row of every raw table of every source.
func rawTables() []collectors.Row {
	return slices.Concat(github.Tables(), ingested.Tables())
}

// A source is one outside system with its collectors.
type source struct {
	name       string
	collectors []collectors.Collector
	usage      *github.Usage
}

// sources returns the sources that the configuration names, in the order they
// are collected. waiting is told when a source waits for a rate limit.
func sources(config *Config, raw *warehouse.Raw, waiting func(until time.Time, why string)) ([]source, error) {
	token, err := githubToken(config.GitHub)
	if err != nil {
		return nil, err
	}
	usage := &github.Usage{}
	client, err := github.NewClient(*config.GitHub, token, raw, usage, waiting)
	if err != nil {
		return nil, err
	}
	found, err := github.New(*config.GitHub, client, raw)
	if err != nil {
		return nil, err
	}
	return []source{{name: "GitHub", collectors: found, usage: usage}}, nil
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

// summary says how much was asked of the source.
func (s source) summary() string {
	return fmt.Sprintf("%s: %d requests, %d of them not modified, %d sent again", s.name,
		s.usage.Requests.Load(), s.usage.NotModified.Load(), s.usage.Retried.Load())
}
