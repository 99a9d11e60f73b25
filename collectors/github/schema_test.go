package github_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dorado/collectors/github"
	"dorado/collectors/simulator"
)

// schemaPackage is the npm package in which GitHub's GraphQL schema is published.
const schemaPackage = "@octokit/graphql-schema@15.26.1"

// publishedSchema returns GitHub's GraphQL schema. It is fetched into a folder that
// git ignores, once; the test is skipped where there is no npm.
func publishedSchema(t *testing.T) *ast.Schema {
	t.Helper()
	folder := filepath.Join("..", "..", ".schema")
	file := filepath.Join(folder, "node_modules", "@octokit", "graphql-schema", "schema.graphql")
	if _, err := os.Stat(file); err != nil {
		npm, err := exec.LookPath("npm")
		if err != nil {
			t.Skip("there is no npm to fetch GitHub's GraphQL schema with")
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), npm, "install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", schemaPackage).CombinedOutput()
		if err != nil {
			t.Fatalf("fetch %s: %v\n%s", schemaPackage, err, out)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	// Version 15.26.1 defines EnterpriseOwnerInfo.repositoryDeployKeySetting twice.
	for _, definition := range document.Definitions {
		seen := map[string]bool{}
		definition.Fields = slices.DeleteFunc(definition.Fields, func(field *ast.FieldDefinition) bool {
			isSeen := seen[field.Name]
			seen[field.Name] = true
			return isSeen
		})
	}
	schema, err := validator.ValidateSchemaDocument(document)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// A recorder keeps the GraphQL queries that a handler is sent.
type recorder struct {
	http.Handler
	mutex   sync.Mutex
	queries []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPost {
		body, err := io.ReadAll(request.Body)
		var sent struct{ Query string }
		if err != nil || json.Unmarshal(body, &sent) != nil {
			http.Error(w, "not a query", http.StatusBadRequest)
			return
		}
		r.mutex.Lock()
		r.queries = append(r.queries, sent.Query)
		r.mutex.Unlock()
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.Handler.ServeHTTP(w, request)
}

// TestQueriesFollowThePublishedSchema checks every query of several runs against
// GitHub's own schema: the first run, later ones that find late commits, previews
// that were never merged and deployments that go on, and one that finds nothing.
func TestQueriesFollowThePublishedSchema(t *testing.T) {
	schema := publishedSchema(t)
	organization := simulator.New(simulator.Options{Seed: 2, Services: 12, Days: 60})
	now := organization.End.AddDate(0, 0, -20)
	server := &recorder{Handler: simulator.Handler(organization, simulator.ServerOptions{RateLimit: -1, Now: func() time.Time { return now }})}
	address := httptest.NewServer(server)
	defer address.Close()
	store := openStore(t)
	set := func(config *github.Config) { config.Needs.Owners = []string{"*/*"} }
	for _, repository := range organization.Repositories {
		if repository.Records == nil {
			repository.Records = &simulator.Records{}
		}
		repository.Records.Files = append(repository.Records.Files, simulator.File{Path: "CODEOWNERS", Content: "* @acme/all", At: organization.Start})
	}
	for range 3 {
		collect(t, store, organization, address.URL, set)
		now = now.AddDate(0, 0, 10)
	}
	now = organization.End
	collect(t, store, organization, address.URL, set)
	if len(server.queries) < 20 {
		t.Fatalf("only %d queries were sent", len(server.queries))
	}
	for _, query := range server.queries {
		if _, errs := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules()); len(errs) > 0 {
			t.Fatalf("GitHub would refuse\n%s\n%v", query, errs)
		}
	}
}
