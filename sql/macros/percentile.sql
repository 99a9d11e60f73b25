-- The percentile of a column of numbers, given as a fraction, interpolated between the two nearest.
--
-- An aggregate: the median of 1, 2 and 10 is 2, that of 1 and 2 is 1.5. It is NULL
-- without numbers; NULLs are left out.
--
-- parameters: number, fraction
-- example: select metrics.percentile(seconds, 0.5) from (values (1), (2), (10)) as numbers(seconds)
select quantile_cont(number, fraction)
