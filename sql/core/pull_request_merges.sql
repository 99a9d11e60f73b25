-- One row per merged pull request whose merge commit is stored.
--
-- pull_request_id  The pull request, as in core.pull_requests.
-- commit_id        The commit that it became on its base branch, as in core.commits: a merge, a squash or the last of a rebase.
--
-- key: pull_request_id
select
    pull_requests.pull_request_id,
    commits.commit_id
from staging.github_pull_requests as pull_requests
join core.commits as commits
    on pull_requests.repository = commits.repository
    and pull_requests.merge_commit_sha = commits.sha
order by pull_requests.pull_request_id
