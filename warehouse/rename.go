package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rename gives the rows of every table made by Ensure whose column has the value
// from the value to, all or none. Where that would give two rows the same key the
// one that has it stays.
func (r *Raw) Rename(ctx context.Context, column, from, to string) (err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	transaction, err := r.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, transaction.Rollback())
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(r.staged)) {
		if err := r.renameIn(ctx, r.staged[name], column, from, to); err != nil {
			return fmt.Errorf("rename in table %s: %w", name, err)
		}
	}
	if err := transaction.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// renameIn does it in one table. It is called in a transaction.
func (r *Raw) renameIn(ctx context.Context, t *table, renamed, from, to string) error {
	at := slices.IndexFunc(t.columns, func(c column) bool { return c.name == renamed })
	if at < 0 {
		return nil
	}
	table, changed := quoted(t.name), quoted(renamed)
	if t.columns[at].isKey {
		isSame := []string{"new." + changed + " = ?"}
		for _, name := range t.names(true) {
			if name != changed {
				isSame = append(isSame, fmt.Sprintf("old.%[1]s = new.%[1]s", name))
			}
		}
		statement := fmt.Sprintf("delete from %[1]s as old where old.%[2]s = ? and exists (select 1 from %[1]s as new where %[3]s)",
			table, changed, strings.Join(isSame, " and "))
		if _, err := r.conn.ExecContext(ctx, statement, from, to); err != nil {
			return err
		}
	}
	_, err := r.conn.ExecContext(ctx, fmt.Sprintf("update %[1]s set %[2]s = ? where %[2]s = ?", table, changed), to, from)
	return err
}
