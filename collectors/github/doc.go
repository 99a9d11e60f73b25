// Package github collects repositories, deployments, releases, tags, pull
// requests and commits from GitHub's REST API, of github.com or of a GitHub
// Enterprise Server. What the records mean is left to the models.
//
// How each collector's cursor moves, for each repository, and what it asks for
// when nothing is new (requests marked * are conditional: answered with 304 they
// cost no quota):
//
//	github_repositories   none; the repository *
//	github_deployments    a span of the list, newest first; its first page *, then back for 14 days. With
//	                      every deployment that is new, was updated or had not ended come its statuses.
//	github_releases       none; the whole list *
//	github_tags           none; the whole list *
//	github_pull_requests  a span of the list by last update, newest first; its first page *. With every one
//	                      that is merged come its commits.
//	github_commits        the head of the default branch; its newest commit *. What is new is listed from
//	                      there.
//	github_history        which deployed commits the lists did not reach; one comparison for each.
//
// A span is explained in span.go. Rows and cursor are stored page by page, and a
// run that is cut short goes on where it was.
//
// What can be missed: a status that a deployment gets more than 14 days after it
// was asked for, unless it had not ended until then, when it is looked at for 90
// days (a late inactive, the usual one, changes no number); all but the first 250 commits of a pull request, because GitHub lists no
// more; a deployment, release or tag that is deleted stays.
package github
