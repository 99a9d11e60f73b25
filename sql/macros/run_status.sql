-- The status of a deployment that is a workflow run, or a job of one, with this conclusion.
--
-- parameters: conclusion
-- example: select metrics.run_status('timed_out')
select case
    when conclusion is null then 'in_progress'
    when conclusion = 'success' then 'success'
    when conclusion in ('failure', 'timed_out', 'startup_failure') then 'failure'
    else 'cancelled'
end
