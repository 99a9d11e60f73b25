package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dorado/collectors/pagerduty"
	"dorado/models"
	"dorado/warehouse/results"
)

func TestPagerDutyConfig(t *testing.T) {
	file := writeConfig(t, `
pagerduty:
  - {name: eu, base_url: https://api.eu.pagerduty.com, token_file: token, since: 2025-01-01, services: ['checkout.*'], store_names: true}
  - {name: us, since: 2025-01-01}
services:
  - {name: checkout, pagerduty_services: ['checkout.*', P123ABC]}
`)
	got, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	since := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	want := []pagerduty.Config{
		{Name: "eu", BaseURL: "https://api.eu.pagerduty.com", TokenFile: filepath.Join(filepath.Dir(file), "token"),
			Since: since, Services: []string{"checkout.*"}, StoreNames: true},
		{Name: "us", BaseURL: "https://api.pagerduty.com", TokenEnv: "PAGERDUTY_TOKEN", Since: since},
	}
	if !reflect.DeepEqual(got.PagerDuty, want) {
		t.Errorf("accounts\n%s\nwant\n%s", results.JSON(got.PagerDuty), results.JSON(want))
	}
	if want := []string{"checkout.*", "P123ABC"}; !reflect.DeepEqual(got.Services[0].PagerDutyServices, want) {
		t.Errorf("pagerduty_services %v, want %v", got.Services[0].PagerDutyServices, want)
	}
}

func TestPagerDutyConfigProblems(t *testing.T) {
	file := writeConfig(t, `pagerduty:
  - since: 2025-01-01
  - {name: a/b, since: 2026-03-01}
  - {name: eu, token_env: abcDEF123abcDEF123_z, since: 2025-01-01}
  - {name: EU, token_env: A, token_file: b, base_url: api.pagerduty.com, services: ['(']}
services:
  - {name: checkout, pagerduty_services: ['[']}
`)
	_, err := loadConfig(file, today)
	if err == nil {
		t.Fatal("no error")
	}
	want := `2: pagerduty[0].name: name the account: there are several, and ids are unique within one
3: pagerduty[1].name: "a/b" is not a name of letters, digits, - and _
3: pagerduty[1].since: 2026-03-01T00:00:00Z is in the future: nothing would be collected
4: pagerduty[2].token_env: this is not the name of an environment variable, such as PAGERDUTY_TOKEN
5: pagerduty[3].name: "EU" is also the name of pagerduty[2]; names are unique
5: pagerduty[3].base_url: this is not the address of a REST API, such as https://api.pagerduty.com or https://api.eu.pagerduty.com
5: pagerduty[3].token_file: the token comes from token_env or from token_file, not from both: remove one of them
5: pagerduty[3].since: say from which day on incidents are read, such as 2025-01-01
5: pagerduty[3].services[0]: the regular expression "(" does not compile: missing closing ), at character 1: "("
7: services[0].pagerduty_services[0]: the regular expression "[" does not compile: missing closing ], at character 1: "["`
	if got := strings.ReplaceAll(err.Error(), file+":", ""); got != want {
		t.Errorf("problems\n%s\nwant\n%s", got, want)
	}
}

func TestIncidentRules(t *testing.T) {
	outside := false
	file := writeConfig(t, `
pagerduty: [{since: 2025-01-01}]
incidents:
  - {urgency: high, maintenance: false}
  - {source: github_issue, label: incident}
services:
  - {name: checkout, pagerduty_services: [checkout], incidents: [{priority: 'P[12]', title: outage, service: 'checkout-.*'}]}
`)
	got, err := loadConfig(file, today)
	if err != nil {
		t.Fatal(err)
	}
	want := []models.IncidentRule{{Urgency: "high", Maintenance: &outside}, {Source: "github_issue", Label: "incident"}}
	if !reflect.DeepEqual(got.Incidents, want) {
		t.Errorf("incidents\n%s\nwant\n%s", results.JSON(got.Incidents), results.JSON(want))
	}
	want = []models.IncidentRule{{Priority: "P[12]", Title: "outage", Service: "checkout-.*"}}
	if !reflect.DeepEqual(got.Services[0].Incidents, want) {
		t.Errorf("incidents of a service\n%s\nwant\n%s", results.JSON(got.Services[0].Incidents), results.JSON(want))
	}
}

func TestIncidentRuleProblems(t *testing.T) {
	file := writeConfig(t, `pagerduty: [{since: 2025-01-01}]
incidents:
  - {source: pagerdty}
  - {source: github_issue, urgency: high, maintenance: true}
  - {label: incident}
  - {title: '('}
`)
	_, err := loadConfig(file, today)
	if err == nil {
		t.Fatal("no error")
	}
	want := `3: incidents[0].source: "pagerdty" is not one of pagerduty, github_issue, ingested (did you mean "pagerduty"?)
4: incidents[1]: say which issues are incidents: give a label or a title, such as label: incident
4: incidents[1].maintenance: an issue has no maintenance: it has title, label and service
4: incidents[1].urgency: an issue has no urgency: it has title, label and service
5: incidents[2].label: only issues have a label: add source: github_issue
6: incidents[3].title: the regular expression "(" does not compile: missing closing ), at character 1: "("`
	if got := strings.ReplaceAll(err.Error(), file+":", ""); got != want {
		t.Errorf("problems\n%s\nwant\n%s", got, want)
	}
}
