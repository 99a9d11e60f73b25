-- One row per period and group, from the group's first finished production deployment on: failed deployment recovery time.
--
-- The time from when a production deployment that failed had finished to when the
-- failure was over, over the deployments that finished in the range
-- (dora.dev/guides/dora-metrics). When it was over is said by
-- core.deployment_outcomes. Percentiles are interpolated. Failures that are not
-- over have no time and are counted apart. grain is day, week, month, quarter or
-- total; by_dimension is service, team, repository, environment or none; filters are
-- those of metrics.is_selected.
--
-- period_start              The period's first day, in the warehouse's time zone.
-- period_end                The day after its last day.
-- is_complete               False where the range or the as-of time cuts the period short.
-- dimension                 The group: a service_id, team, repository or environment, or all.
-- recovered_deployments     n: deployments that failed, and whose failure is over.
-- unrecovered_deployments   Deployments that failed, and whose failure is not over.
-- median_seconds            The median of the time to recover; NULL without one.
-- p75_seconds               The time that three of four do not exceed.
-- p90_seconds               The time that nine of ten do not exceed.
-- detected_deployments      Deployments that failed and to which an incident is attributed.
-- median_detection_seconds  Of these the median time from the deployment to the first incident.
-- median_repair_seconds     Of these, where it is over, the median time from the first incident to the end of the failure.
-- by_incident               How many were over when their incidents were resolved.
-- by_deployment             How many were over when another deployment had finished.
--
-- parameters: from_at, to_at, grain := 'total', by_dimension := 'none', filters := map {}
-- example: from metrics.failed_deployment_recovery_time(timestamp '2026-01-01', timestamp '2026-02-01', by_dimension := 'service')
-- key: period_start, dimension
with

measured as (
    select
        period_start,
        dimension,
        count(recovery_seconds) as recovered_deployments,
        count(*) - count(recovery_seconds) as unrecovered_deployments,
        metrics.percentile(recovery_seconds, 0.5) as median_seconds,
        metrics.percentile(recovery_seconds, 0.75) as p75_seconds,
        metrics.percentile(recovery_seconds, 0.9) as p90_seconds,
        count(detection_seconds) as detected_deployments,
        metrics.percentile(detection_seconds, 0.5) as median_detection_seconds,
        metrics.percentile(repair_seconds, 0.5) as median_repair_seconds,
        count(*) filter (where recovery_method = 'incident') as by_incident,
        count(*) filter (where recovery_method <> 'incident') as by_deployment
    from metrics.period_outcomes(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters)
    where is_failed
    group by period_start, dimension
)

select
    periods.period_start,
    periods.period_end,
    periods.is_complete,
    periods.dimension,
    coalesce(measured.recovered_deployments, 0) as recovered_deployments,
    coalesce(measured.unrecovered_deployments, 0) as unrecovered_deployments,
    measured.median_seconds,
    measured.p75_seconds,
    measured.p90_seconds,
    coalesce(measured.detected_deployments, 0) as detected_deployments,
    measured.median_detection_seconds,
    measured.median_repair_seconds,
    coalesce(measured.by_incident, 0) as by_incident,
    coalesce(measured.by_deployment, 0) as by_deployment
from metrics.outcome_periods(from_at, to_at, grain := grain, by_dimension := by_dimension, filters := filters) as periods
left join measured
    on periods.period_start = measured.period_start
    and periods.dimension = measured.dimension
order by periods.period_start, periods.dimension
