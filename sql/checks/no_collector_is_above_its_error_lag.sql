-- No collector has gone without a success for longer than the limit at which quality stops the publish.
--
-- severity: error
select
    freshness.collector,
    freshness.lag_seconds,
    freshness.last_error,
    gates.error_limit as limit_hours
from marts.freshness as freshness
join config.quality_gates as gates
    on gates.gate = 'collector_lag_hours'
where
    freshness.lag_seconds > gates.error_limit * 3600
    or gates.error_limit is not null
    and freshness.lag_seconds is null
order by all
