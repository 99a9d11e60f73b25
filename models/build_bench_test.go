package models

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/sql"
	"dorado/warehouse"
)

// syntheticRaw fills the raw tables with changes commits in 200 repositories,
// straight histories of which every tenth commit is deployed and every fourth is
// the squash of a pull request with two commits.
const syntheticRaw = `
create table commits as
select
    'acme/service-' || (i %% 200) as repository,
    i // 200 as place,
    sha1(i::varchar) as sha,
    timestamp '2024-01-01' + interval (i) minute as committed_at
from range(%d) as numbers(i);

insert into github_repositories by name
select row_number() over (order by repository) as id, repository as full_name, 'main' as default_branch, 'https://example.invalid/' || repository as html_url, false as archived
from (select distinct repository from commits);

insert into github_commits by name
select repository, sha, 'ana' as author_login, 'User' as author_type, 'Change ' || place as message, committed_at - interval 1 hour as authored_at, committed_at
from commits;

insert into github_commit_parents by name
select child.repository, child.sha, 0 as position, parent.sha as parent_sha
from commits as child
join commits as parent on child.repository = parent.repository and child.place = parent.place + 1;

insert into github_deployments by name
select row_number() over (order by committed_at, sha) as id, repository, sha, 'main' as ref, 'production' as environment, committed_at + interval 1 hour as created_at
from commits where place %% 10 = 9;

insert into github_deployment_statuses by name
select 'DES_' || (id * 2 + step) as node_id, id as deployment_id, repository, ['in_progress', 'success'][step + 1] as state, created_at + interval (step * 5) minute as created_at
from github_deployments cross join range(2) as steps(step);

insert into github_pull_requests by name
select row_number() over (order by committed_at, sha) as id, repository, place as number, 'Change ' || place as title, 'ana' as author_login, 'User' as author_type, 'main' as base_ref, sha as merge_commit_sha, committed_at - interval 3 hour as created_at, committed_at as closed_at, committed_at as merged_at
from commits where place %% 4 = 0;

insert into github_pull_request_commits by name
select repository, number, sha1(merge_commit_sha || step) as sha, step as position, 'Work ' || step as message, created_at + interval (step) minute as authored_at, created_at + interval (step) minute as committed_at, 1 as parent_count
from github_pull_requests cross join range(2) as steps(step);

drop table commits`

// BenchmarkBuild builds and publishes a snapshot from a raw store of 1,000,000
// commits, which become 1,250,000 changes, and 100,000 deployments.
func BenchmarkBuild(b *testing.B) {
	ctx := context.Background()
	folder := b.TempDir()
	raw, err := warehouse.OpenRaw(ctx, folder)
	if err != nil {
		b.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := warehouse.OpenMemory(ctx)
	if err != nil {
		b.Fatal(err)
	}
	for _, statement := range []string{
		"attach '" + folder + "/raw.duckdb' as filled", "use filled", sql.Raw, fmt.Sprintf(syntheticRaw, 1_000_000), "use memory", "detach filled",
	} {
		if err := db.Exec(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	models, err := Load(sql.Files)
	if err != nil {
		b.Fatal(err)
	}
	settings := Settings{AsOf: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), TimeZone: "Europe/Berlin"}
	var published warehouse.Published
	took := map[string]time.Duration{}
	for b.Loop() {
		published, err = warehouse.Publish(ctx, folder, 1, func(ctx context.Context, db *warehouse.Database) error {
			last := time.Now()
			_, err := Build(ctx, db, models, settings, func(_, _ int, name string) {
				took[name] = time.Since(last)
				last = time.Now()
			})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(published.Bytes)/1e6, "MB")
	if os.Getenv("DORADO_BENCH_STEPS") != "" {
		var steps strings.Builder // one text: of many logs a benchmark shows only some
		for _, name := range slices.SortedFunc(maps.Keys(took), func(a, b string) int { return cmp.Compare(took[b], took[a]) }) {
			fmt.Fprintf(&steps, "\n%8.0f ms  %s", took[name].Seconds()*1000, name)
		}
		b.Log(steps.String())
	}
}
