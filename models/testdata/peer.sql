-- Tables as Apache DevLake has them, with the keys that it makes and no others, and
-- what a published snapshot knows in them. DATETIME is what an engine calls an
-- instant; the data are written as CSV, to be read by every engine.
create table project_mapping (project_name varchar(255), "table" varchar(255), row_id varchar(255), primary key (project_name, "table", row_id));
create table cicd_deployment_commits (id varchar(255) primary key, cicd_scope_id varchar(255), cicd_deployment_id varchar(255),
    environment varchar(255), result varchar(255), commit_sha varchar(255), repo_url varchar(255), finished_date DATETIME);
create table pull_requests (id varchar(255) primary key, base_repo_id varchar(255), merged_date DATETIME);
create table project_pr_metrics (id varchar(255), project_name varchar(255), deployment_commit_id varchar(255), pr_cycle_time bigint, primary key (id, project_name));
create table incidents (id varchar(255) primary key, scope_id varchar(255), created_date DATETIME, resolution_date DATETIME, lead_time_minutes bigint);
create table project_incident_deployment_relationships (id varchar(255) primary key, project_name varchar(255), deployment_id varchar(255));
