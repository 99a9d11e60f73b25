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
				JobWorkflows: map[string][]string{"acme/b": {"(?i)^(?:b.yml)$"}, "acme/mono": {"(?i)^(?:b.yml)$"}},
				Paths:        []string{"acme/b", "acme/mono"}, Owners: []string{"acme/b", "acme/mono"}, Issues: []string{"acme/mono"}},
		},
		"jobs of some workflows, and of all": {
			[]models.Service{{Name: "a", Team: "t", Repositories: []models.ServiceRepository{{Name: "acme/a"}}, Deployments: []models.Rule{
				{Kind: models.KindWorkflowRun, Workflow: "a.yml", Job: "x"},
				{Kind: models.KindWorkflowRun, Workflow: "b.yml", Job: "x"},
			}}, {Name: "b", Team: "t", Repositories: []models.ServiceRepository{{Name: "acme/b"}}, Deployments: []models.Rule{
				{Kind: models.KindWorkflowRun, Workflow: "a.yml", Job: "x"},
				{Kind: models.KindWorkflowRun, Job: "x"},
				{Kind: models.KindWorkflowRun, Workflow: "b.yml", Job: "x"},
			}}},
			github.Needs{Environments: all, Jobs: []string{"acme/a", "acme/b"},
				JobWorkflows: map[string][]string{"acme/a": {"(?i)^(?:a.yml)$", "(?i)^(?:b.yml)$"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := needs(&Config{Services: test.services}); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
