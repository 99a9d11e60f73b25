// Package server answers over HTTP what a warehouse knows: `dorado serve`.
//
// It serves the newest published snapshot, read-only, and goes over to a new one
// without a request noticing. Metrics come from the macros that the CLI calls too;
// it computes nothing itself. Who may ask is in access.go, what SQL may do in package
// warehouse, what the paths answer in openapi.yaml, which the tests hold it to.
//
// Records that others push and schedules are handlers of others, which Options.Handlers
// mounts. Pages for people are made in package page; pages.go lets people in.
package server

import (
	"context"
	"crypto/tls"
	_ "embed" // the contract
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"dorado/server/page"
	"dorado/server/wire"
	"dorado/warehouse"
)

//go:embed openapi.yaml
var contract []byte

// Contract returns the contract of the API, an OpenAPI file.
func Contract() []byte { return contract }

// pollInterval is how often the server looks for a new snapshot.
const pollInterval = time.Second

// Options say what a server serves, and to whom.
type Options struct {
	Config    Config
	Warehouse string            // its folder
	Sets      map[string]string // the folders of the definition sets beside the configuration's own, by name
	Temporary string            // folder for what does not fit in memory; "" for the system's
	Version   string            // dorado's
	Logger    *slog.Logger
	Poll      time.Duration          // how often new snapshots are looked for; default a second
	Repeat    time.Duration          // how long a new one is asked what the one before was asked, until it is served; default 30 seconds
	Handlers  []Handler              // paths of others
	Telemetry []prometheus.Collector // metrics of others
	Problems  func() []string        // why the newest build was refused; nil where nobody knows
	Now       func() time.Time       // default time.Now
}

// A Handler is a path of somebody else's, which this server guards, counts and logs
// like its own.
type Handler struct {
	Pattern string // as [http.ServeMux] has it: "POST /webhooks/github"
	Scope   string // what the caller must have; "" for what identifies its callers itself
	Handler http.Handler
}

// A Server answers requests. New makes one; Run must run for it to have anything to
// serve.
type Server struct {
	options   Options
	config    Config
	engine    string // DuckDB's version
	logger    *slog.Logger
	holders   map[string]*holder // by definition set; "" is the configuration's own
	access    *access
	audit     *audit
	telemetry *telemetry
	queries   *gate // for SQL
	asking    *gate // for all else
	flights   singleflight.Group
	memory    *memoryWatch
	shown     *page.Pages
	handler   http.Handler
	requests  atomic.Uint64
	instance  string // begins the ids of this process' requests
}

// New returns a server. It reads what the OpenID provider publishes where one is
// configured, and else asks nobody anything.
func New(ctx context.Context, options Options) (*Server, error) {
	config := options.Config.WithDefaults(runtime.NumCPU())
	options.Config = config
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Poll == 0 {
		options.Poll = pollInterval
	}
	if options.Repeat == 0 {
		options.Repeat = repeatLimit
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	engine, err := warehouse.EngineVersion(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, config: config, engine: engine, logger: options.Logger, holders: map[string]*holder{}, instance: randomText(4),
		memory: &memoryWatch{running: map[*context.CancelCauseFunc]bool{}}}
	if s.access, err = newAccess(ctx, config, options.Now); err != nil {
		return nil, err
	}
	if s.audit, err = newAudit(config.AuditFile, options.Logger); err != nil {
		return nil, err
	}
	s.telemetry = newTelemetry(s)
	s.queries = newGate(config.Limits.Queries, config.Limits.Waiting, sqlPatience)
	s.asking = newGate(config.Limits.MetricsQueries, 64*config.Limits.MetricsQueries, seconds(config.Limits.Seconds))
	s.addHolder("", options.Warehouse)
	for name, folder := range options.Sets {
		s.addHolder(name, folder)
	}
	s.handler, err = s.routes()
	return s, err
}

// addHolder adds the holder of a definition set.
func (s *Server) addHolder(set, folder string) {
	s.holders[set] = &holder{
		folder:   folder,
		interval: s.options.Poll,
		open:     func(ctx context.Context, kept warehouse.Kept) (*held, error) { return s.openHeld(ctx, set, kept) },
		repeat:   s.repeat,
		logger:   s.logger.With("definition_set", set),
		switched: s.telemetry.switched,
		refused:  map[string]refusal{},
	}
}

// openHeld opens a snapshot twice, each in an instance of its own, and warms it. Both are
// opened at once: the file may be gone when somebody asks in SQL for the first time.
func (s *Server) openHeld(ctx context.Context, set string, kept warehouse.Kept) (_ *held, err error) {
	limits := s.config.Limits
	opened := &held{Kept: kept, set: set, cache: newCache(sizeBytes(limits.Cache))}
	confinement := warehouse.Confinement{Memory: limits.MetricsMemory, TemporaryBytes: sizeBytes(limits.Temporary),
		Temporary: s.options.Temporary, Threads: runtime.NumCPU()}
	if opened.metrics, err = warehouse.OpenConfined(ctx, kept.Path, confinement); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.metrics.Close())
		}
	}()
	if err := opened.warm(ctx); err != nil {
		return nil, fmt.Errorf("read snapshot %s: %w", kept.Number, err)
	}
	confinement.Memory, confinement.Threads = limits.Memory, limits.Threads
	if opened.sql, err = warehouse.OpenConfined(ctx, kept.Path, confinement); err != nil {
		return nil, err
	}
	opened.close = func() {
		if err := errors.Join(opened.metrics.Close(), opened.sql.Close()); err != nil {
			s.logger.Error("close a snapshot", "snapshot", kept.Number, "error", err)
		}
	}
	return opened, nil
}

// warm reads what the snapshot was built for, and what most requests read.
func (d *held) warm(ctx context.Context) error {
	zone := ""
	err := scanOne(ctx, d.metrics, "select as_of, time_zone, definitions_hash from core.snapshot", nil, &d.asOf, &zone, &d.definitionsHash)
	if err != nil {
		return err
	}
	if d.timeZone, err = time.LoadLocation(zone); err != nil {
		return fmt.Errorf("its time zone: %w", err)
	}
	from, to := d.defaultRange()
	_, err = eachRow(ctx, d.metrics, "select count(*) from metrics.dora($1::timestamp, $2::timestamp, by_dimension := 'service')",
		[]any{from, to}, func(func(...any) error) error { return nil })
	return err
}

// defaultDays is how long a range is that is not given.
const defaultDays = 90

// defaultRange returns the last days that were over when the snapshot was built.
func (d *held) defaultRange() (from, to time.Time) {
	asOf := d.asOf.In(d.timeZone)
	to = time.Date(asOf.Year(), asOf.Month(), asOf.Day(), 0, 0, 0, 0, d.timeZone)
	return to.AddDate(0, 0, -defaultDays).UTC(), to.UTC()
}

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Snapshot returns the snapshot that is served, for handlers of others, who release it
// when they have answered.
func (s *Server) Snapshot() (snapshot *warehouse.Snapshot, release func(), err error) {
	held, err := s.holders[""].acquire()
	if err != nil {
		return nil, nil, err
	}
	return held.metrics, held.release, nil
}

// Watch looks for snapshots until the context ends, and then lets go of them.
func (s *Server) Watch(ctx context.Context) {
	done := make(chan struct{})
	for _, holder := range s.holders {
		go func() {
			holder.run(ctx)
			holder.closeAll()
			done <- struct{}{}
		}()
	}
	for range s.holders {
		<-done
	}
}

// Look looks for new snapshots now.
func (s *Server) Look(ctx context.Context) {
	for _, holder := range s.holders {
		holder.look(ctx)
	}
}

// Run serves until the context ends, and then for as long as the requests under way
// take, but not longer than the configuration allows. ready is called with the address
// once requests are taken.
func (s *Server) Run(ctx context.Context, ready func(net.Addr)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("another program has %s: stop it, or choose another address with server.listen or --listen (%w)", s.config.Listen, err)
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	watched := make(chan struct{})
	s.Look(ctx)
	go func() {
		s.Watch(watching)
		close(watched)
	}()
	defer func() {
		stop()
		<-watched
	}()
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:           s.handler,
		Protocols:         protocols,
		ReadHeaderTimeout: seconds(s.config.Limits.HeaderSeconds),
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	if ready != nil {
		ready(listener.Addr())
	}
	ended := make(chan error, 1)
	go func() {
		if s.config.TLS.CertificateFile != "" {
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			ended <- server.ServeTLS(listener, s.config.TLS.CertificateFile, s.config.TLS.KeyFile)
			return
		}
		ended <- server.Serve(listener)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.logger.Info("stop serving", "limit_seconds", s.config.ShutdownSeconds)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), seconds(s.config.ShutdownSeconds))
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close(), s.audit.close())
	}
	return s.audit.close()
}

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }

// An endpoint is a path and what it does.
type endpoint struct {
	pattern string
	scope   string // "" for everybody
	answer  func(w http.ResponseWriter, r *http.Request) error
}

// endpoints lists the paths of this package.
func (s *Server) endpoints() []endpoint {
	return []endpoint{
		{"GET " + wire.PathMetrics, wire.ScopeMetrics, bare(s.answerCatalogue)},
		{"POST " + wire.PathMetricQuery, wire.ScopeMetrics, s.answerMetric},
		{"POST " + wire.PathQuery, wire.ScopeSQL, s.answerSQL},
		{"GET " + wire.PathDimensions + "{dimension}", wire.ScopeMetrics, s.answerDimension},
		{"GET " + wire.PathExplain, wire.ScopeMetrics, s.answerExplain},
		{"GET " + wire.PathAnnotations, wire.ScopeMetrics, s.answerAnnotations},
		{"GET " + wire.PathSLOs, wire.ScopeMetrics, s.answerSLOs},
		{"GET " + wire.PathFreshness, wire.ScopeMetrics, bare(s.answerFreshness)},
		{"GET " + wire.PathSnapshots, wire.ScopeMetrics, bare(s.answerSnapshots)},
		{"GET " + wire.PathSchema, wire.ScopeMetrics, bare(s.answerSchema)},
		{"GET " + wire.PathWhoAmI, wire.ScopeMetrics, bare(s.answerCaller)},
		{"GET " + wire.PathHealth, "", s.answerHealth},
		{"GET " + wire.PathReady, "", s.answerReady},
		{"GET " + wire.PathTelemetry, wire.ScopeAdmin, s.telemetry.answer},
	}
}

// bare answers requests that may have no parameters.
func bare(answer func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := parametersOf(r); err != nil {
			return err
		}
		return answer(w, r)
	}
}

// routes returns the handler of all paths.
func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	for _, one := range s.endpoints() {
		mux.Handle(one.pattern, s.guard(one.pattern, one.scope, one.answer))
	}
	for _, one := range s.options.Handlers {
		mux.Handle(one.Pattern, s.guard(one.Pattern, one.Scope, func(w http.ResponseWriter, r *http.Request) error {
			one.Handler.ServeHTTP(w, r)
			return nil
		}))
	}
	pages := s.pages()
	for _, pattern := range page.Patterns {
		mux.Handle(pattern, s.guard(pattern, "", func(w http.ResponseWriter, r *http.Request) error {
			pages.ServeHTTP(w, r)
			return nil
		}))
	}
	for pattern, answer := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /login": s.logIn, "POST /login": s.logIn, "POST /logout": s.logOut,
	} {
		mux.Handle(pattern, s.guard(pattern, "", answer))
	}
	compress, err := gzhttp.NewWrapper(gzhttp.EnableZstd(true), gzhttp.PreferZstd(true), gzhttp.MinSize(1024),
		gzhttp.ContentTypeFilter(func(string) bool { return true }))
	if err != nil {
		return nil, fmt.Errorf("compress answers: %w", err)
	}
	return s.log(compress(s.unknown(mux))), nil
}

// Metrics returns the names of the metrics that can be asked for, those of models
// among them.
func Metrics() []string {
	names := make([]string, len(catalogue))
	for i, metric := range catalogue {
		names[i] = metric.name
	}
	return names
}
