-- One row per step in the life of a merged pull request, reviews aside, by the build's as-of time.
--
-- pull_request_event_id  GitHub's node id, unique over all repositories and the same by REST and by GraphQL.
-- repository             owner/name.
-- number                 The pull request's number in the repository.
-- event                  review_requested, review_request_removed, ready_for_review, convert_to_draft, merged, closed, reopened or head_ref_force_pushed.
-- actor                  The login of who did it, NULL where the account is gone.
-- requested_reviewer     Of a review request to a person the login, NULL elsewhere.
-- requested_team         Of a review request to a team its slug, NULL elsewhere.
-- sha                    Of merged the commit that it made, NULL where GitHub names none.
-- created_at             When it was done, UTC.
--
-- key: pull_request_event_id
select
    node_id as pull_request_event_id,
    repository,
    number,
    event,
    actor_login as actor,
    requested_reviewer_login as requested_reviewer,
    requested_team_slug as requested_team,
    commit_id as sha,
    created_at
from raw.github_pull_request_events
where created_at <= (select as_of from config.build)
