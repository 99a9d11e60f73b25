-- The lower end of the Wilson 95 % interval of a share: of hits among n.
--
-- The share that the hits were drawn from lies between metrics.wilson_lower and
-- metrics.wilson_upper in 95 of 100 cases (Wilson 1927, without correction for
-- continuity, z = 1.959963984540054). Unlike the usual interval it is no point
-- where there are no hits. NULL where n is 0.
--
-- parameters: hits, n
-- example: select metrics.wilson_lower(3, 20)
select case when n > 0 then
    greatest(0.0, (
        hits + 1.9207294103470613
        - 1.959963984540054 * sqrt(hits * (n - hits) / n + 0.9603647051735307)
    ) / (n + 3.8414588206941227))
end
