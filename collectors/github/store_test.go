package github_test

import (
	"testing"
	"time"

	"dorado/collectors"
	"dorado/collectors/github"
	"dorado/collectors/simulator"
	"dorado/warehouse"
)

// openStore returns a raw store of its own with all tables.
func openStore(t testing.TB) *warehouse.Raw {
	t.Helper()
	raw, err := warehouse.OpenRaw(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	if err := raw.Ensure(t.Context(), append(github.Tables(), collectors.Hint{})...); err != nil {
		t.Fatal(err)
	}
	return raw
}

// collect reads what is new of an organisation that is served at an address, and
// returns what that took. set changes the configuration.
func collect(t testing.TB, store *warehouse.Raw, organization *simulator.Organization, address string, set ...func(*github.Config)) *github.Usage {
	t.Helper()
	config := github.Config{BaseURL: address}
	for _, repository := range organization.Repositories {
		config.Repositories = append(config.Repositories, repository.FullName)
	}
	for _, change := range set {
		change(&config)
	}
	usage := &github.Usage{}
	client, err := github.NewClient(config, github.Credentials{}, store, usage, func(time.Time, string) {})
	if err != nil {
		t.Fatal(err)
	}
	all, err := github.New(config, client, usage, store)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if _, err := collectors.Run(t.Context(), store, one, func(int) {}); err != nil {
			t.Fatal(err)
		}
	}
	return usage
}
