package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Folders of the repository that two services share which are not those of one.
const (
	sharedFolder = "libraries" // what is in it is part of every service
	otherFolder  = "docs"      // what is in it is part of none
)

// newMonorepo returns the history of a repository that holds two services, before
// anything has happened. Each is deployed to an environment of its own, with all that
// is on the default branch, whenever something that is its own or shared has landed.
func newMonorepo(organization *Organization, draw draw, i, team int) *history {
	h := newHistory(organization, draw, i, team)
	h.repository.FullName, h.repository.Description = organization.Name+"/identity", "All that knows who somebody is"
	h.repository.MergeMethod = []MergeMethod{Squash, Merge, Rebase}[draw.below(3)]
	h.repository.Records = &Records{Changed: map[string][]string{}}
	h.service = Service{Team: organization.Teams[team].Name}
	h.delivery = delivery{}
	for _, name := range []string{"profiles", "sessions"} {
		folder := "services/" + name
		environment := &environment{name: "production-" + name, service: name, folders: []string{folder, sharedFolder}, shipped: series{picked: map[string]int{}}}
		h.delivery.production = append(h.delivery.production, environment)
		h.parts = append(h.parts, Service{
			Name:         name,
			Team:         h.service.Team,
			Repositories: []string{h.repository.FullName},
			Paths:        environment.folders,
			Environments: []string{environment.name},
		})
	}
	return h
}

// services returns the services that the repository holds.
func (h *history) services() []Service {
	if len(h.parts) == 0 {
		return []Service{h.service}
	}
	return h.parts
}

// serviceOf returns the name of the service that is deployed to an environment.
func (h *history) serviceOf(e *environment) string { return cmp.Or(e.service, h.service.Name) }

// servicesOf returns the names of the services that paths are part of.
func (h *history) servicesOf(paths []string) (names []string) {
	if len(h.parts) == 0 {
		return []string{h.service.Name}
	}
	for _, environment := range h.delivery.production {
		if environment.holds(paths) {
			names = append(names, environment.service)
		}
	}
	return names
}

// folder chooses where in the repository a piece of work is done; "" where it holds
// one service alone.
func (h *history) folder() string {
	if len(h.parts) == 0 {
		return ""
	}
	one, other := h.parts[0].Paths[0], h.parts[1].Paths[0]
	return oneOf(h.draw, []string{one, one, one, one, other, other, other, sharedFolder, otherFolder})
}

// touch notes which files of a folder a commit changes. Now and then they are in
// another, or in both.
func (h *history) touch(commit *Commit, folder string) {
	if len(h.parts) == 0 {
		return
	}
	folders := []string{folder}
	if other := h.folder(); h.draw.chance(150) {
		folders = [][]string{{other}, {folder, other}}[h.draw.below(2)]
	}
	var paths []string
	for _, one := range folders {
		paths = append(paths, fmt.Sprintf("%s/%s.go", one, oneOf(h.draw, []string{"main", "store", "handlers", "settings"})))
	}
	h.note(commit, paths)
}

// note notes which files a commit changes.
func (h *history) note(commit *Commit, paths []string) {
	if len(h.parts) > 0 {
		h.repository.Records.Changed[commit.SHA] = slices.Compact(slices.Sorted(slices.Values(paths)))
	}
}

// paths returns the files that a commit changes.
func (h *history) paths(commit *Commit) []string {
	if len(h.parts) == 0 {
		return nil
	}
	return h.repository.Records.Changed[commit.SHA]
}

// changed returns the files that the commits of a pull request change.
func (h *history) changed(pull *PullRequest) (paths []string) {
	if len(h.parts) > 0 {
		for _, sha := range pull.Commits {
			paths = append(paths, h.repository.Records.Changed[sha]...)
		}
	}
	return paths
}

// holds says whether one of the paths is part of what is deployed to an environment.
func (e *environment) holds(paths []string) bool {
	return len(e.folders) == 0 || slices.ContainsFunc(paths, func(path string) bool {
		return slices.ContainsFunc(e.folders, func(folder string) bool { return strings.HasPrefix(path, folder+"/") })
	})
}

// isNew says whether a revision brings something to an environment that nothing
// which was to be deployed there did, and takes it as brought.
func (e *environment) isNew(r revision, landed []landing) bool {
	if len(e.folders) == 0 {
		return true
	}
	if r.landed <= e.promoted {
		return false
	}
	fresh := landed[e.promoted:r.landed]
	e.promoted = r.landed
	return slices.ContainsFunc(fresh, func(one landing) bool { return e.holds(one.paths) })
}
