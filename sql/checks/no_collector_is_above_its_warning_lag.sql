-- No collector has gone without a success for longer than the limit at which quality warns.
--
-- severity: warn
select
    freshness.collector,
    freshness.lag_seconds,
    freshness.last_error,
    gates.warn_limit as limit_hours
from marts.freshness as freshness
join config.quality_gates as gates
    on gates.gate = 'collector_lag_hours'
where
    freshness.lag_seconds > gates.warn_limit * 3600
    or gates.warn_limit is not null
    and freshness.lag_seconds is null
order by all
