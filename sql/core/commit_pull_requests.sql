-- One row per commit that came by a pull request.
--
-- A commit belongs to the pull request that it is the merge commit of, or that lists
-- it; to the one with the lowest number, where there are several.
--
-- commit_id                 The commit, as in core.commits.
-- pull_request_number       The pull request's number in the repository.
-- squashed_pull_request_id  The pull request that was squashed into this commit, as in core.pull_requests; NULL where it is
--     no squash, or nobody listed what was squashed.
--
-- key: commit_id
with

named as (
    select
        merges.commit_id,
        pull_requests.number,
        case
            when pull_requests.merge_method = 'squash' and pull_requests.commits > 0 then pull_requests.pull_request_id
        end as squashed_pull_request_id
    from core.pull_request_merges as merges
    join core.pull_requests as pull_requests
        on merges.pull_request_id = pull_requests.pull_request_id
    where pull_requests.merged_at is not null
    union all
    select
        commits.commit_id,
        listed.number,
        null as squashed_pull_request_id
    from staging.github_pull_request_commits as listed
    join core.commits as commits
        on listed.repository = commits.repository
        and listed.sha = commits.sha
)

select
    commit_id,
    min(number) as pull_request_number,
    arg_min(squashed_pull_request_id, number) filter (where squashed_pull_request_id is not null) as squashed_pull_request_id
from named
group by commit_id
order by commit_id
