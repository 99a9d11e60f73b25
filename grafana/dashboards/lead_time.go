package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"dorado/server/wire"
)

// leadTime answers where the time goes between writing a change and its users.
func leadTime() *board {
	b := newBoard("lead-time", "Change lead time", "How long changes take, in which stage they wait, which took longest, and what waits undeployed now.",
		several(wire.DimensionTeam, "Team", wire.Filters{}),
		several(wire.DimensionService, "Service", wire.Filters{Team: []string{everyTeam}}),
		several(wire.DimensionEnvironment, "Environment", wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}}),
	).annotations(wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}})
	b.add(6, 4, number("Median", aboutLeadTime, seconds, metric("change_lead_time", "median_seconds", selected)))
	b.add(6, 4, number("90th percentile", "The lead time that nine of ten changes do not exceed.", seconds, metric("change_lead_time", "p90_seconds", selected)))
	b.add(6, 4, number("Changes", "Changes that were deployed in the range and have a lead time.", plain, metric("change_lead_time", "changes", selected)))
	b.add(6, 4, number("First commit to production", "The median time from a pull request's first commit to its deployment, over the pull requests merged in the range.", seconds,
		metric("pull_request_stages", "median_total_seconds", byPullRequest)))
	b.add(12, 8, lines("How lead time develops", aboutLeadTime, seconds,
		every(wire.GrainWeek, metric("change_lead_time", "median_seconds", selected)), every(wire.GrainWeek, metric("change_lead_time", "p75_seconds", selected)), every(wire.GrainWeek, metric("change_lead_time", "p90_seconds", selected))))
	b.add(12, 8, bars("How lead times are spread", "Changes of the range by their lead time.", plain, "lead time", common.VizOrientationVertical,
		rows(selected, `select
    case
        when upper_seconds is null then 'over ' || lower_seconds // 86400 || ' d'
        when upper_seconds <= 86400 then 'to ' || upper_seconds // 3600 || ' h'
        else 'to ' || upper_seconds // 86400 || ' d'
    end as "lead time",
    changes
from metrics.change_lead_time_distribution($__timeFrom, $__timeTo, filters := $__filters)
order by lower_seconds`)))
	b.row("Stages of pull requests")
	b.add(12, 9, stages(byPullRequest))
	b.add(12, 9, lines("Reviewed, merged, deployed", "How many pull requests were merged, of these reviewed by somebody else, and deployed.", plain,
		metric("pull_request_stages", "pull_requests", byPullRequest), metric("pull_request_stages", "reviewed", byPullRequest), metric("pull_request_stages", "deployed", byPullRequest)))
	b.row("Single changes")
	b.add(12, 10, list("The slowest changes", "The changes of the range that took longest; each is linked to its commit.",
		rows(selected, `select
    changes.lead_time_seconds as "lead time",
    changes.service_id as service,
    changes.author,
    changes.pull_request_number as "pull request",
    deployments.finished_at as deployed,
    pages.repository_url || '/commit/' || commits.sha as commit
from core.changes as changes
join core.deployments as deployments
    on changes.deployment_id = deployments.deployment_id
left join core.services as services
    on changes.service_id = services.service_id
left join core.commits as commits
    on changes.repository = commits.repository
    and changes.sha = commits.sha
left join (select repository, max(repository_url) as repository_url from core.repositories group by repository) as pages
    on changes.repository = pages.repository
where
    deployments.is_production
    and changes.excluded_reason is null
    and $__timeFilter(deployments.finished_at)
    and metrics.is_selected($__filters, changes.service_id, services.team, changes.repository, deployments.environment)
order by changes.lead_time_seconds desc, changes.sha
limit 100`), append(in(seconds, "lead time"), address("commit"))...))
	b.add(12, 10, undeployed(byPullRequest))
	b.add(24, 8, bars("Batch size", "Deployments of the range by how many changes they ship first: small batches fail less.", plain, "changes", common.VizOrientationVertical,
		rows(selected, `select
    case
        when changes = 0 then '0'
        when changes <= 2 then '1 to 2'
        when changes <= 5 then '3 to 5'
        when changes <= 10 then '6 to 10'
        else 'over 10'
    end as changes,
    count(*) as deployments
from (
    select
        deployments.deployment_id,
        count(changes.sha) as changes
    from core.deployments as deployments
    left join core.services as services
        on deployments.service_id = services.service_id
    left join core.changes as changes
        on deployments.deployment_id = changes.deployment_id
    where
        deployments.is_production
        and deployments.status = 'success'
        and $__timeFilter(deployments.finished_at)
        and metrics.is_selected($__filters, deployments.service_id, services.team, deployments.repository, deployments.environment)
    group by deployments.deployment_id
) as batches
group by 1
order by min(batches.changes)`)))
	return b
}

// byPullRequest are the filters that pull requests, which go to no environment, can
// have.
var byPullRequest = wire.Filters{Team: []string{everyTeam}, Service: []string{everyService}}

// stages shows where pull requests spend their time.
func stages(filters wire.Filters) panel {
	return stack("Where pull requests wait", "The median time of coding, until the first review, in review, until the merge and until the deployment, over the pull requests merged in a month. Medians do not add up to the median of the whole.", seconds,
		every(wire.GrainMonth, metric("pull_request_stages", "median_coding_seconds", filters)),
		every(wire.GrainMonth, metric("pull_request_stages", "median_pickup_seconds", filters)),
		every(wire.GrainMonth, metric("pull_request_stages", "median_review_seconds", filters)),
		every(wire.GrainMonth, metric("pull_request_stages", "median_merge_seconds", filters)),
		every(wire.GrainMonth, metric("pull_request_stages", "median_deploy_seconds", filters)))
}

// undeployed lists what is merged and has not reached production.
func undeployed(filters wire.Filters) panel {
	return list("Merged and not deployed", "Pull requests merged in the range that no production deployment is known to have shipped, the newest first, with the reason.",
		rows(filters, `select
    waiting.merged_at as merged,
    waiting.service_id as service,
    waiting.number as "pull request",
    waiting.not_deployed_reason as reason,
    pull_requests.title,
    pages.repository_url || '/pull/' || waiting.number as page
from core.pull_request_deployments as waiting
join core.pull_requests as pull_requests
    on waiting.pull_request_id = pull_requests.pull_request_id
left join core.services as services
    on waiting.service_id = services.service_id
left join (select repository, max(repository_url) as repository_url from core.repositories group by repository) as pages
    on waiting.repository = pages.repository
where
    waiting.deployment_id is null
    and $__timeFilter(waiting.merged_at)
    and metrics.is_selected($__filters, waiting.service_id, services.team, waiting.repository, null)
order by waiting.merged_at desc
limit 100`), address("page"))
}
