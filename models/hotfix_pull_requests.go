package models

import (
	"context"
	"fmt"

	"dorado/warehouse"
)

// hotfixPullRequestsHeader is the header of core.hotfix_pull_requests.
const hotfixPullRequestsHeader = `One row per merged pull request and set of rules that takes it as a hotfix.

This is Go code that writes a query for each set of rules that services have, most
often one: a pattern that is not written in the query is compiled anew for each row.

repository           owner/name.
pull_request_number  The pull request.
label_pattern        The rule for its labels, '' where there is none.
branch_pattern       The rule for its branch, '' where there is none.
title_pattern        The rule for its title, '' where there is none.
preference           1 where a label says so, 2 where the branch or the title does.
reason               Which rule took it.

key: repository, pull_request_number, label_pattern, branch_pattern, title_pattern`

// hotfixPullRequestsStep returns core.hotfix_pull_requests.
func hotfixPullRequestsStep() *Model {
	return step(Core, "hotfix_pull_requests", "models/hotfix_pull_requests.go", hotfixPullRequestsHeader,
		"repository varchar, pull_request_number bigint, label_pattern varchar, branch_pattern varchar, title_pattern varchar, preference bigint, reason varchar",
		[]warehouse.Reference{
			{Schema: Core, Name: "pull_requests"},
			{Schema: Core, Name: "hotfix_rules"},
		}, fillHotfixPullRequests)
}

// fillHotfixPullRequests matches all pull requests with each set of rules.
func fillHotfixPullRequests(ctx context.Context, db *warehouse.Database) error {
	sets, err := hotfixRules(ctx, db)
	if err != nil {
		return fmt.Errorf("read the rules: %w", err)
	}
	for _, set := range sets {
		err := db.Exec(ctx, fmt.Sprintf(`
			insert into core.hotfix_pull_requests
			select
				repository,
				number,
				%[1]s,
				%[2]s,
				%[3]s,
				if(label is null, 2, 1),
				case
					when label is not null then 'label ' || label
					when is_branch then 'branch ' || head_branch
					else 'title ' || title
				end
			from (
				select
					repository,
					number,
					title,
					head_branch,
					%[1]s <> '' and labels <> '[]' as is_labelled,
					case when is_labelled then list_min(list_filter(from_json(labels, '["varchar"]'), lambda label : regexp_matches(label, %[1]s))) end as label,
					%[2]s <> '' and coalesce(regexp_matches(head_branch, %[2]s), false) as is_branch,
					%[3]s <> '' and coalesce(regexp_matches(title, %[3]s), false) as is_title
				from core.pull_requests
				where merged_at is not null
			) as matched
			where label is not null or is_branch or is_title
			order by repository, number`,
			quote(set.label), quote(set.branch), quote(set.title)))
		if err != nil {
			return fmt.Errorf("match pull requests with %q, %q and %q: %w", set.label, set.branch, set.title, err)
		}
	}
	return nil
}

// A hotfixRuleSet is what makes a pull request a hotfix: patterns, "" for none.
type hotfixRuleSet struct{ label, branch, title string }

// hotfixRules returns the sets of rules that services have.
func hotfixRules(ctx context.Context, db *warehouse.Database) (sets []hotfixRuleSet, err error) {
	rows, err := db.Query(ctx, "select distinct label_pattern, branch_pattern, title_pattern from core.hotfix_rules order by all")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var set hotfixRuleSet
		if err := rows.Scan(&set.label, &set.branch, &set.title); err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, rows.Err()
}
