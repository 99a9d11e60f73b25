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
    "transient_environment" BOOLEAN,
    "production_environment" BOOLEAN,
    "description" VARCHAR,
    "creator_login" VARCHAR,
    "created_at" TIMESTAMP,
    "updated_at" TIMESTAMP
);

create table "github_deployment_statuses" (
    "id" BIGINT,
    "deployment_id" BIGINT,
    "repository" VARCHAR,
    "state" VARCHAR,
    "environment" VARCHAR,
    "description" VARCHAR,
    "log_url" VARCHAR,
    "target_url" VARCHAR,
    "environment_url" VARCHAR,
    "creator_login" VARCHAR,
    "created_at" TIMESTAMP
);

create table "github_releases" (
    "id" BIGINT,
    "repository" VARCHAR,
    "tag_name" VARCHAR,
    "target_commitish" VARCHAR,
    "name" VARCHAR,
    "draft" BOOLEAN,
    "prerelease" BOOLEAN,
    "author_login" VARCHAR,
    "created_at" TIMESTAMP,
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
