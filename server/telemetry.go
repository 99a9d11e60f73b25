package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dorado/warehouse"
)

// telemetry is what the server says of itself, in Prometheus' format.
type telemetry struct {
	handler  http.Handler
	seconds  *prometheus.HistogramVec
	rows     prometheus.Counter
	asked    *prometheus.CounterVec
	switches prometheus.Counter
}

// newTelemetry returns the telemetry of a server.
func newTelemetry(s *Server) *telemetry {
	registry := prometheus.NewRegistry()
	made := &telemetry{
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "dorado_request_duration_seconds", Help: "How long requests took, by route and status.",
			Buckets: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}}, []string{"route", "status"}),
		rows:     prometheus.NewCounter(prometheus.CounterOpts{Name: "dorado_rows_sent_total", Help: "Rows in answers."}),
		asked:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dorado_cache_requests_total", Help: "Questions whose answer could be kept, by whether it was."}, []string{"result"}),
		switches: prometheus.NewCounter(prometheus.CounterOpts{Name: "dorado_snapshot_switches_total", Help: "How often a snapshot was opened to be served."}),
	}
	registry.MustRegister(made.seconds, made.rows, made.asked, made.switches, &stateCollector{server: s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(s.options.Telemetry...)
	return made
}

// observe counts an answered request.
func (t *telemetry) observe(known *request, status int, took time.Duration) {
	route := known.route
	if route == "" {
		route = "unknown" // else whoever tries paths fills the memory with them
	}
	t.seconds.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
	t.rows.Add(float64(known.rows))
}

// hit counts whether an answer was kept.
func (t *telemetry) hit(isHit bool) {
	result := "miss"
	if isHit {
		result = "hit"
	}
	t.asked.WithLabelValues(result).Inc()
}

// switched counts a snapshot that is served from now on.
func (t *telemetry) switched(*held) { t.switches.Inc() }

// answer answers with the metrics.
func (t *telemetry) answer(w http.ResponseWriter, r *http.Request) error {
	t.handler.ServeHTTP(w, r)
	return nil
}

// Descriptions of what is found when it is asked for.
var (
	snapshotNumber  = prometheus.NewDesc("dorado_snapshot_number", "The number of the snapshot that is served.", nil, nil)
	snapshotAge     = prometheus.NewDesc("dorado_snapshot_age_seconds", "From the as-of time of the snapshot that is served to now.", nil, nil)
	snapshotBytes   = prometheus.NewDesc("dorado_snapshot_size_bytes", "The size of its file.", nil, nil)
	snapshotRefused = prometheus.NewDesc("dorado_snapshots_refused", "Newer snapshots that cannot be served.", nil, nil)
	cacheBytes      = prometheus.NewDesc("dorado_cache_size_bytes", "What the answers that are kept take.", nil, nil)
	collectorLag    = prometheus.NewDesc("dorado_collector_lag_seconds", "From the end of a collector's last run that ended well to the snapshot's as-of time.", []string{"collector"}, nil)
	collectorRows   = prometheus.NewDesc("dorado_collector_last_rows", "How many rows a collector's last run stored.", []string{"collector"}, nil)
	sourceRequests  = prometheus.NewDesc("dorado_source_last_requests", "How many requests a source was sent, with those sent again, in the last run of each of its collectors.", []string{"source"}, nil)
	sourceLeft      = prometheus.NewDesc("dorado_source_requests_left", "How many more requests a source last said it would take, of all tokens together; absent where it did not say.", []string{"source"}, nil)
	sourcePoints    = prometheus.NewDesc("dorado_source_points_left", "How many more points of GraphQL a source last said it would take, of all tokens together; absent where it did not say.", []string{"source"}, nil)
	checksFailed    = prometheus.NewDesc("dorado_checks_not_held", "Checks of the snapshot that do not hold.", nil, nil)
	buildSucceeded  = prometheus.NewDesc("dorado_last_build_success", "1 where the newest build was published.", nil, nil)
	buildSeconds    = prometheus.NewDesc("dorado_last_build_duration_seconds", "How long the newest build took.", nil, nil)
	queriesRunning  = prometheus.NewDesc("dorado_sql_queries_running", "SQL queries that run now.", nil, nil)
)

// lastAsked is what each source was asked, and what it said last to any of its collectors.
const lastAsked = `
	select
		source,
		sum(last_requests)::double,
		arg_max(requests_left, {finished_at: last_finished_at, used: -requests_left})::double,
		arg_max(points_left, {finished_at: last_finished_at, used: -points_left})::double
	from marts.freshness
	where source is not null
	group by source`

// scrapeLimit is how long the state may be looked for.
const scrapeLimit = 5 * time.Second

// A stateCollector finds the state of what is served.
type stateCollector struct{ server *Server }

// Describe describes nothing in advance: what Collect finds depends on the snapshot.
func (c *stateCollector) Describe(chan<- *prometheus.Desc) {}

// Collect finds the state; what cannot be found is left out.
func (c *stateCollector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(description *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, labels...)
	}
	gauge(queriesRunning, float64(len(c.server.queries.turns)))
	if last, err := warehouse.LastBuild(c.server.options.Warehouse); err == nil && last != nil {
		isPublished := 0.0
		if last.IsPublished {
			isPublished = 1
		}
		gauge(buildSucceeded, isPublished)
		gauge(buildSeconds, last.FinishedAt.Sub(last.StartedAt).Seconds())
	}
	_, refused := c.server.holders[""].state()
	gauge(snapshotRefused, float64(len(refused)))
	held, err := c.server.holders[""].acquire()
	if err != nil {
		return
	}
	defer held.release()
	if number, err := strconv.ParseFloat(held.Number, 64); err == nil {
		gauge(snapshotNumber, number)
	}
	gauge(snapshotAge, c.server.options.Now().Sub(held.asOf).Seconds())
	gauge(snapshotBytes, float64(held.Bytes))
	gauge(cacheBytes, float64(held.cache.size()))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	_, err = eachRow(ctx, held.metrics, "select collector, lag_seconds::double, last_rows::double from marts.freshness", nil, func(scan func(...any) error) error {
		var collector string
		var lag, rows *float64
		if err := scan(&collector, &lag, &rows); err != nil {
			return err
		}
		if lag != nil {
			gauge(collectorLag, *lag, collector)
		}
		if rows != nil {
			gauge(collectorRows, *rows, collector)
		}
		return nil
	})
	failed := 0.0
	if err == nil {
		err = scanOne(ctx, held.metrics, "select count(*) filter (where not is_held)::double from marts.checks", nil, &failed)
	}
	if err != nil {
		c.server.logger.Error("find the state for /metrics", "error", err)
		return
	}
	gauge(checksFailed, failed)
	if err = collectSources(ctx, held, gauge); err != nil {
		c.server.logger.Error("find for /metrics what the sources were asked", "error", err)
	}
}

// collectSources finds what the sources were asked.
func collectSources(ctx context.Context, held *held, gauge func(*prometheus.Desc, float64, ...string)) error {
	_, err := eachRow(ctx, held.metrics, lastAsked, nil, func(scan func(...any) error) error {
		var source string
		var requests, left, points *float64
		if err := scan(&source, &requests, &left, &points); err != nil {
			return err
		}
		for description, value := range map[*prometheus.Desc]*float64{sourceRequests: requests, sourceLeft: left, sourcePoints: points} {
			if value != nil {
				gauge(description, *value, source)
			}
		}
		return nil
	})
	return err
}
