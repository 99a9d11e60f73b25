// Package github collects repositories, deployments, releases, tags, pull
// requests and commits from GitHub's REST API, of github.com or of a GitHub
// Enterprise Server. What the records mean is left to the models.
//
// Two roads lead to them: GraphQL, which reads many repositories with one request
// (together.go), and REST, which reads one after the other and is taken where a
// server has no GraphQL or the configuration says so. Both give the same rows
// (road.go), and a cursor of one is good for the other. What only REST has, such as
// workflow runs and environments, is read by REST either way.
//
// How each collector's cursor moves, for each repository, and what it asks for
// when nothing is new (requests marked * are conditional: answered with 304 they
// cost no quota):
//
//	github_repositories   none; the repository *, or where ten and more have one owner the list of the
//	                      owner's *, 100 with one request
//	github_deployments    a span of the list, newest first; its first page *. When that has changed, it is read
//	                      back for 14 days: with every deployment that is new, was updated or had not ended
//	                      come its statuses.
//	github_tags           none; the whole list *. Where there has never been a tag or a release, nothing until
//	                      something is pushed, and once a week *.
//	github_releases       none; the whole list *. Where there is no tag, nothing.
//	github_pull_requests  a span of the list by last update, newest first; its first page *. With every one
//	                      that is merged comes its timeline: its commits, reviews and events.
//	github_commits        the head of the default branch; nothing until something is pushed, then the branch's
//	                      newest page. What it lacks is listed from the head.
//	github_history        which deployed commits the lists did not reach; nothing. One comparison for each.
//
// Pushes are not looked at for what needs none: a deployment, a comment. A timeline by
// REST lacks the accounts of commits' authors; each new mail address in a run takes a
// request more (accounts.go).
//
// By GraphQL one overview of 25 repositories takes the place of the conditional
// requests: it tells where the default branch is, and of each list the newest items
// with the time of their last change. A list is left alone where this is as it was
// when all of it was stored (overview.go):
//
//	github_deployments    the 50 newest, if they reach back 14 days; those that had not ended are asked for
//	                      all the same
//	github_tags           how many there are, which is stored (totals.go), the 20 newest, and the last push,
//	                      which moves tags
//	github_releases       how many there are, and the 100 newest
//	github_pull_requests  the 30 that were updated last
//	github_commits        the head. What is new is listed from there; parents that are not stored lead to old
//	                      commits that were merged only now. The first listing of a branch without merges is
//	                      a chain; that of one with merges is read by REST.
//	github_owner_files    pushed_at and the SHAs of what is at the top; nothing until it is pushed to. Then
//	                      100 repositories are asked for these SHAs with one query, or each by REST *.
//
// The rest is read by REST, from the repositories that Config.Needs names:
//
//	github_environments   which environments were deployed to; nothing, until another one is
//	github_workflow_runs  a span of the list, newest first, and the runs that had not ended; its first page *,
//	                      then windows of time below GitHub's thousand back for 3 days. With a run come the
//	                      attempts before its last.
//	github_workflow_jobs  raw.github_reads; nothing. One list for each run that was completed, of the
//	                      workflows that a rule with a job looks at.
//	github_changed_files  raw.github_reads; nothing. One commit for each.
//	github_issues         the greatest updated_at; the list from there *
//	github_teams          none; the teams of each owner and the repositories of each *
//
// Positions in lists are GitHub's own cursors and are kept, so that a backfill goes
// on below what is stored without reading from the top.
//
// Requests of a simulated organisation of 500 repositories, 200 deployments and 500
// merged pull requests a day with their reviews, as BenchmarkRequests counts them
// (without environments and what else REST alone has, which come on top). Those that
// count are the ones of REST that were not answered with 304:
//
//	                                       sent     count   points   at least
//	GraphQL  a night                         42         0       76   37 sent
//	         a run with nothing new          20         0       20   20 sent
//	         two years, from the start    7,960     3,380    4,640   3,429 points
//	REST     a night                      2,590     1,764        0   705 sent
//	         a run with nothing new       1,005         0        0   5 sent
//	         two years, from the start  547,000   547,000        0   511,005 sent
//
// GitHub gives 5,000 points and, apart from them, 5,000 requests an hour: two years fit
// into one by GraphQL, and take days by REST. Two years were measured on 25 repositories,
// by REST on 73 days, and multiplied. What a night by REST takes is the first pages of two
// lists of each repository (1,000), the tags and commits of each that was pushed to (some
// 700), the timelines (500), and the statuses of deployments (365: those of the day, and
// those that they took the place of); 826 of all are answered with 304. GitHub has no list
// of an organization's deployments, nor any sign of them elsewhere, which is why no fewer
// are sent.
//
// Memory does not grow with what there is to read: dorado collect of grafana-plugin-sdk-go
// by REST takes 125 MB at most, of 20 copies of it, 96,480 pull requests, 210 to 230 MB, as
// BenchmarkCollectMemory of cmd/dorado says. 70 MB of either are the program itself.
//
// A span is explained in span.go. Rows and cursor are stored page by page, and a
// run that is cut short goes on where it was.
//
// Webhooks bring rows of their own, and hints (push.go): of a repository that a hint
// names a list is read although the overview says that it is as it was.
//
// What can be missed where no webhooks come: a status that a deployment gets more than 14 days after it
// was asked for, unless it had not ended until then, when it is looked at for 90
// days (a late inactive, the usual one, changes no number); an attempt of a workflow
// run more than 3 days after the run was made, unless Config.RereadDays reaches back
// to it; where a tag was between two runs; a deployment, release, tag or issue that
// is deleted stays. By GraphQL also, until something else changes: a draft
// older than 100 releases that is published, and a tag that is moved without a push. By
// REST the first tag of a repository comes up to a week late if it came without a push,
// and the draft of a first release, which has no tag yet, when it is published.
// A deployment's ref is the SHA there where the branch is gone.
package github
