package models

import (
	"context"
	"iter"
	"strings"

	"dorado/warehouse"
)

// checksHeader is the header of marts.checks.
const checksHeader = `One row per check: whether what it claims holds in this snapshot.

A check of severity error that does not hold keeps a snapshot from being
published, so that in one that was, all that do not hold warn.

check_name      Its name, which is the claim.
claim           The claim in a sentence.
severity        error or warn.
is_held         True where it holds.
offending_rows  How many rows speak against it.
first_row       The first of them; NULL where it holds.

key: check_name`

// checksStep returns marts.checks, which is empty until the checks have run.
func checksStep() *Model {
	return step(Marts, "checks", "models/checks.go", checksHeader,
		"check_name varchar, claim varchar, severity varchar, is_held boolean, offending_rows bigint, first_row varchar",
		nil, func(context.Context, *warehouse.Database) error { return nil })
}

// keepFindings fills marts.checks.
func keepFindings(ctx context.Context, db *warehouse.Database, findings []Finding) error {
	return db.Append(ctx, Marts, "checks", findingRows(findings))
}

// findingRows yields the rows of marts.checks.
func findingRows(findings []Finding) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, finding := range findings {
			if !yield([]any{finding.Check, finding.Claim, finding.Severity, finding.Rows == 0, int64(finding.Rows), nullable(finding.First)}) {
				return
			}
		}
	}
}

// step returns a model that is Go code. header is its header without comment
// signs, columns are those of the header with their types.
func step(layer, name, path, header, columns string, reads []warehouse.Reference, fill fillFunc) *Model {
	parsed, err := parseHeader(strings.Split(header, "\n"))
	if err != nil {
		panic(err) // the text is wrong
	}
	return &Model{Layer: layer, Name: name, Path: path, Header: parsed, columns: columns, reads: reads, fill: fill}
}
