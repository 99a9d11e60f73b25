package models

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomGraph returns a history of two repositories, whose commits are numbered
// in no particular order, as commit times with wrong clocks would number them.
func randomGraph(random *rand.Rand) *commitGraph {
	graph := &commitGraph{bounds: []int32{1}}
	parents := [][]int32{nil} // of commit 0, which does not exist
	for range 2 {
		from := int32(len(parents))
		count := int32(1 + random.IntN(40))
		place := make([]int32, count) // the number of the i-th commit to be made
		for i, p := range random.Perm(int(count)) {
			place[i] = from + int32(p)
		}
		parents = append(parents, make([][]int32, count)...)
		for i := int32(1); i < count; i++ {
			for range 1 + random.IntN(2) {
				parent := place[max(0, i-1-int32(random.IntN(4)))]
				if !slices.Contains(parents[place[i]], parent) {
					parents[place[i]] = append(parents[place[i]], parent)
				}
			}
		}
		graph.bounds = append(graph.bounds, from+count)
	}
	graph.first = make([]int32, len(parents)+1)
	for c, of := range parents {
		graph.parents = append(graph.parents, of...)
		graph.first[c+1] = int32(len(graph.parents))
	}
	graph.sort()
	return graph
}

// reach returns the commits that can be reached from any of heads, the slow and
// obvious way.
func (g *commitGraph) reach(heads ...int32) map[int32]bool {
	reached := map[int32]bool{}
	var visit func(c int32)
	visit = func(c int32) {
		if !reached[c] {
			reached[c] = true
			for _, parent := range g.parentsOf(c) {
				visit(parent)
			}
		}
	}
	for _, head := range heads {
		visit(head)
	}
	return reached
}

// without returns the commits of a that are not in b, sorted.
func without(a, b map[int32]bool) []int32 {
	var left []int32
	for c := range a {
		if !b[c] {
			left = append(left, c)
		}
	}
	slices.Sort(left)
	return left
}

func TestWalkAgainstSets(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		graph := randomGraph(random)
		repository := random.IntN(2)
		from, to := graph.bounds[repository], graph.bounds[repository+1]
		heads := make([]int32, 1+random.IntN(12))
		for i := range heads {
			heads[i] = from + random.Int32N(to-from)
		}
		t.Run(fmt.Sprint("previous, seed ", seed), func(t *testing.T) {
			for i, got := range graph.shipFirst(heads) {
				slices.Sort(got.commits)
				if want := without(graph.reach(heads[i]), graph.reach(heads[:i]...)); !slices.Equal(got.commits, want) {
					t.Errorf("deployment %d of %v ships %v, want %v", i, heads, got.commits, want)
				}
				ancestors := graph.reach(heads[i])
				if want := !slices.ContainsFunc(heads[:i], func(head int32) bool { return ancestors[head] }); got.isBaseline != want {
					t.Errorf("deployment %d of %v is a baseline: %v, want %v", i, heads, got.isBaseline, want)
				}
			}
		})
		t.Run(fmt.Sprint("ancestor, seed ", seed), func(t *testing.T) {
			for i, got := range graph.shipSinceAncestor(heads) {
				if slices.Contains(heads[:i], heads[i]) {
					if len(got.commits) > 0 {
						t.Errorf("deployment %d of %v, a re-deploy, ships %v", i, heads, got.commits)
					}
					continue
				}
				ancestors := graph.reach(heads[i])
				fewest, isBaseline := len(ancestors), true
				for _, head := range heads {
					if head != heads[i] && ancestors[head] {
						fewest, isBaseline = min(fewest, len(without(ancestors, graph.reach(head)))), false
					}
				}
				if len(got.commits) != fewest || got.isBaseline != isBaseline {
					t.Errorf("deployment %d of %v ships %d commits (baseline %v), want %d (%v)",
						i, heads, len(got.commits), got.isBaseline, fewest, isBaseline)
				}
			}
		})
	}
}
