package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"dorado/models"
)

func TestOverrides(t *testing.T) {
	file := writeConfig(t, "github: {repositories: [example/api]}\noverrides: overrides.yaml\n")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), "overrides.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`overrides:
  - {action: reject, incident: "pagerduty:P1", deployment: "api/release:1", who: ana, why: a cable was cut}
  - action: exclude
    incident: https://example.pagerduty.com/incidents/P2
    who: ben
    why: a drill
`)
	config, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	want := []models.Override{
		{Action: "reject", Incident: "pagerduty:P1", Deployment: "api/release:1", Who: "ana", Why: "a cable was cut", Place: "overrides.yaml:2"},
		{Action: "exclude", Incident: "https://example.pagerduty.com/incidents/P2", Who: "ben", Why: "a drill", Place: "overrides.yaml:3"},
	}
	if !reflect.DeepEqual(config.overrides, want) {
		t.Errorf("overrides\n%+v\nwant\n%+v", config.overrides, want)
	}
	write(`overrides:
  - {action: rejct, incident: P1, who: ana, why: no}
  - {action: link, deployment: d1, who: ana}
  - {action: exclude, incident: P1, deployment: d1, who: ana, why: no}
  - {action: failed, incident: P1, deployment: d1, who: ana, why: no, when: today}
  - {action: not_failed, who: ana, why: no}
`)
	_, err = loadConfig(file, today)
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.ReplaceAll(err.Error(), filepath.Join(filepath.Dir(file), "overrides.yaml"), "")
	wantProblems := strings.Join([]string{
		`:2: overrides[0].action: "rejct" is not one of confirm, link, reject, exclude, failed, not_failed (did you mean "reject"?)`,
		`:3: overrides[1].why: say why`,
		`:3: overrides[1].incident: link is about an incident and a deployment: name the incident by its incident_id or the address of its page`,
		`:4: overrides[2]: exclude is about an incident or about a deployment: name one of them`,
		`:5: unknown key "when" (did you mean "who"?)`,
		`:5: overrides[3].incident: failed is about a deployment alone`,
		`:6: overrides[4].deployment: name the deployment by its deployment_id or the address of its page`,
	}, "\n")
	if got != wantProblems {
		t.Errorf("problems\n%s\nwant\n%s", got, wantProblems)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(file), "overrides.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := loadConfig(file, today); err == nil || !strings.HasPrefix(err.Error(), "read the overrides: ") {
		t.Errorf("without the file the error is %v", err)
	}
}
