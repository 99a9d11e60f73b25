package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dorado/collectors/landing"
	"dorado/server"
	"dorado/server/push"
	"dorado/server/schedule"
	"dorado/server/wire"
	"dorado/warehouse"
)

// validateWebhooks checks what is said about webhooks.
func (c *Config) validateWebhooks(v *validation) {
	const path = "server.webhooks"
	for i, secret := range c.Server.Webhooks.GitHub {
		at := fmt.Sprintf("%s.github[%d]", path, i)
		validateWebhookSecret(v, at, secret.SecretEnv, secret.SecretFile)
		if c.GitHub == nil {
			v.add(at, "say under github which repositories are read: what others send is not taken")
		}
	}
	for i, secret := range c.Server.Webhooks.PagerDuty {
		at := fmt.Sprintf("%s.pagerduty[%d]", path, i)
		validateWebhookSecret(v, at, secret.SecretEnv, secret.SecretFile)
		isKnown := false
		var names []string
		for _, account := range c.PagerDuty {
			isKnown = isKnown || account.Name == secret.Account
			names = append(names, account.Name)
		}
		if !isKnown {
			v.add(at+".account", "there is no account %q under pagerduty%s", secret.Account, didYouMean(secret.Account, names))
		}
	}
}

func validateWebhookSecret(v *validation, path, env, file string) {
	if env == "" && file == "" {
		v.add(path, "say where the secret is: secret_env or secret_file")
	}
	validateSecretPlace(v, path, "secret", env, file)
}

// validateSchedule checks when runs are to start.
func validateSchedule(v *validation, config schedule.Config) {
	for _, wrong := range config.Check() {
		v.add("schedule."+wrong.Path, "%s", wrong.Text)
	}
	if config.TimeZone != "" {
		validateTimeZone(v, "schedule.timezone", config.TimeZone)
	}
}

// readSecret returns the secret in a file or an environment variable. Its errors
// never show it. path is where the configuration names it.
func readSecret(path, env, file string) ([]byte, error) {
	content, origin := []byte(os.Getenv(env)), "the environment variable "+env+" ("+path+".secret_env)"
	if file != "" {
		var err error
		if content, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("read the secret (%s.secret_file): %w", path, err)
		}
		origin = "the file " + file + " (" + path + ".secret_file)"
	}
	if content = bytes.TrimSpace(content); len(content) == 0 {
		return nil, fmt.Errorf("%s is not set or empty", origin)
	}
	return content, nil
}

// webhookSecrets reads what webhooks are signed with.
func webhookSecrets(config server.Webhooks) (found push.Secrets, err error) {
	for i, place := range config.GitHub {
		secret, err := readSecret(fmt.Sprintf("server.webhooks.github[%d]", i), place.SecretEnv, place.SecretFile)
		if err != nil {
			return found, err
		}
		found.GitHub = append(found.GitHub, secret)
	}
	for i, place := range config.PagerDuty {
		secret, err := readSecret(fmt.Sprintf("server.webhooks.pagerduty[%d]", i), place.SecretEnv, place.SecretFile)
		if err != nil {
			return found, err
		}
		found.PagerDuty = append(found.PagerDuty, push.AccountSecret{Account: place.Account, Secret: secret})
	}
	return found, nil
}

// receive adds to a server the paths that others push to.
func (p *program) receive(config *Config, options *server.Options) error {
	secrets, err := webhookSecrets(config.Server.Webhooks)
	if err != nil {
		return err
	}
	accounts, err := pagerDutyReceivers(config, nil)
	if err != nil {
		return err
	}
	folder := landing.New(config.Warehouse.Path, p.now)
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dorado_pushed_requests_total", Help: "Requests that push, by source and by what became of them: taken, known (sent before), ignored (nothing is read from it), refused, failed.",
	}, []string{"source", "outcome"})
	waiting := func(name, help string, value func(landing.Waiting) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			found, err := folder.Waiting()
			if err != nil {
				p.logger.Error("look into the landing folder", "error", err)
			}
			return value(found)
		})
	}
	options.Telemetry = append(options.Telemetry, requests,
		waiting("dorado_landing_size_bytes", "What was pushed and waits for the next run.", func(w landing.Waiting) float64 { return float64(w.Bytes) }),
		waiting("dorado_landing_unread_files", "Landing files that were set aside because something in them cannot be read.", func(w landing.Waiting) float64 { return float64(w.Unread) }))
	pushing := push.Options{
		Landing: folder, PagerDuty: accounts, Secrets: secrets, Now: p.now, Logger: p.logger, Caller: server.Caller,
		Count: func(source, outcome string) { requests.WithLabelValues(source, outcome).Inc() },
	}
	if config.GitHub != nil {
		pushing.GitHub = githubReceiver(config, nil)
	}
	handler := push.Handler(pushing)
	options.Handlers = append(options.Handlers,
		server.Handler{Pattern: "POST " + push.PathGitHub, Handler: handler},
		server.Handler{Pattern: "POST " + push.PathPagerDuty, Handler: handler},
		server.Handler{Pattern: "POST " + push.PathIngest + "{kind}", Scope: wire.ScopeIngest, Handler: handler})
	return nil
}

// schedule adds to a server the metrics of scheduled runs, and returns what runs them
// until its context ends; nil where the configuration names no time.
func (p *program) schedule(config *Config, options *server.Options) (func(context.Context) error, error) {
	if len(config.Schedule.At) == 0 {
		return nil, nil
	}
	zoneName := config.Schedule.TimeZone
	if zoneName == "" {
		zoneName = config.Warehouse.TimeZone
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	runs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dorado_scheduled_runs_total", Help: "Times to run, by what became of them: succeeded, failed, busy (another process was at work), skipped (the run before was under way).",
	}, []string{"outcome"})
	next := prometheus.NewGauge(prometheus.GaugeOpts{Name: "dorado_scheduled_next_run_timestamp_seconds", Help: "When the next run starts, in seconds since 1970."})
	took := prometheus.NewGauge(prometheus.GaugeOpts{Name: "dorado_scheduled_last_run_duration_seconds", Help: "How long the last run took that ran to its end."})
	options.Telemetry = append(options.Telemetry, runs, next, took)
	return func(ctx context.Context) error {
		return schedule.Run(ctx, schedule.Options{
			Config: config.Schedule, Zone: zone, Folder: config.Warehouse.Path, Now: p.now, Logger: p.logger,
			IsBusy:  func(err error) bool { return errors.Is(err, warehouse.ErrInUse) },
			Planned: func(at time.Time) { next.Set(float64(at.Unix())) },
			Ended: func(outcome string, duration time.Duration) {
				runs.WithLabelValues(outcome).Inc()
				if outcome == schedule.Succeeded || outcome == schedule.FailedRun {
					took.Set(duration.Seconds())
				}
			},
		}, func(ctx context.Context) error {
			config, err := p.config() // as it is now
			if err != nil {
				return err
			}
			_, _, err = p.nightly(ctx, config)
			return err
		})
	}, nil
}
