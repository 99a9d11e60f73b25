package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dorado/collectors/github"
	"dorado/collectors/pagerduty"
	"dorado/reports"
	"dorado/warehouse"
)

func doctorCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check the configuration, the warehouse and every source, and say what is wrong",
		Long: `Check all that a nightly run depends on, and print a line for each: ok, warn or
FAIL. Of the configuration whether it can be read; of the warehouse whether it can
be written, how much space is left, how old the newest snapshot is and whether a
newer build failed; of each
source whether it answers, who the token belongs to, which scopes it lacks, what is
left of the quota, how far the clocks are apart, and what will be read.

Nothing is changed. The exit code is 1 where a line says FAIL.`,
		Example: `  dorado doctor
  dorado doctor --config /etc/dorado/dorado.yaml`,
		Args: atMost(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return p.doctor(command.Context())
		},
	}
}

// The limits that a checkup warns of.
const (
	leastFreeBytes = 1 << 30
	oldSnapshot    = 36 * time.Hour // a nightly run was missed
	largestSkew    = 30 * time.Second
)

// A checkup prints what a doctor finds.
type checkup struct {
	program *program
	failed  int
	err     error // of writing
}

// The marks that a line begins with.
const (
	markOK   = "ok  "
	markWarn = "warn"
	markFail = "FAIL"
)

// line prints what was found of a subject.
func (c *checkup) line(mark, subject, format string, args ...any) {
	if mark == markFail {
		c.failed++
	}
	for i, text := range strings.Split(fmt.Sprintf(format, args...), "\n") {
		if i > 0 {
			mark, subject = strings.Repeat(" ", len(markOK)), ""
		}
		_, err := fmt.Fprintf(c.program.stdout, "%s  %-14s %s\n", mark, subject, text)
		c.err = errors.Join(c.err, err)
	}
}

// doctor checks everything and prints what it finds.
func (p *program) doctor(ctx context.Context) error {
	c := &checkup{program: p}
	config, err := p.config()
	if err != nil {
		c.line(markFail, "configuration", "%s", err)
	} else {
		c.line(markOK, "configuration", "%s: %s", p.configFile, count(len(config.Services), "service", "services"))
		c.warehouse(ctx, config)
		if config.GitHub != nil {
			server := *config.GitHub
			server.Needs = needs(config)
			c.github(ctx, server)
		}
		for i, account := range config.PagerDuty {
			c.pagerDuty(ctx, account, fmt.Sprintf("pagerduty[%d]", i))
		}
	}
	if c.err != nil {
		return c.err
	}
	if c.failed > 0 {
		return fmt.Errorf("%s failed", count(c.failed, "check", "checks"))
	}
	return nil
}

// warehouse checks the folder of the warehouse and its newest snapshot.
func (c *checkup) warehouse(ctx context.Context, config *Config) {
	folder := config.Warehouse.Path
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		c.line(markWarn, "warehouse", "%s is not there yet: dorado run makes it", folder)
		return
	}
	probe, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		c.line(markFail, "warehouse", "%s cannot be written: %s", folder, err)
		return
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		c.line(markFail, "warehouse", "%s cannot be written: %s", folder, err)
		return
	}
	c.line(markOK, "warehouse", "%s can be written", folder)
	free, err := freeBytes(folder)
	switch {
	case err != nil:
		c.line(markWarn, "free space", "not known: %s", err)
	case free < leastFreeBytes:
		c.line(markWarn, "free space", "%.1f GB are left; a build needs room for another snapshot", float64(free)/1e9)
	default:
		c.line(markOK, "free space", "%.1f GB", float64(free)/1e9)
	}
	c.rawStore(ctx, folder)
	c.snapshot(ctx, folder)
}

// rawStore checks that the raw store can be opened.
func (c *checkup) rawStore(ctx context.Context, folder string) {
	size, err := warehouse.CheckRaw(ctx, folder)
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.line(markWarn, "raw store", "nothing has been collected yet")
	case errors.Is(err, warehouse.ErrInUse):
		c.line(markWarn, "raw store", "%s", err)
	case err != nil:
		c.line(markFail, "raw store", "%s", err)
	default:
		c.line(markOK, "raw store", "can be read, %.1f MB", float64(size)/1e6)
	}
}

// snapshot checks that the newest snapshot can be read, and how old it is.
func (c *checkup) snapshot(ctx context.Context, folder string) {
	snapshot, err := warehouse.Open(ctx, folder)
	if errors.Is(err, warehouse.ErrNoSnapshot) {
		c.line(markWarn, "snapshot", "none yet: dorado run makes the first one")
		if last, err := warehouse.LastBuild(folder); err == nil && last != nil {
			c.line(markFail, "last build", "%s", failureOf(last))
		}
		return
	}
	if err != nil {
		c.line(markFail, "snapshot", "%s", err)
		return
	}
	var asOf time.Time
	err = reports.QueryRow(ctx, snapshot, "select as_of from core.snapshot", &asOf)
	failure, failureErr := lastFailure(ctx, folder, snapshot)
	if err = errors.Join(err, failureErr, snapshot.Close()); err != nil {
		c.line(markFail, "snapshot", "%s: %s", snapshot.Path, err)
		return
	}
	if failure != "" {
		c.line(markFail, "last build", "%s", failure)
	}
	age := c.program.now().Sub(asOf).Round(time.Minute)
	mark := markOK
	if age > oldSnapshot {
		mark = markWarn
	}
	c.line(mark, "snapshot", "as of %s, %s old", asOf.UTC().Format(time.RFC3339), reports.Seconds(age.Seconds()))
}

// github checks a GitHub server.
func (c *checkup) github(ctx context.Context, config github.Config) {
	const subject = "GitHub"
	credentials, err := githubCredentials(config)
	if err != nil {
		c.line(markFail, subject, "%s", err)
		return
	}
	found, err := github.Diagnose(ctx, config, credentials, c.program.now)
	if err != nil {
		c.line(markFail, subject, "%s", err)
		return
	}
	version := ""
	if found.Version != "" {
		version = ", Enterprise Server " + found.Version
	}
	c.line(markOK, subject, "%s answers%s", config.BaseURL, version)
	c.skew(subject, found.ClockSkew)
	for _, identity := range found.Identities {
		c.identity(subject, identity)
	}
	for _, problem := range found.Problems {
		c.line(markFail, subject, "%s", problem)
	}
	c.reads(subject, found.Repositories, "repository", "repositories")
}

// identity tells who a token belongs to and what it may do.
func (c *checkup) identity(subject string, identity github.Identity) {
	if identity.Err != nil {
		c.line(markFail, subject, "%s: %s", identity.Name, identity.Err)
		return
	}
	who := identity.Name
	if identity.Login != "" {
		who += " is " + identity.Login + "'s"
	}
	if len(identity.Scopes) > 0 {
		who += ", with the scopes " + strings.Join(identity.Scopes, ", ")
	}
	c.line(markOK, subject, "%s", who)
	if len(identity.MissingScopes) > 0 {
		c.line(markWarn, subject, "%s lacks the scopes %s", identity.Name, strings.Join(identity.MissingScopes, ", "))
	}
	for _, quota := range identity.Quotas {
		mark := markOK
		if quota.Remaining < quota.Limit/10 {
			mark = markWarn
		}
		c.line(mark, subject, "%s may send %d of %d %s requests until %s", identity.Name, quota.Remaining, quota.Limit,
			quota.Resource, quota.ResetAt.Format(time.RFC3339))
	}
}

// pagerDuty checks a PagerDuty account.
func (c *checkup) pagerDuty(ctx context.Context, config pagerduty.Config, path string) {
	subject := "PagerDuty"
	if config.Name != "" {
		subject = config.Name
	}
	token, err := readToken(path, config.TokenFile, config.TokenEnv, config.BaseURL)
	if err != nil {
		c.line(markFail, subject, "%s", err)
		return
	}
	found, err := pagerduty.Diagnose(ctx, config, token, c.program.now)
	if err != nil {
		c.line(markFail, subject, "%s", err)
		return
	}
	c.line(markOK, subject, "%s answers", config.BaseURL)
	c.skew(subject, found.ClockSkew)
	if len(found.Problems) == 0 {
		who := "the token is the account's"
		if found.User != "" {
			who = "the token is " + found.User + "'s"
		}
		c.line(markOK, subject, "%s", who)
	}
	if found.Limit > 0 {
		c.line(markOK, subject, "%d of %d requests are left of this minute", found.Remaining, found.Limit)
	}
	for _, problem := range found.Problems {
		c.line(markFail, subject, "%s", problem)
	}
	c.reads(subject, found.Services, "service", "services")
}

// skew tells how far the clocks are apart.
func (c *checkup) skew(subject string, skew time.Duration) {
	if skew.Abs() > largestSkew {
		c.line(markWarn, subject, "this machine's clock is %s ahead of the server's; as-of times will be wrong by that", skew)
		return
	}
	c.line(markOK, subject, "the clocks agree")
}

// reads tells what will be read.
func (c *checkup) reads(subject string, names []string, one, many string) {
	const shown = 5
	mark, list := markOK, strings.Join(names[:min(len(names), shown)], ", ")
	switch {
	case len(names) == 0:
		mark, list = markWarn, "nothing will be read"
	case len(names) > shown:
		list += ", …"
	}
	c.line(mark, subject, "reads %s: %s", count(len(names), one, many), list)
}
