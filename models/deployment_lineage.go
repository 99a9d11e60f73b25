package models

import (
	"container/heap"
	"context"
	"database/sql/driver"
	"fmt"
	"iter"

	"dorado/warehouse"
)

// deploymentLineageHeader is the header of core.deployment_lineage.
const deploymentLineageHeader = `One row per finished deployment: what it replaced, and how their commits stand to each other.

The deployments of one service, environment and repository are a series, by the
time they finished. A deployment is compared with the one just before it, whether
that succeeded or not; failed attempts to deploy the same commit are passed over.

This is a walk over the commit graph in Go, see core.shipped_commits. It takes no
decision: what is a rollback is said by core.rollbacks.

deployment_number           The deployment, as in core.deployments.
series_number               Its service, environment and repository.
position                    Its place in the series, from 1.
previous_deployment_number  The deployment that it is compared with; NULL for the first of the series.
previous_success_number     The last successful deployment before it in the series; NULL where there is none.
relation                    Of its commit to that one's: same, ahead (a descendant), behind (an ancestor),
  diverged, or unknown where one of them is not stored. NULL for the first of the series.
first_ahead_number          Where it is behind: of the unbroken run of successful deployments just before it
  whose commits are ahead of its own, the first, else the deployment it is compared with. NULL elsewhere.

key: deployment_number`

// deploymentLineageStep returns core.deployment_lineage.
func deploymentLineageStep() *Model {
	return step(Core, "deployment_lineage", "models/deployment_lineage.go", deploymentLineageHeader,
		"deployment_number bigint, series_number bigint, position bigint, previous_deployment_number bigint, previous_success_number bigint, relation varchar, first_ahead_number bigint",
		[]warehouse.Reference{
			{Schema: Core, Name: "deployments"},
			{Schema: Core, Name: "deployment_commits"},
			{Schema: Core, Name: "commits"},
			{Schema: Core, Name: "commit_parents"},
		}, fillDeploymentLineage)
}

// A finishedDeployment is one deployment of a series.
type finishedDeployment struct {
	number    int64
	isSuccess bool
	sha       string // "" where it is not known
	head      int32  // commit_id of sha; 0 where it is not stored
}

// fillDeploymentLineage compares every deployment with the one before it.
func fillDeploymentLineage(ctx context.Context, db *warehouse.Database) error {
	graph, err := readGraph(ctx, db)
	if err != nil {
		return fmt.Errorf("read the commit graph: %w", err)
	}
	series, err := readFinished(ctx, db)
	if err != nil {
		return fmt.Errorf("read the deployments: %w", err)
	}
	return db.Append(ctx, Core, "deployment_lineage", lineageRows(graph, series))
}

// readFinished reads the finished deployments of each series.
func readFinished(ctx context.Context, db *warehouse.Database) (all [][]finishedDeployment, err error) {
	err = db.Each(ctx, `
		with series as (
			select
				*,
				row_number() over (order by service_id, environment, repository) as number
			from (
				select distinct service_id, environment, repository
				from core.deployments
				where finished_at is not null
			) as names
		)
		select
			series.number,
			deployments.deployment_number,
			coalesce(deployments.status = 'success', false) as is_success,
			coalesce(deployments.sha, '') as sha,
			cast(coalesce(heads.commit_id, 0) as integer) as commit_id
		from core.deployments as deployments
		join series
			on deployments.service_id = series.service_id
			and deployments.environment = series.environment
			and deployments.repository = series.repository
		left join core.deployment_commits as heads
			on deployments.deployment_number = heads.deployment_number
		where deployments.finished_at is not null
		order by series.number, deployments.deployment_number`, func(row []driver.Value) {
		if row[0].(int64) > int64(len(all)) {
			all = append(all, nil)
		}
		last := &all[len(all)-1]
		*last = append(*last, finishedDeployment{number: row[1].(int64), isSuccess: row[2].(bool), sha: row[3].(string), head: row[4].(int32)})
	})
	return all, err
}

// lineageRows yields the rows of core.deployment_lineage.
func lineageRows(graph *commitGraph, all [][]finishedDeployment) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for number, series := range all {
			var lastSuccess any
			for at, deployment := range series {
				row := []any{deployment.number, int64(number + 1), int64(at + 1), nil, lastSuccess, nil, nil}
				if deployment.isSuccess {
					lastSuccess = deployment.number
				}
				if previous := replacedBy(series, at); previous >= 0 {
					relation := graph.relation(deployment, series[previous])
					row[3], row[5] = series[previous].number, relation
					if relation == "behind" {
						row[6] = graph.firstAhead(series, deployment, previous).number
					}
				}
				if !yield(row) {
					return
				}
			}
		}
	}
}

// replacedBy returns the index of the deployment that the one at index at is
// compared with, -1 for the first of the series.
func replacedBy(series []finishedDeployment, at int) int {
	previous := at - 1
	for previous > 0 && !series[previous].isSuccess && series[previous].sha == series[at].sha && series[at].sha != "" {
		previous--
	}
	return previous
}

// relation says how the commit of a stands to that of b.
func (g *commitGraph) relation(a, b finishedDeployment) string {
	switch {
	case a.sha != "" && a.sha == b.sha:
		return "same"
	case a.head == 0 || b.head == 0:
		return "unknown"
	case g.isAncestor(b.head, a.head):
		return "ahead"
	case g.isAncestor(a.head, b.head):
		return "behind"
	default:
		return "diverged"
	}
}

// firstAhead returns the first of the unbroken run of successful deployments up
// to index last that are ahead of deployment, else the one at last.
func (g *commitGraph) firstAhead(series []finishedDeployment, deployment finishedDeployment, last int) finishedDeployment {
	first := series[last]
	for at := last; at >= 0; at-- {
		candidate := series[at]
		if !candidate.isSuccess {
			continue
		}
		if candidate.head == 0 || candidate.head == deployment.head || !g.isAncestor(deployment.head, candidate.head) {
			break
		}
		first = candidate
	}
	return first
}

// isAncestor reports whether ancestor is descendant or one of the commits before
// it. No commit of a lower rank than the ancestor's can lead to it.
func (g *commitGraph) isAncestor(ancestor, descendant int32) bool {
	seen := map[int32]bool{descendant: true}
	queue := &byRank{rank: g.rank, commits: []int32{descendant}}
	for queue.Len() > 0 {
		top := heap.Pop(queue).(int32)
		if top == ancestor {
			return true
		}
		for _, parent := range g.parentsOf(top) {
			if !seen[parent] && g.rank[parent] >= g.rank[ancestor] {
				seen[parent] = true
				heap.Push(queue, parent)
			}
		}
	}
	return false
}
