package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"dorado/server/wire"
)

// A metric is what can be asked for under one name: a macro of the schema metrics.
type metric struct {
	name       string // of the macro too
	title      string
	better     string
	n          string      // the column that says how many records a value stands on; "" where there is none
	statistics []statistic // the columns that are values, the main one first
	dimensions []string
	known      string // a query of the first day of which anything is known
	hasLevel   bool   // metrics.dora has its main statistic with level and score
}

// A statistic is a column of the macro.
type statistic struct {
	column, title, unit string
	lower, upper        string // the columns of the ends of its 95 % interval
	n                   string // the column of n where it is another than the metric's
}

// dora is the name under which all five DORA metrics are asked for.
const dora = "dora"

// What metrics are grouped by, beside none.
var (
	byDeployment = []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam, wire.DimensionRepository, wire.DimensionEnvironment}
	byIncident   = []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam, wire.DimensionUrgency, wire.DimensionPriority, wire.DimensionSource, wire.DimensionHour}
	byPull       = []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam, wire.DimensionRepository}
	byObjective  = []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam, wire.DimensionObjective}
	byService    = []string{wire.DimensionNone, wire.DimensionService, wire.DimensionTeam}
)

// The first days of which something is known.
const (
	knownDeployments = "select min(finished_day) from core.deployments"
	knownIncidents   = "select min(triggered_day) from core.incidents"
	knownPulls       = "select cast(min(merged_at) as date) from core.pull_requests"
	knownBudgets     = "select min(day) from marts.error_budget_daily"
)

// catalogue lists every metric.
var catalogue = []metric{
	{
		name: dora, title: "The five DORA metrics", better: wire.BetterNeither, n: "n", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{{column: "value", title: "Value", unit: ""}},
	},
	{
		name: "deployment_frequency", title: "Deployment frequency", better: wire.BetterHigher, n: "deployments", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{
			{column: "deployments_per_day", title: "Per day", unit: wire.UnitDeploymentsPerDay},
			{column: "deployments", title: "Deployments", unit: wire.UnitCount},
			{column: "deployment_days", title: "Days with a deployment", unit: wire.UnitCount},
			{column: "deployment_days_per_week", title: "Median days a week with a deployment", unit: wire.UnitDaysPerWeek},
			{column: "median_seconds_between_deployments", title: "Median time between deployments", unit: wire.UnitSeconds},
			{column: "whole_days", title: "Days counted", unit: wire.UnitCount},
		},
	},
	{
		name: "change_lead_time", title: "Change lead time", better: wire.BetterLower, n: "changes", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{
			{column: "median_seconds", title: "Median", unit: wire.UnitSeconds},
			{column: "p75_seconds", title: "75th percentile", unit: wire.UnitSeconds},
			{column: "p90_seconds", title: "90th percentile", unit: wire.UnitSeconds},
			{column: "p95_seconds", title: "95th percentile", unit: wire.UnitSeconds},
			{column: "changes", title: "Changes", unit: wire.UnitCount},
		},
	},
	{
		name: "change_fail_rate", title: "Change fail rate", better: wire.BetterLower, n: "deployments", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{
			{column: "fail_ratio", title: "Share that failed", unit: wire.UnitRatio, lower: "lower_ratio", upper: "upper_ratio"},
			{column: "confirmed_ratio", title: "Share that failed for sure", unit: wire.UnitRatio},
			{column: "possible_ratio", title: "Share that may have failed", unit: wire.UnitRatio},
			{column: "failed_deployments", title: "Failed deployments", unit: wire.UnitCount},
			{column: "failed_status", title: "With a failed status", unit: wire.UnitCount},
			{column: "with_incident", title: "With an incident", unit: wire.UnitCount},
			{column: "rolled_back", title: "Rolled back", unit: wire.UnitCount},
			{column: "hotfixed", title: "Hotfixed", unit: wire.UnitCount},
			{column: "reverted", title: "Reverted", unit: wire.UnitCount},
			{column: "deployments", title: "Deployments", unit: wire.UnitCount},
		},
	},
	{
		name: "failed_deployment_recovery_time", title: "Failed deployment recovery time", better: wire.BetterLower, n: "recovered_deployments", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{
			{column: "median_seconds", title: "Median", unit: wire.UnitSeconds},
			{column: "p75_seconds", title: "75th percentile", unit: wire.UnitSeconds},
			{column: "p90_seconds", title: "90th percentile", unit: wire.UnitSeconds},
			{column: "median_detection_seconds", title: "Median time to detect", unit: wire.UnitSeconds, n: "detected_deployments"},
			{column: "median_repair_seconds", title: "Median time to repair", unit: wire.UnitSeconds},
			{column: "recovered_deployments", title: "Recovered", unit: wire.UnitCount},
			{column: "unrecovered_deployments", title: "Not recovered", unit: wire.UnitCount},
			{column: "detected_deployments", title: "With an incident", unit: wire.UnitCount},
			{column: "by_incident", title: "Ended by an incident's end", unit: wire.UnitCount},
			{column: "by_deployment", title: "Ended by a deployment", unit: wire.UnitCount},
		},
	},
	{
		name: "deployment_rework_rate", title: "Deployment rework rate", better: wire.BetterLower, n: "deployments", dimensions: byDeployment, known: knownDeployments, hasLevel: true,
		statistics: []statistic{
			{column: "rework_ratio", title: "Share that is rework", unit: wire.UnitRatio, lower: "lower_ratio", upper: "upper_ratio"},
			{column: "rework_deployments", title: "Rework", unit: wire.UnitCount},
			{column: "rollbacks", title: "Rollbacks", unit: wire.UnitCount},
			{column: "reverts", title: "Reverts", unit: wire.UnitCount},
			{column: "hotfixes", title: "Hotfixes", unit: wire.UnitCount},
			{column: "deployments", title: "Deployments", unit: wire.UnitCount},
		},
	},
	{
		name: "quick_check", title: "DORA's Quick Check", better: wire.BetterHigher, dimensions: byDeployment, known: knownDeployments,
		statistics: []statistic{
			{column: "overall_score", title: "Overall", unit: wire.UnitScore},
			{column: "throughput_score", title: "Throughput", unit: wire.UnitScore},
			{column: "stability_score", title: "Stability", unit: wire.UnitScore},
			{column: "mean_overall_score", title: "Overall, mean of the survey", unit: wire.UnitScore},
			{column: "mean_throughput_score", title: "Throughput, mean of the survey", unit: wire.UnitScore},
			{column: "mean_stability_score", title: "Stability, mean of the survey", unit: wire.UnitScore},
		},
	},
	{
		name: "pull_request_stages", title: "Pull request stages", better: wire.BetterLower, n: "pull_requests", dimensions: byPull, known: knownPulls,
		statistics: []statistic{
			{column: "median_total_seconds", title: "Median, first commit to production", unit: wire.UnitSeconds, n: "deployed"},
			{column: "p90_total_seconds", title: "90th percentile, first commit to production", unit: wire.UnitSeconds, n: "deployed"},
			{column: "median_coding_seconds", title: "Median coding", unit: wire.UnitSeconds},
			{column: "median_pickup_seconds", title: "Median until the first review", unit: wire.UnitSeconds, n: "reviewed"},
			{column: "median_review_seconds", title: "Median review", unit: wire.UnitSeconds, n: "reviewed"},
			{column: "median_merge_seconds", title: "Median until the merge", unit: wire.UnitSeconds},
			{column: "median_deploy_seconds", title: "Median until production", unit: wire.UnitSeconds, n: "deployed"},
			{column: "pull_requests", title: "Merged", unit: wire.UnitCount},
			{column: "reviewed", title: "Reviewed", unit: wire.UnitCount},
			{column: "deployed", title: "Deployed", unit: wire.UnitCount},
		},
	},
	{
		name: "time_to_restore", title: "Time to restore", better: wire.BetterLower, n: "incidents", dimensions: byIncident, known: knownIncidents,
		statistics: []statistic{
			{column: "median_seconds", title: "Median", unit: wire.UnitSeconds},
			{column: "mean_seconds", title: "Mean", unit: wire.UnitSeconds},
			{column: "p75_seconds", title: "75th percentile", unit: wire.UnitSeconds},
			{column: "p90_seconds", title: "90th percentile", unit: wire.UnitSeconds},
			{column: "incidents", title: "Resolved incidents", unit: wire.UnitCount},
			{column: "open_incidents", title: "Open incidents", unit: wire.UnitCount},
		},
	},
	{
		name: "time_to_acknowledge", title: "Time to acknowledge", better: wire.BetterLower, n: "incidents", dimensions: byIncident, known: knownIncidents,
		statistics: []statistic{
			{column: "median_seconds", title: "Median", unit: wire.UnitSeconds},
			{column: "mean_seconds", title: "Mean", unit: wire.UnitSeconds},
			{column: "p75_seconds", title: "75th percentile", unit: wire.UnitSeconds},
			{column: "p90_seconds", title: "90th percentile", unit: wire.UnitSeconds},
			{column: "incidents", title: "Acknowledged incidents", unit: wire.UnitCount},
			{column: "unacknowledged_incidents", title: "Unacknowledged incidents", unit: wire.UnitCount},
		},
	},
	{
		name: "on_call_load", title: "On-call load", better: wire.BetterLower, n: "incidents", dimensions: byService, known: knownIncidents,
		statistics: []statistic{
			{column: "interruptions", title: "Interruptions", unit: wire.UnitCount},
			{column: "business_interruptions", title: "In business hours", unit: wire.UnitCount},
			{column: "off_interruptions", title: "In off hours", unit: wire.UnitCount},
			{column: "sleep_interruptions", title: "In sleep hours", unit: wire.UnitCount},
			{column: "escalations", title: "Escalations", unit: wire.UnitCount},
			{column: "incidents", title: "Incidents", unit: wire.UnitCount},
			{column: "resolved", title: "Resolved incidents that count", unit: wire.UnitCount},
			{column: "auto_resolved_ratio", title: "Share that no person resolved", unit: wire.UnitRatio, n: "resolved"},
		},
	},
	{
		name: "slo_attainment", title: "SLO attainment", better: wire.BetterHigher, n: "objectives", dimensions: byObjective, known: knownBudgets,
		statistics: []statistic{
			{column: "attainment_ratio", title: "Ratio of good", unit: wire.UnitRatio},
			{column: "target", title: "Target", unit: wire.UnitRatio},
			{column: "met_ratio", title: "Share of objectives met", unit: wire.UnitRatio},
			{column: "objectives_met", title: "Objectives met", unit: wire.UnitCount},
			{column: "objectives", title: "Objectives", unit: wire.UnitCount},
		},
	},
	{
		name: "error_budget", title: "Error budget", better: wire.BetterHigher, n: "objectives", dimensions: byObjective, known: knownBudgets,
		statistics: []statistic{
			{column: "remaining_ratio", title: "Left", unit: wire.UnitRatio},
			{column: "remaining_minutes", title: "Time left", unit: wire.UnitMinutes},
			{column: "burn_rate", title: "Burn rate", unit: wire.UnitRatio},
			{column: "seconds_to_exhaustion", title: "Time until it is spent", unit: wire.UnitSeconds},
			{column: "objectives_exhausted", title: "Objectives exhausted", unit: wire.UnitCount},
			{column: "objectives", title: "Objectives", unit: wire.UnitCount},
		},
	},
}

// doraUnits are the units of the five DORA metrics' main statistics.
func doraUnits() map[string]string {
	units := map[string]string{}
	for _, metric := range catalogue {
		if metric.hasLevel && metric.name != dora {
			units[metric.name] = metric.statistics[0].unit
		}
	}
	return units
}

// metricNamed returns a metric of the catalogue; its error is a problem.
func metricNamed(name string) (metric, error) {
	at := slices.IndexFunc(catalogue, func(m metric) bool { return m.name == name })
	if at < 0 {
		return metric{}, newProblem(http.StatusNotFound, wire.ProblemUnknownMetric, "there is no metric %q; there are %s", name, strings.Join(Metrics(), ", "))
	}
	return catalogue[at], nil
}

// filters returns what a metric can be filtered by.
func (m metric) filters() []string {
	var known []string
	for _, dimension := range wire.FilterDimensions {
		if slices.Contains(m.dimensions, dimension) {
			known = append(known, dimension)
		}
	}
	return known
}

// answerCatalogue lists the metrics, with what the snapshot says of them.
func (s *Server) answerCatalogue(w http.ResponseWriter, r *http.Request) error {
	held, err := s.hold(r, "")
	if err != nil {
		return err
	}
	defer held.release()
	return s.answer(w, r, held, "catalogue", jsonOf(func(ctx context.Context) (wire.Catalogue, error) { return s.catalogue(ctx, held) }), formats[0])
}

// catalogue returns the catalogue as the snapshot describes it.
func (s *Server) catalogue(ctx context.Context, held *held) (wire.Catalogue, error) {
	comments, canExplain := map[string]macroComment{}, map[string]bool{}
	_, err := eachRow(ctx, held.metrics, `
		select function_name, coalesce(any_value(comment), '') from duckdb_functions()
		where schema_name = 'metrics' and database_name = 'snapshot' group by function_name`, nil,
		func(scan func(...any) error) error {
			var name, comment string
			if err := scan(&name, &comment); err != nil {
				return err
			}
			comments[name] = parseComment(comment)
			canExplain[strings.TrimPrefix(name, "explain_")] = canExplain[strings.TrimPrefix(name, "explain_")] || strings.HasPrefix(name, "explain_")
			return nil
		})
	if err != nil {
		return wire.Catalogue{}, err
	}
	levels, err := levelsByMetric(ctx, held)
	if err != nil {
		return wire.Catalogue{}, err
	}
	listed := wire.Catalogue{Metrics: []wire.Metric{}, DefinitionSets: []string{}}
	for set := range s.holders {
		if set != "" {
			listed.DefinitionSets = append(listed.DefinitionSets, set)
		}
	}
	slices.Sort(listed.DefinitionSets)
	for _, metric := range catalogue {
		comment := comments[metric.name]
		made := wire.Metric{Name: metric.name, Title: metric.title, Description: comment.text, Dimensions: metric.dimensions,
			Grains: wire.Grains, Filters: metric.filters(), Better: metric.better, CanExplain: canExplain[metric.name]}
		for i, one := range metric.statistics {
			unit := one.unit
			if unit == "" {
				unit = wire.UnitCount // each row has its own
			}
			described := wire.Statistic{Name: one.column, Title: one.title, Unit: unit, Description: comment.columns[one.column]}
			if i == 0 {
				described.Levels = levels[metric.name]
			}
			made.Statistics = append(made.Statistics, described)
		}
		listed.Metrics = append(listed.Metrics, made)
	}
	return listed, nil
}

// levelsByMetric returns the levels of the report that all services are held to.
func levelsByMetric(ctx context.Context, held *held) (map[string][]wire.Level, error) {
	levels := map[string][]wire.Level{}
	_, err := eachRow(ctx, held.metrics, `
		select metric, level, limit_value from core.dora_benchmarks
		where report_year = (
			select case when count(distinct value) = 1 then max(try_cast(value as bigint)) end
			from core.definitions where metric = 'levels' and option = 'report')
		order by metric, level_rank`, nil,
		func(scan func(...any) error) error {
			var metric string
			var level wire.Level
			if err := scan(&metric, &level.Level, &level.Limit); err != nil {
				return err
			}
			levels[metric] = append(levels[metric], level)
			return nil
		})
	return levels, err
}

// A macroComment is what the header of a macro says.
type macroComment struct {
	text    string            // what the metric is
	columns map[string]string // by name
}

// parseComment reads a header: what a row is, paragraphs, columns, and lines such as
// key: ….
func parseComment(comment string) macroComment {
	parsed := macroComment{columns: map[string]string{}}
	paragraphs := strings.Split(comment, "\n\n")
	parsed.text = paragraphs[0]
	if len(paragraphs) > 1 && !strings.Contains(paragraphs[1], "  ") {
		parsed.text = strings.Join(strings.Fields(paragraphs[1]), " ")
	}
	column := ""
	for line := range strings.Lines(comment) {
		name, text, isColumn := strings.Cut(line, "  ")
		switch {
		case strings.HasPrefix(line, "    ") && column != "":
			parsed.columns[column] += " " + strings.TrimSpace(line)
		case isColumn && name != "" && !strings.Contains(name, " "):
			column = name
			parsed.columns[name] = strings.TrimSpace(text)
		default:
			column = ""
		}
	}
	return parsed
}
