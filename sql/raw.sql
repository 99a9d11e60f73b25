create table "github_repositories" (
    "id" BIGINT,
    "full_name" VARCHAR,
    "default_branch" VARCHAR,
    "html_url" VARCHAR,
    "fork" BOOLEAN,
    "archived" BOOLEAN,
    "private" BOOLEAN,
    "created_at" TIMESTAMP,
    "pushed_at" TIMESTAMP
);

create table "github_deployments" (
    "id" BIGINT,
    "repository" VARCHAR,
    "sha" VARCHAR,
    "ref" VARCHAR,
    "task" VARCHAR,
    "environment" VARCHAR,
    "original_environment" VARCHAR,
    "description" VARCHAR,
    "creator_login" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP
);

create table "github_deployment_statuses" (
    "node_id" VARCHAR,
    "deployment_id" BIGINT,
    "repository" VARCHAR,
    "state" VARCHAR,
    "environment" VARCHAR,
    "description" VARCHAR,
    "log_url" VARCHAR,
    "environment_url" VARCHAR,
    "creator_login" VARCHAR,
    "created_at" TIMESTAMP
);

create table "github_releases" (
    "id" BIGINT,
    "repository" VARCHAR,
    "tag_name" VARCHAR,
    "name" VARCHAR,
    "draft" BOOLEAN,
    "prerelease" BOOLEAN,
    "published_at" TIMESTAMP,
    "html_url" VARCHAR,
    "body" VARCHAR
);

create table "github_tags" (
    "repository" VARCHAR,
    "name" VARCHAR,
    "sha" VARCHAR
);

create table "github_pull_requests" (
    "id" BIGINT,
    "repository" VARCHAR,
    "number" BIGINT,
    "title" VARCHAR,
    "state" VARCHAR,
    "draft" BOOLEAN,
    "author_login" VARCHAR,
    "author_type" VARCHAR,
    "labels" VARCHAR,
    "base_ref" VARCHAR,
    "head_ref" VARCHAR,
    "head_sha" VARCHAR,
    "merge_commit_sha" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "closed_at" TIMESTAMP,
    "merged_at" TIMESTAMP,
    "html_url" VARCHAR,
    "body" VARCHAR
);

create table "github_pull_request_commits" (
    "repository" VARCHAR,
    "number" BIGINT,
    "sha" VARCHAR,
    "position" BIGINT,
    "authored_at" TIMESTAMP,
    "committed_at" TIMESTAMP,
    "author_login" VARCHAR,
    "author_name" VARCHAR,
    "message" VARCHAR,
    "parent_count" BIGINT
);

create table "github_commits" (
    "repository" VARCHAR,
    "sha" VARCHAR,
    "authored_at" TIMESTAMP,
    "committed_at" TIMESTAMP,
    "author_login" VARCHAR,
    "author_type" VARCHAR,
    "author_name" VARCHAR,
    "message" VARCHAR,
    "html_url" VARCHAR
);

create table "github_commit_parents" (
    "repository" VARCHAR,
    "sha" VARCHAR,
    "position" BIGINT,
    "parent_sha" VARCHAR
);

create table "github_repository_names" (
    "name" VARCHAR,
    "repository_id" BIGINT
);

create table "github_environments" (
    "id" BIGINT,
    "repository" VARCHAR,
    "name" VARCHAR,
    "protection_types" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "github_workflow_runs" (
    "id" BIGINT,
    "run_attempt" BIGINT,
    "repository" VARCHAR,
    "workflow_id" BIGINT,
    "name" VARCHAR,
    "path" VARCHAR,
    "display_title" VARCHAR,
    "run_number" BIGINT,
    "event" VARCHAR,
    "head_branch" VARCHAR,
    "head_sha" VARCHAR,
    "status" VARCHAR,
    "conclusion" VARCHAR,
    "actor_login" VARCHAR,
    "actor_type" VARCHAR,
    "triggering_actor_login" VARCHAR,
    "pull_requests" VARCHAR,
    "created_at" TIMESTAMP,
    "run_started_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "github_workflow_jobs" (
    "id" BIGINT,
    "run_id" BIGINT,
    "run_attempt" BIGINT,
    "repository" VARCHAR,
    "name" VARCHAR,
    "workflow_name" VARCHAR,
    "head_branch" VARCHAR,
    "head_sha" VARCHAR,
    "status" VARCHAR,
    "conclusion" VARCHAR,
    "labels" VARCHAR,
    "runner_name" VARCHAR,
    "runner_group_name" VARCHAR,
    "created_at" TIMESTAMP,
    "started_at" TIMESTAMP,
    "completed_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "github_reviews" (
    "id" BIGINT,
    "repository" VARCHAR,
    "number" BIGINT,
    "author_login" VARCHAR,
    "author_type" VARCHAR,
    "author_association" VARCHAR,
    "state" VARCHAR,
    "commit_id" VARCHAR,
    "submitted_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "github_pull_request_events" (
    "node_id" VARCHAR,
    "repository" VARCHAR,
    "number" BIGINT,
    "event" VARCHAR,
    "actor_login" VARCHAR,
    "actor_type" VARCHAR,
    "requested_reviewer_login" VARCHAR,
    "requested_team_slug" VARCHAR,
    "commit_id" VARCHAR,
    "created_at" TIMESTAMP
);

create table "github_changed_files" (
    "repository" VARCHAR,
    "sha" VARCHAR,
    "path" VARCHAR,
    "previous_path" VARCHAR,
    "status" VARCHAR,
    "additions" BIGINT,
    "deletions" BIGINT
);

create table "github_issues" (
    "id" BIGINT,
    "repository" VARCHAR,
    "number" BIGINT,
    "title" VARCHAR,
    "state" VARCHAR,
    "state_reason" VARCHAR,
    "author_login" VARCHAR,
    "author_type" VARCHAR,
    "labels" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "closed_at" TIMESTAMP,
    "html_url" VARCHAR,
    "body" VARCHAR
);

create table "github_tag_targets" (
    "repository" VARCHAR,
    "name" VARCHAR,
    "sha" VARCHAR,
    "seen_at" TIMESTAMP
);

create table "github_teams" (
    "id" BIGINT,
    "organization" VARCHAR,
    "slug" VARCHAR,
    "name" VARCHAR,
    "description" VARCHAR,
    "privacy" VARCHAR,
    "parent_slug" VARCHAR,
    "html_url" VARCHAR,
    "read_at" TIMESTAMP
);

create table "github_team_repositories" (
    "organization" VARCHAR,
    "team_slug" VARCHAR,
    "repository_id" BIGINT,
    "repository" VARCHAR,
    "role_name" VARCHAR,
    "read_at" TIMESTAMP
);

create table "github_owner_files" (
    "repository" VARCHAR,
    "path" VARCHAR,
    "sha" VARCHAR,
    "content" VARCHAR
);

create table "github_reads" (
    "kind" VARCHAR,
    "repository" VARCHAR,
    "record" VARCHAR,
    "version" VARCHAR
);

create table "github_source_totals" (
    "repository" VARCHAR,
    "kind" VARCHAR,
    "records" BIGINT,
    "counted_at" TIMESTAMP
);

create table "pagerduty_services" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR,
    "description" VARCHAR,
    "status" VARCHAR,
    "team_ids" VARCHAR,
    "escalation_policy_id" VARCHAR,
    "acknowledgement_timeout_seconds" BIGINT,
    "auto_resolve_timeout_seconds" BIGINT,
    "created_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "pagerduty_teams" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR,
    "description" VARCHAR,
    "parent_id" VARCHAR,
    "html_url" VARCHAR
);

create table "pagerduty_escalation_policies" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR,
    "repeats" BIGINT,
    "team_ids" VARCHAR,
    "html_url" VARCHAR
);

create table "pagerduty_priorities" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR,
    "description" VARCHAR,
    "rank" BIGINT
);

create table "pagerduty_users" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR
);

create table "pagerduty_business_services" (
    "id" VARCHAR,
    "account" VARCHAR,
    "name" VARCHAR,
    "description" VARCHAR,
    "team_id" VARCHAR,
    "html_url" VARCHAR
);

create table "pagerduty_service_dependencies" (
    "id" VARCHAR,
    "account" VARCHAR,
    "supporting_service_id" VARCHAR,
    "supporting_service_type" VARCHAR,
    "dependent_service_id" VARCHAR,
    "dependent_service_type" VARCHAR
);

create table "pagerduty_maintenance_windows" (
    "id" VARCHAR,
    "account" VARCHAR,
    "service_id" VARCHAR,
    "description" VARCHAR,
    "start_at" TIMESTAMP,
    "end_at" TIMESTAMP,
    "html_url" VARCHAR
);

create table "pagerduty_incidents" (
    "id" VARCHAR,
    "account" VARCHAR,
    "number" BIGINT,
    "title" VARCHAR,
    "status" VARCHAR,
    "urgency" VARCHAR,
    "priority_id" VARCHAR,
    "priority_name" VARCHAR,
    "service_id" VARCHAR,
    "service_name" VARCHAR,
    "escalation_policy_id" VARCHAR,
    "team_ids" VARCHAR,
    "incident_key" VARCHAR,
    "incident_type" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "last_status_change_at" TIMESTAMP,
    "resolved_at" TIMESTAMP,
    "resolve_reason" VARCHAR,
    "merged_into_id" VARCHAR,
    "alerts" BIGINT,
    "triggered_alerts" BIGINT,
    "resolved_alerts" BIGINT,
    "html_url" VARCHAR
);

create table "pagerduty_log_entries" (
    "id" VARCHAR,
    "account" VARCHAR,
    "type" VARCHAR,
    "incident_id" VARCHAR,
    "service_id" VARCHAR,
    "created_at" TIMESTAMP,
    "agent_id" VARCHAR,
    "agent_type" VARCHAR,
    "channel_type" VARCHAR,
    "notified_by" VARCHAR,
    "user_id" VARCHAR,
    "assignee_ids" VARCHAR,
    "team_ids" VARCHAR,
    "summary" VARCHAR
);

create table "pagerduty_notes" (
    "id" VARCHAR,
    "account" VARCHAR,
    "incident_id" VARCHAR,
    "content" VARCHAR,
    "user_id" VARCHAR,
    "created_at" TIMESTAMP
);

create table "pagerduty_change_events" (
    "id" VARCHAR,
    "account" VARCHAR,
    "summary" VARCHAR,
    "timestamp" TIMESTAMP,
    "source" VARCHAR,
    "service_ids" VARCHAR,
    "links" VARCHAR,
    "custom_details" VARCHAR,
    "html_url" VARCHAR
);

create table "pagerduty_related_change_events" (
    "incident_id" VARCHAR,
    "change_event_id" VARCHAR,
    "account" VARCHAR,
    "correlation_reason" VARCHAR
);

create table "pagerduty_analytics_incidents" (
    "id" VARCHAR,
    "account" VARCHAR,
    "number" BIGINT,
    "status" VARCHAR,
    "urgency" VARCHAR,
    "is_major" BOOLEAN,
    "priority_id" VARCHAR,
    "priority_name" VARCHAR,
    "service_id" VARCHAR,
    "team_id" VARCHAR,
    "escalation_policy_id" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP,
    "resolved_at" TIMESTAMP,
    "seconds_to_first_ack" BIGINT,
    "seconds_to_engage" BIGINT,
    "seconds_to_mobilize" BIGINT,
    "seconds_to_resolve" BIGINT,
    "engaged_seconds" BIGINT,
    "engaged_users" BIGINT,
    "snoozed_seconds" BIGINT,
    "user_defined_effort_seconds" BIGINT,
    "acknowledgements" BIGINT,
    "assignments" BIGINT,
    "reassignments" BIGINT,
    "escalations" BIGINT,
    "manual_escalations" BIGINT,
    "timeout_escalations" BIGINT,
    "interruptions" BIGINT,
    "business_hour_interruptions" BIGINT,
    "off_hour_interruptions" BIGINT,
    "sleep_hour_interruptions" BIGINT,
    "notifications" BIGINT,
    "is_auto_resolved" BOOLEAN
);

create table "pagerduty_analytics_services" (
    "service_id" VARCHAR,
    "account" VARCHAR,
    "month" TIMESTAMP,
    "service_name" VARCHAR,
    "start_at" TIMESTAMP,
    "end_at" TIMESTAMP,
    "incidents" BIGINT,
    "mean_seconds_to_resolve" DOUBLE,
    "mean_seconds_to_first_ack" DOUBLE,
    "mean_seconds_to_engage" DOUBLE,
    "mean_seconds_to_mobilize" DOUBLE,
    "up_time_percent" DOUBLE,
    "escalations" BIGINT,
    "acknowledged_incidents" BIGINT,
    "auto_resolved_incidents" BIGINT,
    "interruptions" BIGINT,
    "business_hour_interruptions" BIGINT,
    "off_hour_interruptions" BIGINT,
    "sleep_hour_interruptions" BIGINT,
    "snoozed_seconds" BIGINT,
    "engaged_seconds" BIGINT
);

create table "openslo_files" (
    "origin" VARCHAR,
    "path" VARCHAR,
    "version" VARCHAR,
    "effective_from" TIMESTAMP,
    "is_deleted" BOOLEAN,
    "url" VARCHAR
);

create table "openslo_documents" (
    "origin" VARCHAR,
    "path" VARCHAR,
    "version" VARCHAR,
    "position" BIGINT,
    "line" BIGINT,
    "kind" VARCHAR,
    "name" VARCHAR,
    "display_name" VARCHAR,
    "source_type" VARCHAR,
    "is_valid" BOOLEAN
);

create table "openslo_objectives" (
    "origin" VARCHAR,
    "path" VARCHAR,
    "version" VARCHAR,
    "position" BIGINT,
    "objective_position" BIGINT,
    "line" BIGINT,
    "slo" VARCHAR,
    "service" VARCHAR,
    "display_name" VARCHAR,
    "target" DOUBLE,
    "budgeting_method" VARCHAR,
    "operator" VARCHAR,
    "value" DOUBLE,
    "time_slice_target" DOUBLE,
    "time_slice_seconds" BIGINT,
    "window_count" BIGINT,
    "window_unit" VARCHAR,
    "is_rolling" BOOLEAN,
    "calendar_started_at" TIMESTAMP,
    "calendar_time_zone" VARCHAR,
    "indicator" VARCHAR,
    "composite_weight" DOUBLE
);

create table "openslo_indicators" (
    "origin" VARCHAR,
    "path" VARCHAR,
    "version" VARCHAR,
    "position" BIGINT,
    "objective_position" BIGINT,
    "line" BIGINT,
    "name" VARCHAR,
    "metric" VARCHAR,
    "is_counter" BOOLEAN,
    "source_type" VARCHAR,
    "source_reference" VARCHAR,
    "measure" VARCHAR,
    "within_seconds" BIGINT,
    "query" VARCHAR,
    "total_source_type" VARCHAR,
    "total_source_reference" VARCHAR,
    "total_query" VARCHAR
);

create table "openslo_problems" (
    "origin" VARCHAR,
    "path" VARCHAR,
    "version" VARCHAR,
    "position" BIGINT,
    "line" BIGINT,
    "place" VARCHAR,
    "text" VARCHAR,
    "is_note" BOOLEAN
);

create table "ingested_deployments" (
    "id" VARCHAR,
    "service" VARCHAR,
    "repository" VARCHAR,
    "environment" VARCHAR,
    "status" VARCHAR,
    "sha" VARCHAR,
    "version" VARCHAR,
    "url" VARCHAR,
    "started_at" TIMESTAMP,
    "finished_at" TIMESTAMP
);

create table "ingested_changes" (
    "deployment_id" VARCHAR,
    "sha" VARCHAR,
    "repository" VARCHAR,
    "pull_request_number" BIGINT,
    "author" VARCHAR,
    "is_bot" BOOLEAN,
    "is_merge" BOOLEAN,
    "authored_at" TIMESTAMP,
    "committed_at" TIMESTAMP
);

create table "ingested_incidents" (
    "id" VARCHAR,
    "service" VARCHAR,
    "title" VARCHAR,
    "urgency" VARCHAR,
    "priority" VARCHAR,
    "triggered_at" TIMESTAMP,
    "acknowledged_at" TIMESTAMP,
    "resolved_at" TIMESTAMP,
    "resolved_by" VARCHAR,
    "merged_into_id" VARCHAR,
    "deployment_id" VARCHAR,
    "url" VARCHAR
);

create table "ingested_sli" (
    "slo" VARCHAR,
    "started_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "good" DOUBLE,
    "total" DOUBLE
);

create table "collector_runs" (
    "collector" VARCHAR,
    "started_at" TIMESTAMP,
    "finished_at" TIMESTAMP,
    "rows" BIGINT,
    "error" VARCHAR,
    "source" VARCHAR,
    "requests" BIGINT,
    "requests_left" BIGINT,
    "points_left" BIGINT
);

create table "hints" (
    "collector" VARCHAR,
    "record" VARCHAR,
    "occurred_at" TIMESTAMP,
    "read_at" TIMESTAMP
);

create table "metric_history" (
    "metric" VARCHAR,
    "by_dimension" VARCHAR,
    "dimension" VARCHAR,
    "grain" VARCHAR,
    "period_start" TIMESTAMP,
    "as_of" TIMESTAMP,
    "definitions_hash" VARCHAR,
    "value" DOUBLE,
    "n" BIGINT,
    "snapshot" VARCHAR
);
