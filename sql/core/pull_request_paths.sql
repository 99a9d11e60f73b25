-- One row per merged pull request and path that it touches, of those all of whose paths are known.
--
-- A merge brings the commits that the pull request lists, and a rebase copies of
-- them, which touch the same; a squash is one commit of its own.
--
-- pull_request_id  The pull request, as in core.pull_requests.
-- path             The path.
--
-- key: pull_request_id, path
with

brought as (
    select
        pull_requests.pull_request_id,
        pull_requests.repository,
        pull_requests.merge_commit_sha as sha
    from core.pull_requests as pull_requests
    where pull_requests.merge_method = 'squash'
    union all
    select
        pull_requests.pull_request_id,
        pull_requests.repository,
        originals.sha
    from core.pull_requests as pull_requests
    join staging.github_pull_request_commits as originals
        on pull_requests.repository = originals.repository
        and pull_requests.number = originals.number
    where
        pull_requests.merge_method in ('merge', 'rebase')
        and not originals.is_merge
),

touched as (
    select
        brought.pull_request_id,
        files.path,
        files.previous_path
    from brought
    join staging.github_changed_files as files
        on brought.repository = files.repository
        and brought.sha = files.sha
    -- All of it or nothing.
    anti join (
        select brought.pull_request_id
        from brought
        anti join staging.github_changed_files as known
            on brought.repository = known.repository
            and brought.sha = known.sha
    ) as incomplete
        on brought.pull_request_id = incomplete.pull_request_id
)

select
    pull_request_id,
    path
from touched
union
select
    pull_request_id,
    previous_path
from touched
where previous_path is not null
order by pull_request_id, path
