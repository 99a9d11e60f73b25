package warehouse

import (
	"context"
	"testing"
	"time"
)

func TestIsMemorySize(t *testing.T) {
	for text, want := range map[string]bool{
		"4GB": true, "500MB": true, "1.5 GiB": true, "2gb": true,
		"": false, "4": false, "GB": false, "-1GB": false, "0GB": false, "80%": false, "4 G": false,
	} {
		if got := IsMemorySize(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// TestLimit limits a build, whose one statement with a smaller limit must leave it
// as it was.
func TestLimit(t *testing.T) {
	ctx := context.Background()
	db, err := OpenMemory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Limit(ctx, Resources{MemoryLimit: "2GiB", Threads: 1}); err != nil {
		t.Fatal(err)
	}
	if err := db.ExecLimited(ctx, Limits{Time: time.Minute, Memory: "1GB"}, "create table t as select 1 as n"); err != nil {
		t.Fatal(err)
	}
	var memory string
	var threads int
	row := db.conn.QueryRowContext(ctx, "select current_setting('memory_limit'), current_setting('threads')")
	if err := row.Scan(&memory, &threads); err != nil {
		t.Fatal(err)
	}
	if memory != "2.0 GiB" || threads != 1 {
		t.Errorf("%s and %d threads, want 2.0 GiB and 1", memory, threads)
	}
	if err := db.Limit(ctx, Resources{MemoryLimit: "much"}); err == nil {
		t.Error("a limit of much is none")
	}
}
