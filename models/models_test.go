package models

import (
	"context"
	"testing"
	"time"

	"dorado/sql"
	"dorado/warehouse"
)

// emptyBuild returns a database in which all models have been built from raw
// tables without rows.
func emptyBuild(t *testing.T, settings Settings) (*warehouse.Database, []*Model) {
	t.Helper()
	ctx := context.Background()
	db := memory(t)
	models, err := Load(sql.Files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(ctx, db, models, settings, func(int, int, string) {}); err != nil {
		t.Fatal(err)
	}
	return db, models
}

// memory returns a database in memory with the raw tables, all empty.
func memory(t *testing.T) *warehouse.Database {
	t.Helper()
	ctx := context.Background()
	db, err := warehouse.OpenMemory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []string{"use raw", sql.Raw, "use memory"} {
		if err := db.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Limit(ctx, warehouse.Resources{MemoryLimit: "8GB"}); err != nil {
		t.Fatal(err)
	}
	return db
}

// testSettings are the settings of examples that do not care.
var testSettings = Settings{AsOf: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), TimeZone: "UTC"}

func TestBuildWithoutData(t *testing.T) {
	emptyBuild(t, testSettings)
}
