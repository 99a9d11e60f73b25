package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"dorado/collectors/github"
	"dorado/collectors/ingested"
)

func TestServicesSayWhereMappingsComeFrom(t *testing.T) {
	t.Parallel()
	config := writeConfig(t, "github: {repositories: [example/*]}\n")
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	storeRows(t, config,
		github.Repository{ID: 1, FullName: "example/shop", DefaultBranch: "main", CreatedAt: at},
		github.Repository{ID: 2, FullName: "example/site", DefaultBranch: "main", CreatedAt: at},
		github.OwnerFile{Repository: "example/shop", Path: "catalog-info.yaml", SHA: pointer("a"),
			Content: pointer("kind: Component\nmetadata: {name: checkout, annotations: {pagerduty.com/integration-key: present}}\nspec: {owner: payments}\n---\nkind: Component\nmetadata: {title: Nameless}\n")},
		github.OwnerFile{Repository: "example/site", Path: "CODEOWNERS", SHA: pointer("b"), Content: pointer("* @example/web\n")},
		github.OwnerFile{Repository: "example/site", Path: ".github/CODEOWNERS", SHA: pointer("c"), Content: pointer("* @example/platform\n")},
		github.Deployment{ID: 1, Repository: "example/shop", SHA: "s", Environment: "production", CreatedAt: at},
		github.Deployment{ID: 2, Repository: "example/shop", SHA: "s", Environment: "nonprod", CreatedAt: at},
		ingested.Deployment{ID: "x", Service: pointer("billing"), Environment: "production", Status: "success", FinishedAt: &at},
	)
	buildAsOf(t, config, "2026-01-31T00:00:00Z")
	got := dorado(t, "", "services", "--config", config, "--format", "json")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	var listed serviceList
	if err := json.Unmarshal([]byte(got.stdout), &listed); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, service := range listed.Services {
		lines = append(lines, service.Service+" by "+service.MappedBy)
		for _, mapped := range service.Mappings {
			lines = append(lines, fmt.Sprintf("  %s %s by %s", mapped.Kind, mapped.Name, *mapped.MappedBy))
		}
	}
	for _, thing := range listed.Unmapped {
		lines = append(lines, thing.Kind+" "+thing.Name)
	}
	want := `billing by ingested
  environment production by default rule 1
checkout by catalog-info
  team payments by catalog-info
  repository example/shop by catalog-info
  environment nonprod by no rule
  environment production by default rule 2
  pagerduty_key pagerduty.com/integration-key by catalog-info
example/site by repository
  team platform by codeowners
  repository example/site by repository
catalog example/shop, entity 2
environment example/shop nonprod`
	if text := strings.Join(lines, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	table := dorado(t, "", "services", "--config", config)
	for _, part := range []string{"checkout (catalog-info)", "payments (catalog-info)", "production* (default rule 2)", "mapped to no service"} {
		if !strings.Contains(table.stdout, part) {
			t.Errorf("no %q in\n%s", part, table.stdout)
		}
	}
}

func TestConfiguredServicesLeaveTheRestUnmapped(t *testing.T) {
	t.Parallel()
	config := writeConfig(t, "github: {repositories: [example/*]}\nservices: [{name: shop, team: payments, repositories: [example/shop]}]\n")
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	storeRows(t, config,
		github.Repository{ID: 1, FullName: "example/shop", DefaultBranch: "main", CreatedAt: at},
		github.Repository{ID: 2, FullName: "example/site", DefaultBranch: "main", CreatedAt: at},
		ingested.Deployment{ID: "x", Service: pointer("shp"), Environment: "production", Status: "success", FinishedAt: &at},
	)
	buildAsOf(t, config, "2026-01-31T00:00:00Z")
	got := rowsOf(t, config, "select kind, name, records from core.unmapped")
	want := "kind,name,records\ningested_service,shp,1\nrepository,example/site,\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
