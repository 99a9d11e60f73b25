package warehouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// wideRow is as wide as a GitHub deployment with its payload.
type wideRow struct {
	ID          int64      `db:"id,key"`
	Repository  string     `db:"repository"`
	SHA         string     `db:"sha"`
	Ref         string     `db:"ref"`
	Task        string     `db:"task"`
	Environment string     `db:"environment"`
	Creator     *string    `db:"creator"`
	IsTransient bool       `db:"is_transient"`
	CreatedAt   time.Time  `db:"created_at"`
	UpdatedAt   *time.Time `db:"updated_at"`
	Attempt     int        `db:"attempt"`
	Payload     string     `db:"payload"`
}

func (wideRow) Table() string { return "wide_rows" }

// wideRows returns count rows with 2 KB of JSON each, the first of which has the
// id first.
func wideRows(first, count int) []Row {
	random := rand.New(rand.NewPCG(uint64(first), 1))
	creator := "ana"
	rows := make([]Row, count)
	for i := range rows {
		at := time.Date(2026, 1, 1, 0, 0, first+i, 0, time.UTC)
		payload := make([]byte, 0, 2048)
		payload = append(payload, `{"payload": "`...)
		for len(payload) < 2046 {
			payload = append(payload, "0123456789abcdef"[random.IntN(16)])
		}
		rows[i] = wideRow{
			ID: int64(first + i), Repository: fmt.Sprintf("acme/service-%d", i%50), SHA: fmt.Sprintf("%040x", random.Uint64()),
			Ref: "main", Task: "deploy", Environment: "production", Creator: &creator,
			CreatedAt: at, UpdatedAt: &at, Attempt: 1, Payload: string(append(payload, `"}`...)),
		}
	}
	return rows
}

// BenchmarkPut stores batches of 10,000 rows of 12 columns and 2 KB of JSON:
// new ones, and half new ones into a table that holds the other half already.
// INSERT is what Put is compared with: a prepared statement in one transaction.
func BenchmarkPut(b *testing.B) {
	const batch = 10_000
	ctx := context.Background()
	open := func(b *testing.B) *Raw {
		raw, err := OpenRaw(ctx, b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = raw.Close() })
		if err := raw.Ensure(ctx, wideRow{}); err != nil {
			b.Fatal(err)
		}
		return raw
	}
	for name, step := range map[string]int{"new": batch, "half-new": batch / 2} {
		b.Run(name, func(b *testing.B) {
			raw := open(b)
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				rows := wideRows(i*step, batch)
				b.StartTimer()
				if err := raw.Put(ctx, "wide_rows", rows, fmt.Sprint(i)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("prepared-INSERT", func(b *testing.B) {
		raw := open(b)
		table, err := tableOf(wideRow{})
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			rows := wideRows(i*batch, batch/10)
			b.StartTimer()
			transaction, err := raw.conn.BeginTx(ctx, nil)
			if err != nil {
				b.Fatal(err)
			}
			insert, err := transaction.PrepareContext(ctx, "insert into wide_rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
			if err != nil {
				b.Fatal(err)
			}
			for _, row := range rows {
				args := make([]any, 0, len(table.columns))
				for _, value := range table.values(row) {
					args = append(args, value)
				}
				if _, err := insert.ExecContext(ctx, args...); err != nil {
					b.Fatal(err)
				}
			}
			if err := insert.Close(); err != nil {
				b.Fatal(err)
			}
			if err := transaction.Commit(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(batch/10*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkUpsert compares Put with what it is instead of: ten thousand rows, half of
// which are there already, against a table with a primary key into which each row is
// inserted on its own, or updates what is there. It also tells whether storing slows
// down: how much longer the third of three batches takes that each replace all rows.
func BenchmarkUpsert(b *testing.B) {
	const batch = 10_000
	ctx := context.Background()
	open := func() *Raw {
		raw, err := OpenRaw(ctx, b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = raw.Close() })
		if err := raw.Ensure(ctx, wideRow{}); err != nil {
			b.Fatal(err)
		}
		return raw
	}
	put := func(raw *Raw, rows []Row) time.Duration {
		started := time.Now()
		if err := raw.Put(ctx, "wide_rows", rows, fmt.Sprint(started.UnixNano())); err != nil {
			b.Fatal(err)
		}
		return time.Since(started)
	}
	raw := open()
	table, err := tableOf(wideRow{})
	if err != nil {
		b.Fatal(err)
	}
	put(raw, wideRows(0, batch))
	if _, err := raw.conn.ExecContext(ctx, "create table keyed as from wide_rows; alter table keyed add primary key (id)"); err != nil {
		b.Fatal(err)
	}
	var updates []string
	for _, column := range table.columns {
		if !column.isKey {
			updates = append(updates, column.name+" = excluded."+column.name)
		}
	}
	upsert := "insert into keyed values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set " + strings.Join(updates, ", ")
	var together, apart, first, third time.Duration
	const few = 200
	for i := 0; b.Loop(); i++ {
		together += put(raw, wideRows(i*batch+batch/2, batch))
		started := time.Now()
		for _, row := range wideRows((i*batch+batch)-few/2, few) {
			args := make([]any, 0, len(table.columns))
			for _, value := range table.values(row) {
				args = append(args, value)
			}
			if _, err := raw.conn.ExecContext(ctx, upsert, args...); err != nil {
				b.Fatal(err)
			}
		}
		apart += time.Since(started)
		fresh := open()
		put(fresh, wideRows(0, batch))
		first += put(fresh, wideRows(0, batch))
		put(fresh, wideRows(0, batch))
		third += put(fresh, wideRows(0, batch))
	}
	b.ReportMetric(apart.Seconds()*batch/few/together.Seconds(), "row-by-row/together")
	b.ReportMetric(third.Seconds()/first.Seconds(), "third/first")
}
