-- No share of recent records is below the limit at which quality stops the publish.
--
-- severity: error
select
    coverage.kind,
    coverage.subject,
    coverage.covered,
    coverage.records,
    gates.error_limit
from marts.coverage as coverage
join config.quality_gates as gates
    on coverage.kind = gates.gate
cross join config.quality as quality
where
    coverage.records >= quality.minimum
    and coverage.coverage_ratio < gates.error_limit
order by all
