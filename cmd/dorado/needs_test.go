package main

import (
	"reflect"
	"testing"

	"dorado/collectors/github"
	"dorado/models"
)

func TestNeeds(t *testing.T) {
	all := []string{everyRepository}
	for name, test := range map[string]struct {
		services []models.Service
		want     github.Needs
	}{
		"no services": {nil, github.Needs{Environments: all, Owners: all}},
		"teams and plain rules": {
			[]models.Service{{Name: "a", Team: "t", Repositories: []models.ServiceRepository{{Name: "acme/a"}}, Deployments: models.DefaultRules}},
			github.Needs{Environments: all},
		},
		"runs, jobs and paths": {
			[]models.Service{
				{Name: "a", Team: "t", Repositories: []models.ServiceRepository{{Name: "acme/mono", Paths: []string{"a"}}},
					Deployments: []models.Rule{{Kind: models.KindWorkflowRun, Workflow: "a.yml"}},
					Incidents:   []models.IncidentRule{{Source: models.SourceGitHubIssue, Label: "incident"}}},
				{Name: "b", Repositories: []models.ServiceRepository{{Name: "acme/mono"}, {Name: "acme/b"}},
					Deployments: []models.Rule{{Kind: models.KindWorkflowRun, Workflow: "b.yml", Job: "deploy", Paths: []string{"b"}}}},
			},
			github.Needs{Environments: all, WorkflowRuns: []string{"acme/mono"}, Jobs: []string{"acme/b", "acme/mono"},
				Paths: []string{"acme/b", "acme/mono"}, Owners: []string{"acme/b", "acme/mono"}, Issues: []string{"acme/mono"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := needs(&Config{Services: test.services}); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
