package models

import (
	"context"
	"fmt"
	"slices"

	"dorado/warehouse"
)

// Needed returns those of models that the ones named, such as core.deployments, are
// built from, and these. db parses them.
func Needed(ctx context.Context, db *warehouse.Database, models []*Model, names ...string) ([]*Model, error) {
	needed := map[*Model]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		at := slices.IndexFunc(models, func(m *Model) bool { return m.String() == name })
		if at < 0 || needed[models[at]] {
			return nil // a raw table, or one of the settings
		}
		needed[models[at]] = true
		reads, err := models[at].references(ctx, db)
		if err != nil {
			return err
		}
		for _, read := range reads {
			if err := visit(read.Schema + "." + read.Name); err != nil {
				return err
			}
		}
		return nil
	}
	for _, model := range models {
		if model.isScalar() { // any of them may call it
			names = append(slices.Clip(names), model.String())
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(models, func(m *Model) bool { return m.String() == name }) {
			return nil, fmt.Errorf("there is no model %s", name)
		}
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(models), func(m *Model) bool { return !needed[m] }), nil
}
