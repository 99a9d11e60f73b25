package warehouse

import (
	"context"
	"fmt"
	"iter"
)

// Parquet yields the rows of a Parquet file, each by the names of its columns:
// nil, a text, a number, a boolean or an instant. Instants without a zone are UTC.
func (r *Raw) Parquet(ctx context.Context, path string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		rows, err := r.db.QueryContext(ctx, "from read_parquet("+literal(path)+")")
		if err != nil {
			yield(nil, fmt.Errorf("read Parquet: %w", err))
			return
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			yield(nil, fmt.Errorf("read Parquet: %w", err))
			return
		}
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				yield(nil, fmt.Errorf("read Parquet: %w", err))
				return
			}
			row := make(map[string]any, len(columns))
			for i, column := range columns {
				row[column] = values[i]
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read Parquet: %w", err))
		}
	}
}
