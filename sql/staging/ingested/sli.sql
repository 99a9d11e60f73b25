-- One row per ingested measurement of a service level indicator that began by the build's as-of time.
--
-- slo         The SLO's name, or its objective: name/2.
-- good        How much of what was counted was good.
-- total       How much there was.
-- started_at  When the time that was measured began, UTC.
-- ended_at    When it ended, UTC; NULL where the file does not say.
--
-- key: slo, started_at
select
    slo,
    good,
    total,
    started_at,
    ended_at
from raw.ingested_sli
where started_at <= (select as_of from config.build)
