package main

import (
	"slices"

	"dorado/collectors/github"
	"dorado/models"
)

// everyRepository stands for all repositories in what is needed of GitHub.
const everyRepository = "*/*"

// needs returns which records of GitHub that cost requests of their own the
// configuration, or one of its definition sets, uses: runs, jobs and paths where a
// deployment rule looks at them, issues where an incident rule does, owners where it
// does not say itself whose the services are.
func needs(config *Config) github.Needs {
	found := github.Needs{Environments: []string{everyRepository}}
	addNeeds(&found, config)
	for _, set := range config.sets {
		addNeeds(&found, set.config)
	}
	for _, names := range []*[]string{&found.Owners, &found.Paths, &found.Jobs, &found.WorkflowRuns, &found.Issues} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	return found
}

// addNeeds adds what one set of services and rules uses.
func addNeeds(found *github.Needs, config *Config) {
	if len(config.Services) == 0 {
		found.Owners = append(found.Owners, everyRepository)
	}
	if usesIssues(config.Incidents) {
		found.Issues = append(found.Issues, everyRepository)
	}
	for _, service := range config.Services {
		for _, repository := range service.Repositories {
			if service.Team == "" {
				found.Owners = append(found.Owners, repository.Name)
			}
			if usesPaths(service, repository) {
				found.Paths = append(found.Paths, repository.Name)
			}
			if usesIssues(service.Incidents) {
				found.Issues = append(found.Issues, repository.Name)
			}
			for _, rule := range service.Deployments {
				switch {
				case rule.Kind != models.KindWorkflowRun:
				case rule.Job != "":
					addJobs(found, repository.Name, rule.WorkflowPattern())
				default:
					found.WorkflowRuns = append(found.WorkflowRuns, repository.Name)
				}
			}
		}
	}
}

// addJobs adds the jobs of a repository's workflows; pattern is "" for all of them.
func addJobs(found *github.Needs, repository, pattern string) {
	isNew := !slices.Contains(found.Jobs, repository)
	found.Jobs = append(found.Jobs, repository)
	patterns := found.JobWorkflows[repository]
	switch {
	case pattern == "":
		delete(found.JobWorkflows, repository)
	case isNew || patterns != nil && !slices.Contains(patterns, pattern):
		if found.JobWorkflows == nil {
			found.JobWorkflows = map[string][]string{}
		}
		found.JobWorkflows[repository] = append(patterns, pattern)
	}
}

// usesPaths reports whether the paths that changes touch decide anything.
func usesPaths(service models.Service, repository models.ServiceRepository) bool {
	hasPaths := func(rule models.Rule) bool { return len(rule.Paths) > 0 }
	return len(repository.Paths) > 0 || slices.ContainsFunc(service.Deployments, hasPaths)
}

// usesIssues reports whether an issue can be an incident.
func usesIssues(rules []models.IncidentRule) bool {
	return slices.ContainsFunc(rules, func(rule models.IncidentRule) bool { return rule.Source == models.SourceGitHubIssue })
}
