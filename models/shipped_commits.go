package models

import (
	"container/heap"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"slices"

	"dorado/warehouse"
)

// shippedCommitsHeader is the header of core.shipped_commits.
const shippedCommitsHeader = `One row per successful deployment and commit that it ships.

With the definition base = previous a deployment ships the commits that can be
reached from its SHA and from that of no earlier successful deployment of the
same service, environment and repository: each commit once, at the first
deployment that carries it, whatever the order of the deployments and the shape
of the history. A rollback and a re-deploy ship nothing. With base = ancestor it
ships what can be reached from its SHA and not from that of the nearest deployed
ancestor, the one with the fewest commits in between, as git describe finds it;
a commit may then be shipped twice.

This is a walk over the commit graph in Go: the same in recursive SQL takes one
round for each generation of commits.

deployment_number  The deployment, as in core.deployments.
commit_id          The commit, as in core.commits.
is_baseline        True where no ancestor of the deployment's SHA had been deployed before: what it
  replaced is unknown, so these commits are all its history and their lead time is not known.

key: deployment_number, commit_id`

// steps returns the models that are Go code.
func steps() []*Model {
	return append(ownerSteps(), shippedCommitsStep(), deploymentLineageStep(), hotfixPullRequestsStep(), sliQueriesStep(), checksStep())
}

// shippedCommitsStep returns core.shipped_commits.
func shippedCommitsStep() *Model {
	return step(Core, "shipped_commits", "models/shipped_commits.go", shippedCommitsHeader,
		"deployment_number bigint, commit_id bigint, is_baseline boolean",
		[]warehouse.Reference{
			{Schema: Core, Name: "deployments"},
			{Schema: Core, Name: "deployment_commits"},
			{Schema: Core, Name: "commits"},
			{Schema: Core, Name: "commit_parents"},
			{Schema: Core, Name: "definitions"},
		}, fillShippedCommits)
}

// fillShippedCommits walks the commit graph once for each service, environment
// and repository.
func fillShippedCommits(ctx context.Context, db *warehouse.Database) error {
	graph, err := readGraph(ctx, db)
	if err != nil {
		return fmt.Errorf("read the commit graph: %w", err)
	}
	series, err := readSeries(ctx, db)
	if err != nil {
		return fmt.Errorf("read the deployments: %w", err)
	}
	return db.Append(ctx, Core, "shipped_commits", shippedRows(graph, series))
}

// shippedRows yields the rows of core.shipped_commits.
func shippedRows(graph *commitGraph, all []deploymentSeries) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		row := make([]any, 3)
		for _, series := range all {
			ship := graph.shipFirst
			if series.base == "ancestor" {
				ship = graph.shipSinceAncestor
			}
			for at, shipped := range ship(series.heads) {
				slices.Sort(shipped.commits)
				row[0], row[2] = series.numbers[at], shipped.isBaseline
				for _, commit := range shipped.commits {
					row[1] = int64(commit)
					if !yield(row) {
						return
					}
				}
			}
		}
	}
}

// A deploymentSeries is the successful deployments of one service, environment
// and repository, by the time they finished.
type deploymentSeries struct {
	base    string  // the definition: previous or ancestor
	numbers []int64 // deployment_number of each
	heads   []int32 // commit_id of each one's SHA
}

// readSeries reads the deployments whose commit is known.
func readSeries(ctx context.Context, db *warehouse.Database) (all []deploymentSeries, err error) {
	last := int64(0)
	err = db.Each(ctx, `
		with series as (
			select
				*,
				row_number() over (order by service_id, environment, repository) as number
			from (select distinct service_id, environment, repository from core.deployments) as names
		)
		select
			series.number,
			definitions.value as base,
			deployments.deployment_number,
			cast(heads.commit_id as integer) as commit_id
		from core.deployments as deployments
		join core.deployment_commits as heads
			on deployments.deployment_number = heads.deployment_number
		join series
			on deployments.service_id = series.service_id
			and deployments.environment = series.environment
			and deployments.repository = series.repository
		join core.definitions as definitions
			on deployments.service_id = definitions.service_id
			and definitions.metric = 'change_lead_time'
			and definitions.option = 'base'
		where deployments.status = 'success'
		order by series.number, deployments.deployment_number`, func(row []driver.Value) {
		if number := row[0].(int64); number != last {
			all = append(all, deploymentSeries{base: row[1].(string)})
			last = number
		}
		series := &all[len(all)-1]
		series.numbers, series.heads = append(series.numbers, row[2].(int64)), append(series.heads, row[3].(int32))
	})
	return all, err
}

// A commitGraph is the history of all repositories. Commits are numbered from 1,
// those of one repository without a gap; 0 stands for none.
type commitGraph struct {
	first   []int32 // of commit c the parents are parents[first[c]:first[c+1]]
	parents []int32
	rank    []int32 // place of each commit in an order in which parents come before their children
	ranked  []int32 // the commits in that order
	bounds  []int32 // bounds[i] is the first commit of repository i; one more at the end
}

// parentsOf returns the parents of commit c that are stored.
func (g *commitGraph) parentsOf(c int32) []int32 { return g.parents[g.first[c]:g.first[c+1]] }

// readGraph reads the commits and their parents.
func readGraph(ctx context.Context, db *warehouse.Database) (*commitGraph, error) {
	graph := &commitGraph{}
	bounds, err := readNumbers(ctx, db, "select min(commit_id) from core.commits group by repository order by 1")
	if err != nil {
		return nil, err
	}
	count, err := readNumbers(ctx, db, "select count(*) from core.commits")
	if err != nil {
		return nil, err
	}
	graph.bounds = append(bounds, count[0]+1)
	graph.first = make([]int32, count[0]+2)
	// The table is stored in the order that is wanted here.
	last, isSorted := int32(0), true
	err = db.Each(ctx, "select cast(commit_id as integer), cast(parent_commit_id as integer) from core.commit_parents", func(row []driver.Value) {
		child, parent := row[0].(int32), row[1].(int32)
		isSorted = isSorted && child >= last
		last = child
		graph.parents = append(graph.parents, parent)
		graph.first[child+1]++
	})
	if err != nil {
		return nil, err
	}
	if !isSorted {
		return nil, errors.New("core.commit_parents is not stored by commit")
	}
	for c := 1; c < len(graph.first); c++ {
		graph.first[c] += graph.first[c-1]
	}
	graph.sort()
	return graph, nil
}

// readNumbers returns the first column of query.
func readNumbers(ctx context.Context, db *warehouse.Database, query string) (numbers []int32, err error) {
	rows, err := db.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number sql.Null[int32]
		if err := rows.Scan(&number); err != nil {
			return nil, err
		}
		numbers = append(numbers, number.V)
	}
	return numbers, rows.Err()
}

// sort ranks the commits: depth first, a commit after all of its parents.
func (g *commitGraph) sort() {
	count := int32(len(g.first) - 2)
	g.rank, g.ranked = make([]int32, count+1), make([]int32, 0, count)
	next := make([]int32, count+1) // how many parents of a commit have been looked at
	var stack []int32
	for c := int32(1); c <= count; c++ {
		if g.rank[c] != 0 {
			continue
		}
		stack = append(stack[:0], c)
		for len(stack) > 0 {
			top := stack[len(stack)-1]
			if parents := g.parentsOf(top); int(next[top]) < len(parents) {
				parent := parents[next[top]]
				next[top]++
				if g.rank[parent] == 0 {
					stack = append(stack, parent)
				}
				continue
			}
			stack = stack[:len(stack)-1]
			if g.rank[top] == 0 {
				g.ranked = append(g.ranked, top)
				g.rank[top] = int32(len(g.ranked))
			}
		}
	}
}

// shipped is what one deployment ships.
type shipped struct {
	commits    []int32
	isBaseline bool
}

// shipFirst yields, for the deployments of one series in order, the commits that
// each of them ships first. It looks at every commit once.
func (g *commitGraph) shipFirst(heads []int32) iter.Seq2[int, shipped] {
	return func(yield func(int, shipped) bool) {
		earliest := g.earliestDeployment(heads)
		offset := g.offset(heads[0])
		seen := make([]bool, len(earliest))
		var stack []int32
		for i, head := range heads {
			var found []int32
			if !seen[head-offset] {
				seen[head-offset] = true
				stack = append(stack[:0], head)
			}
			for len(stack) > 0 {
				top := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				found = append(found, top)
				for _, parent := range g.parentsOf(top) {
					if !seen[parent-offset] {
						seen[parent-offset] = true
						stack = append(stack, parent)
					}
				}
			}
			if !yield(i, shipped{commits: found, isBaseline: earliest[head-offset] == int32(i)}) {
				return
			}
		}
	}
}

// offset returns the number of the first commit in the repository of commit c.
func (g *commitGraph) offset(c int32) int32 {
	at, found := slices.BinarySearch(g.bounds, c)
	if !found {
		at--
	}
	return g.bounds[at]
}

// earliestDeployment returns for each commit of the repository, counted from its
// offset, the index in heads of the earliest deployment at it or at one of its
// ancestors; len(heads) where there is none.
func (g *commitGraph) earliestDeployment(heads []int32) []int32 {
	at, found := slices.BinarySearch(g.bounds, heads[0])
	if !found {
		at--
	}
	from, to := g.bounds[at], g.bounds[at+1]
	earliest := make([]int32, to-from)
	for i := range earliest {
		earliest[i] = int32(len(heads))
	}
	for i := len(heads) - 1; i >= 0; i-- {
		earliest[heads[i]-from] = int32(i)
	}
	// Ranks of one repository have no gap, as its commits are reached from no
	// other's.
	for _, commit := range g.ranked[from-1 : to-1] {
		for _, parent := range g.parentsOf(commit) {
			earliest[commit-from] = min(earliest[commit-from], earliest[parent-from])
		}
	}
	return earliest
}

// shipSinceAncestor yields, for the deployments of one series in order, the
// commits between each and its nearest deployed ancestor.
func (g *commitGraph) shipSinceAncestor(heads []int32) iter.Seq2[int, shipped] {
	return func(yield func(int, shipped) bool) {
		deployed := map[int32]int{} // the index of the first deployment of each head
		for i, head := range heads {
			if _, ok := deployed[head]; !ok {
				deployed[head] = i
			}
		}
		for i, head := range heads {
			if deployed[head] < i {
				if !yield(i, shipped{}) {
					return
				}
				continue
			}
			nearest := shipped{isBaseline: true}
			bases := g.firstDeployed(head, deployed)
			if len(bases) == 0 {
				nearest.commits = g.between(head, 0)
			}
			for _, base := range bases {
				if commits := g.between(head, base); nearest.isBaseline || len(commits) < len(nearest.commits) {
					nearest = shipped{commits: commits}
				}
			}
			if !yield(i, nearest) {
				return
			}
		}
	}
}

// firstDeployed returns the deployed proper ancestors of head that a walk back
// meets first, the latest first.
func (g *commitGraph) firstDeployed(head int32, deployed map[int32]int) []int32 {
	var found []int32
	seen := map[int32]bool{head: true}
	stack := []int32{head}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := deployed[top]; ok && top != head {
			found = append(found, top)
			continue
		}
		for _, parent := range g.parentsOf(top) {
			if !seen[parent] {
				seen[parent] = true
				stack = append(stack, parent)
			}
		}
	}
	slices.SortFunc(found, func(a, b int32) int { return int(g.rank[b] - g.rank[a]) })
	return found
}

// between returns the commits that can be reached from head and not from base;
// base 0 leaves nothing out. Commits are looked at by falling rank, so that all
// of a commit's children have been seen before it.
func (g *commitGraph) between(head, base int32) []int32 {
	var found []int32
	queue := &byRank{rank: g.rank, commits: []int32{head}}
	fromBase := map[int32]bool{head: head == base} // of each commit seen: can base reach it?
	wanted := 0                                    // commits in the queue that base cannot reach
	if head != base {
		wanted = 1
	}
	if base != 0 && base != head {
		heap.Push(queue, base)
		fromBase[base] = true
	}
	for wanted > 0 {
		top := heap.Pop(queue).(int32)
		isFromBase := fromBase[top]
		if !isFromBase {
			wanted--
			found = append(found, top)
		}
		for _, parent := range g.parentsOf(top) {
			known, seen := fromBase[parent]
			switch {
			case !seen:
				heap.Push(queue, parent)
				fromBase[parent] = isFromBase
				if !isFromBase {
					wanted++
				}
			case isFromBase && !known:
				fromBase[parent] = true
				wanted--
			}
		}
	}
	return found
}

// byRank is a heap of commits, the highest rank on top.
type byRank struct {
	rank    []int32
	commits []int32
}

func (h *byRank) Len() int           { return len(h.commits) }
func (h *byRank) Less(i, j int) bool { return h.rank[h.commits[i]] > h.rank[h.commits[j]] }
func (h *byRank) Swap(i, j int)      { h.commits[i], h.commits[j] = h.commits[j], h.commits[i] }
func (h *byRank) Push(commit any)    { h.commits = append(h.commits, commit.(int32)) }
func (h *byRank) Pop() any {
	last := h.commits[len(h.commits)-1]
	h.commits = h.commits[:len(h.commits)-1]
	return last
}
