package github

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dorado/collectors"
)

// recorded returns the path of a file of answers that were recorded, and skips the
// test where it is not there: they are others', and not part of this repository.
func recorded(t *testing.T, elements ...string) string {
	t.Helper()
	folder := os.Getenv("DORADO_REAL_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "real")
	}
	file := filepath.Join(append([]string{folder}, elements...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("no recorded answers at %s: set DORADO_REAL_DATA to their folder", folder)
	}
	return file
}

// readRecorded decodes a recorded file.
func readRecorded(t *testing.T, into any, elements ...string) {
	t.Helper()
	content, err := os.ReadFile(recorded(t, elements...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

// ants is the folder of the repository whose answers were recorded.
var ants = []string{"recorded", "github", "repos", "panjf2000", "ants"}

// leftOut are the keys of GitHub's records that are not stored, by the row that
// does not store them. Addresses of the API and most node ids are never.
var leftOut = map[string][]string{
	"github_repositories": {"name", "owner", "description", "homepage", "size", "stargazers_count", "watchers_count", "language", "has_issues",
		"has_projects", "has_downloads", "has_wiki", "has_pages", "forks_count", "mirror_url", "disabled", "open_issues_count", "license",
		"allow_forking", "is_template", "web_commit_signoff_required", "topics", "visibility", "forks", "open_issues", "watchers",
		"updated_at", "temp_clone_token", "network_count", "subscribers_count"},
	"github_pull_requests": {"locked", "assignee", "assignees", "requested_reviewers", "requested_teams", "milestone", "_links",
		"author_association", "auto_merge", "active_lock_reason"},
	"github_workflow_runs":       {"check_suite_id", "referenced_workflows", "head_commit", "repository", "head_repository"},
	"github_workflow_jobs":       {"steps", "runner_id", "runner_group_id"},
	"github_reviews":             {"body", "_links"},
	"github_pull_request_events": {"id", "issue", "state_reason", "performed_via_github_app"},
	"github_issues": {"locked", "assignee", "assignees", "milestone", "comments", "author_association", "active_lock_reason", "draft",
		"reactions", "performed_via_github_app", "closed_by"},
}

// isAddress reports whether a key is one of those that are never stored.
func isAddress(key string) bool {
	return key == "url" || key == "node_id" || key == "check_suite_node_id" || strings.HasSuffix(key, "_url") && key != "html_url"
}

// TestRecordedAnswersDecodeWithoutLoss compares every value of real answers with
// the row it becomes. A key is a column, or is taken apart into columns, or it is
// known to be left out.
func TestRecordedAnswersDecodeWithoutLoss(t *testing.T) {
	lists := func(file string) (records []json.RawMessage) {
		readRecorded(t, &records, append(slices.Clone(ants), file)...)
		return records
	}
	maps := func(file string) (records []json.RawMessage) {
		var byNumber map[string][]json.RawMessage
		readRecorded(t, &byNumber, append(slices.Clone(ants), file)...)
		for _, some := range byNumber {
			records = append(records, some...)
		}
		return records
	}
	var repository json.RawMessage
	readRecorded(t, &repository, append(slices.Clone(ants), "repo.json")...)
	var steps []json.RawMessage // events of pull requests that are kept
	for _, event := range lists("issue_events.json") {
		var named struct {
			Event string `json:"event"`
		}
		if err := json.Unmarshal(event, &named); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(keptEvents, named.Event) {
			steps = append(steps, event)
		}
	}
	for _, test := range []struct {
		row     collectors.Row
		records []json.RawMessage
		least   int
	}{
		{Repository{}, []json.RawMessage{repository}, 1},
		{PullRequest{}, lists("pulls.json"), 50},
		{WorkflowRun{}, lists("workflow_runs.json"), 35},
		{WorkflowJob{}, maps("run_jobs.json"), 35},
		{Review{}, maps("pull_reviews.json"), 31},
		{PullRequestEvent{}, steps, 5},
		{Issue{}, lists("issues.json"), 42},
	} {
		t.Run(test.row.Table(), func(t *testing.T) {
			if len(test.records) < test.least {
				t.Errorf("only %d records", len(test.records))
			}
			for _, record := range test.records {
				sameRecord(t, test.row, record)
			}
		})
	}
}

// sameRecord compares a record with the row of the same type as row that it
// becomes.
func sameRecord(t *testing.T, row collectors.Row, record json.RawMessage) {
	t.Helper()
	decoded := reflect.New(reflect.TypeOf(row))
	if err := json.Unmarshal(record, decoded.Interface()); err != nil {
		t.Fatal(err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(record, &values); err != nil {
		t.Fatal(err)
	}
	fields := map[string]reflect.Value{}
	isColumn := map[string]bool{}
	for i := range decoded.Elem().NumField() {
		field := decoded.Type().Elem().Field(i)
		fields[field.Tag.Get("json")] = decoded.Elem().Field(i)
		_, isColumn[field.Tag.Get("json")] = field.Tag.Lookup("db")
	}
	for key, value := range values {
		field, isField := fields[key]
		switch {
		case !isField && !isAddress(key) && !slices.Contains(leftOut[row.Table()], key):
			t.Errorf("%s is neither a column nor known to be left out: %.80s", key, value)
		case isField && isColumn[key] && !sameValue(t, field.Interface(), value):
			t.Errorf("%s is %.80s and becomes %v", key, value, field.Interface())
		}
	}
}

// sameValue reports whether a field holds what a value of JSON says.
func sameValue(t *testing.T, field any, value json.RawMessage) bool {
	t.Helper()
	var instant time.Time
	if json.Unmarshal(value, &instant) == nil && !bytes.Equal(value, []byte("null")) {
		switch typed := field.(type) {
		case time.Time:
			return typed.Equal(instant)
		case *time.Time:
			return typed != nil && typed.Equal(instant)
		}
	}
	text, err := json.Marshal(field)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(value, &want); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(got, want)
}

// graphLeftOut are what a query may ask of a deployment and is not stored: its state,
// which is that of its newest status; what it belongs to, which is known already; and
// of its commit what the commits tell.
var graphLeftOut = []string{"State", "LatestStatus", "Payload", "Repository", "Commit"}

// TestRecordedQueryDecodesWithoutLoss compares every value of deployments that GraphQL
// gave with the rows they become. They were recorded under other names for the same
// fields, which differ in case only.
func TestRecordedQueryDecodesWithoutLoss(t *testing.T) {
	var deployments []json.RawMessage
	readRecorded(t, &deployments, "recorded", "github", "graphql_deployments_openbic.json")
	states := map[string]int{}
	for _, text := range deployments {
		var values map[string]json.RawMessage
		var recorded struct {
			Ref      struct{ Name string }
			Statuses connection[graphStatus]
			graphDeployment
		}
		if err := errors.Join(json.Unmarshal(text, &values), json.Unmarshal(text, &recorded), json.Unmarshal(text, &recorded.graphDeployment)); err != nil {
			t.Fatal(err)
		}
		row := reflect.ValueOf(recorded.record())
		for key, value := range values {
			switch column := map[string]string{"Id": "NodeID", "DatabaseId": "ID", "CommitOid": "SHA"}[key]; {
			case key == "Ref":
				if got := row.FieldByName(key).String(); got != recorded.Ref.Name || got == "" {
					t.Errorf("ref %s becomes %q", value, got)
				}
			case key == "Statuses" || slices.Contains(graphLeftOut, key):
			case !row.FieldByName(cmp.Or(column, key)).IsValid():
				t.Errorf("%s is neither a column nor known to be left out: %.80s", key, value)
			case !sameValue(t, row.FieldByName(cmp.Or(column, key)).Interface(), value):
				t.Errorf("%s is %.80s and becomes %v", key, value, row.FieldByName(cmp.Or(column, key)))
			}
		}
		var raw struct {
			Statuses connection[struct{ State string }]
		}
		if err := json.Unmarshal(text, &raw); err != nil {
			t.Fatal(err)
		}
		for i, status := range recorded.Statuses.Nodes {
			states[status.record().State]++
			if got, want := status.record().State, strings.ToLower(raw.Statuses.Nodes[i].State); got != want {
				t.Errorf("status %s becomes %s", want, got)
			}
		}
	}
	if len(deployments) != 7 || states["queued"] == 0 || states["in_progress"] == 0 || states["success"] == 0 || states["inactive"] == 0 {
		t.Errorf("%d deployments have the states %v", len(deployments), states)
	}
}

// TestRecordedRename follows the redirect with which GitHub answered for a
// repository that had been renamed.
func TestRecordedRename(t *testing.T) {
	var exchanges []struct {
		Method, Path string
		Status       int
		Headers      map[string]string
		Response     json.RawMessage `json:"response"`
	}
	readRecorded(t, &exchanges, "recorded", "github-exchanges", "rename-repository.json")
	var asked []string
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Authorization"))
		for _, exchange := range exchanges {
			if exchange.Method != "get" || exchange.Path != r.URL.Path {
				continue
			}
			if location := exchange.Headers["location"]; location != "" {
				w.Header().Set("Location", strings.Replace(location, "https://api.github.com", server.URL, 1))
			}
			w.WriteHeader(exchange.Status)
			w.Write(exchange.Response) //nolint:errcheck
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	config := Config{BaseURL: server.URL}
	client, err := NewClient(config, Credentials{Tokens: []string{"secret"}}, &memory{}, &Usage{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSource(config, client, forgetful{})
	if err != nil {
		t.Fatal(err)
	}
	const old = "octokit-fixture-org/tmp-scenario-rename-repository-20220719044033126-ukeod"
	found, err := s.repository(context.Background(), old)
	if err != nil {
		t.Fatal(err)
	}
	if found.ID != 515436299 || found.FullName != old+"-newname" {
		t.Errorf("got repository %d %s", found.ID, found.FullName)
	}
	if want := []string{"Bearer secret", "Bearer secret"}; !slices.Equal(asked, want) {
		t.Errorf("asked with %q, want %q", asked, want)
	}
}
