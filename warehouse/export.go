package warehouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ExportFormats are the formats that Export writes, which are also the endings of its
// files.
var ExportFormats = []string{"parquet", "csv"}

// Export writes the rows that one SELECT gives into a new folder: to one file, or
// where month is not "" to a folder for each value that the column month has, as
// month=2026-01 and without the column in the files, which is how lakes have it.
func (s *Snapshot) Export(ctx context.Context, query, folder, format, month string) error {
	if err := s.allow(ctx, query); err != nil {
		return err
	}
	options := "format parquet, compression zstd"
	if format == "csv" {
		options = "format csv, header"
	}
	target := filepath.Join(folder, "data."+format)
	if month != "" {
		target = folder
		options += ", partition_by (" + quoted(month) + "), filename_pattern 'data_{i}'"
	} else if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	query = strings.TrimRight(strings.TrimSpace(query), "; \n\t")
	if _, err := s.db.ExecContext(ctx, "copy (\n"+query+"\n) to "+literal(target)+" ("+options+")"); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
