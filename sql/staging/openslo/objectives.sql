-- One row per objective of a valid SLO in a version of a file.
--
-- origin               The version of the file, as in staging.openslo_files.
-- path                 The version of the file.
-- version              The version of the file.
-- position             The SLO's place in the file, from 1.
-- objective_position   The objective's place in the SLO, from 1.
-- line                 The line that it begins in.
-- slo                  The SLO's name.
-- service              Its service, as it is written.
-- display_name         The objective's display name; NULL where it has none.
-- target               The ratio that must be good.
-- budgeting_method     Occurrences, Timeslices or RatioTimeslices.
-- operator             How a threshold metric is compared: lt, lte, gt or gte; NULL where it is not.
-- threshold            What it is compared with.
-- time_slice_target    The ratio from which a slice is good; NULL where slices are not judged.
-- time_slice_seconds   The length of a slice; NULL where there are none.
-- window_count         The length of the budget's window, in window_unit.
-- window_unit          m, h, d, w, M, Q or Y.
-- is_rolling           False for a window of the calendar.
-- calendar_started_at  When the first window of the calendar began, in calendar_time_zone.
-- calendar_time_zone   Its IANA zone.
-- indicator            The name of its indicator, as in staging.openslo_indicators.
-- composite_weight     Its weight, which is not computed with; NULL where it has none.
--
-- key: origin, path, version, position, objective_position
select
    origin,
    path,
    version,
    position,
    objective_position,
    line,
    slo,
    service,
    display_name,
    target,
    budgeting_method,
    operator,
    value as threshold,
    time_slice_target,
    time_slice_seconds,
    window_count,
    window_unit,
    is_rolling,
    calendar_started_at,
    calendar_time_zone,
    indicator,
    composite_weight
from raw.openslo_objectives
