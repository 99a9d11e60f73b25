package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dorado/collectors/landing"
	"dorado/warehouse"
)

// backupVersion is the version of the format of backups.
const backupVersion = 1

// A backupManifest is the first file of a backup: what is in it.
type backupManifest struct {
	Version      int              `json:"version"`
	CreatedAt    time.Time        `json:"created_at"`
	Dorado       string           `json:"dorado"`        // the version that wrote it
	ConfigSHA256 string           `json:"config_sha256"` // of the configuration file; it is not in the backup
	Tables       map[string]int64 `json:"tables"`        // rows of each table of the raw store
	Files        []backupFile     `json:"files"`         // in their order
}

// A backupFile is a file of a backup.
type backupFile struct {
	Name   string `json:"name"` // raw.duckdb, landing/NAME
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Names in a backup, and of backups in a folder.
const (
	manifestName = "manifest.json"
	rawFileName  = "raw.duckdb"
	backupPrefix = "dorado-"
	backupEnding = ".tar"
	backupTime   = "20060102T150405Z"
)

func backupCommand(p *program) *cobra.Command {
	wait, keep := 10*time.Minute, 0
	command := &cobra.Command{
		Use:   "backup FILE|FOLDER",
		Short: "Write the raw store to a file, also while it is collected into",
		Long: `Write what cannot be computed again to one file, a tar: the raw store as it is
between two transactions, the landing files, and a manifest with the rows of each
table. It is read again and compared before it gets its name. In a folder it is named
by the time, and with --keep only the newest are kept there.

A run that has the raw store open makes the copy itself, between two pages; a build
does not mind. For any other process that has it open this waits. Snapshots are not
in it (they are built again), nor the configuration, of which it has the hash.`,
		Example: `  dorado backup /backups --keep 14
  dorado backup before-upgrade.tar`,
		Args: func(command *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usageError{command: command.CommandPath(), problem: "name the file or folder to write to"}
			case keep < 0:
				return usageError{command: command.CommandPath(), problem: fmt.Sprintf("--keep %d: at least 1 is kept, or all without it", keep)}
			}
			return atMost(1)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			return p.backup(command.Context(), args[0], wait, keep)
		},
	}
	command.Flags().DurationVar(&wait, "wait", wait, "how `LONG` to wait for a process that has the raw store open")
	command.Flags().IntVar(&keep, "keep", 0, "in a folder keep only the newest `N` backups (default all)")
	return command
}

func restoreCommand(p *program) *cobra.Command {
	force := false
	command := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put the raw store of a backup in place",
		Long: `Check a backup against its manifest, and make its raw store and landing files those
of the warehouse. One that is there is replaced only with --force, and even then kept
beside it, as raw.duckdb.replaced. Snapshots stay until the next build.`,
		Example: `  dorado restore /backups/dorado-20260131T031500Z.tar
  dorado build`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{command: command.CommandPath(), problem: "name the backup"}
			}
			return atMost(1)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			return p.restore(command.Context(), args[0], force)
		},
	}
	command.Flags().BoolVar(&force, "force", false, "replace the raw store that is there")
	return command
}

// backup writes a backup to target, a file, or a folder that exists.
func (p *program) backup(ctx context.Context, target string, wait time.Duration, keep int) (err error) {
	config, err := p.config()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(p.configFile)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	created := p.now().UTC().Truncate(time.Second)
	folder := ""
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		folder = target
		target = filepath.Join(folder, backupPrefix+created.Format(backupTime)+backupEnding)
	} else if keep > 0 {
		return fmt.Errorf("backup: --keep is for a folder, and %s is none", target)
	}
	if _, err := os.Stat(target); err == nil {
		return fmt.Errorf("backup: %s is there already", target)
	}
	scratch, err := scratchFolder(filepath.Dir(target), ".dorado-backup-")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	manifest := backupManifest{Version: backupVersion, CreatedAt: created, Dorado: buildVersion(), ConfigSHA256: fmt.Sprintf("%x", sha256.Sum256(text))}
	// What has landed comes first: what a run takes from there meanwhile is then in
	// both, and merging it again changes nothing.
	files, err := copyLanding(config.Warehouse.Path, scratch)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	raw := filepath.Join(scratch, rawFileName)
	if err := p.copyRaw(ctx, config.Warehouse.Path, raw, wait); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if manifest.Tables, err = warehouse.CountRows(ctx, raw); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, name := range append([]string{rawFileName}, files...) {
		file, err := describeFile(scratch, name)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		manifest.Files = append(manifest.Files, file)
	}
	part := filepath.Join(scratch, "backup"+backupEnding)
	if err := writeTar(part, scratch, manifest); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := unpackBackup(ctx, part, filepath.Join(scratch, "again")); err != nil {
		return fmt.Errorf("backup: what was written cannot be read again: %w", err)
	}
	if err := os.Rename(part, target); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := syncFolder(filepath.Dir(target)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := pruneBackups(folder, keep); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	rows := int64(0)
	for _, count := range manifest.Tables {
		rows += count
	}
	_, err = fmt.Fprintf(p.stdout, "backup     %s: %d rows in %d tables, %s\n", target, rows, len(manifest.Tables), count(len(files), "landing file", "landing files"))
	return err
}

// scratchFolder makes a folder for files that are not finished, on the file system
// where they are to be, and removes those that were left by processes that were
// killed: the ones that are older than a day.
func scratchFolder(folder, prefix string) (string, error) {
	left, err := filepath.Glob(filepath.Join(folder, prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			if err := os.RemoveAll(path); err != nil {
				return "", err
			}
		}
	}
	return os.MkdirTemp(folder, prefix)
}

// pruneBackups removes all but the newest backups of a folder; all are kept for 0.
func pruneBackups(folder string, keep int) error {
	if folder == "" || keep == 0 {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(folder, backupPrefix+"*"+backupEnding)) // sorted by name, hence by time
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(path string) bool {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), backupPrefix), backupEnding)
		_, err := time.Parse(backupTime, name)
		return err != nil // somebody else's
	})
	for _, path := range found[:max(0, len(found)-keep)] {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// copyLanding copies the landing files to a folder and returns their names there.
func copyLanding(from, to string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(from, landing.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(to, landing.Name), 0o755); err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := filepath.Join(landing.Name, entry.Name())
		if !entry.Type().IsRegular() || !landing.IsKept(entry.Name()) {
			continue
		}
		err := copyFile(filepath.Join(from, name), filepath.Join(to, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a run has taken it
		}
		if err != nil {
			return nil, err
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names, nil
}

// copyFile copies a file to a new one.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

// describeFile returns a file of a folder as the manifest has it.
func describeFile(folder, name string) (backupFile, error) {
	file, err := os.Open(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		return backupFile{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	hash := sha256.New()
	bytes, err := io.Copy(hash, file)
	return backupFile{Name: name, Bytes: bytes, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

// writeTar writes the manifest and the files that it names.
func writeTar(path, folder string, manifest backupManifest) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	writer := tar.NewWriter(file)
	defer func() { err = errors.Join(err, writer.Close(), file.Sync(), file.Close()) }()
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	header := func(name string, bytes int64) *tar.Header {
		return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: bytes, Mode: 0o600, ModTime: manifest.CreatedAt}
	}
	if err := writer.WriteHeader(header(manifestName, int64(len(text)))); err != nil {
		return err
	}
	if _, err := writer.Write(text); err != nil {
		return err
	}
	for _, one := range manifest.Files {
		if err := writer.WriteHeader(header(one.Name, one.Bytes)); err != nil {
			return err
		}
		content, err := os.Open(filepath.Join(folder, filepath.FromSlash(one.Name)))
		if err != nil {
			return err
		}
		_, err = io.Copy(writer, content)
		if err = errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

// unpackBackup writes the files of a backup to a new folder and checks them against
// the manifest.
func unpackBackup(ctx context.Context, path, folder string) (manifest backupManifest, err error) {
	file, err := os.Open(path)
	if err != nil {
		return manifest, err
	}
	defer func() { _ = file.Close() }() // it was only read
	reader := tar.NewReader(file)
	first, err := reader.Next()
	if err != nil || first.Name != manifestName {
		return manifest, fmt.Errorf("%s is no backup: it does not begin with a manifest", path)
	}
	if err := json.NewDecoder(reader).Decode(&manifest); err != nil {
		return manifest, fmt.Errorf("%s: read the manifest: %w", path, err)
	}
	if manifest.Version != backupVersion {
		return manifest, fmt.Errorf("%s has version %d and this dorado reads %d", path, manifest.Version, backupVersion)
	}
	for _, want := range manifest.Files {
		header, err := reader.Next()
		if err != nil || header.Name != want.Name {
			return manifest, fmt.Errorf("%s is cut short or spoilt: %s is missing", path, want.Name)
		}
		if !filepath.IsLocal(want.Name) {
			return manifest, fmt.Errorf("%s is no backup: it has a file named %q", path, want.Name)
		}
		if err := unpackFile(reader, folder, want); err != nil {
			return manifest, fmt.Errorf("%s: %w", path, err)
		}
	}
	counts, err := warehouse.CountRows(ctx, filepath.Join(folder, rawFileName))
	if err != nil {
		return manifest, fmt.Errorf("%s: %w", path, err)
	}
	if !maps.Equal(counts, manifest.Tables) {
		return manifest, fmt.Errorf("%s is spoilt: its raw store has the rows %v and the manifest says %v", path, counts, manifest.Tables)
	}
	return manifest, nil
}

// unpackFile writes one file of a backup.
func unpackFile(reader io.Reader, folder string, want backupFile) error {
	path := filepath.Join(folder, filepath.FromSlash(want.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	hash := sha256.New()
	bytes, err := io.Copy(io.MultiWriter(file, hash), reader)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if bytes != want.Bytes || hex.EncodeToString(hash.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%s is spoilt: it is not as the manifest says", want.Name)
	}
	return nil
}

// restore puts the raw store and the landing files of a backup in place.
func (p *program) restore(ctx context.Context, file string, force bool) (err error) {
	config, err := p.config()
	if err != nil {
		return err
	}
	folder := config.Warehouse.Path
	if _, err := os.Stat(warehouse.RawPath(folder)); err == nil && !force {
		return fmt.Errorf("restore: %s is there: replace it with --force, or name another folder in the configuration", warehouse.RawPath(folder))
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	scratch, err := scratchFolder(folder, ".dorado-restore-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	manifest, err := unpackBackup(ctx, file, scratch)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	replaced, err := warehouse.ReplaceRaw(ctx, folder, filepath.Join(scratch, rawFileName))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	landed := 0
	for _, one := range manifest.Files {
		target := filepath.Join(folder, filepath.FromSlash(one.Name))
		if _, err := os.Stat(target); err == nil || one.Name == rawFileName {
			continue // what landed since stays
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		if err := os.Rename(filepath.Join(scratch, filepath.FromSlash(one.Name)), target); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		landed++
	}
	_, err = fmt.Fprintf(p.stdout, "restored   %s as of %s, %s\n", warehouse.RawPath(folder), manifest.CreatedAt.Format(time.RFC3339), count(landed, "landing file", "landing files"))
	if err == nil && replaced != "" {
		_, err = fmt.Fprintf(p.stdout, "kept       %s: remove it when all is well\n", replaced)
	}
	return err
}

// A process that has the raw store open holds a lock on it, so that no other can copy
// it. Who wants a copy leaves a request in the warehouse's folder; a run that has the
// store open looks for requests and copies the store itself. The request is touched
// while somebody waits for it: one of a process that has ended is not answered.
const (
	requestsName  = "backup-requests"
	requestEnding = ".request"
	requestPause  = 200 * time.Millisecond
	requestLife   = 10 * time.Second
)

// copyRaw copies the raw store to a file, or lets whoever has it open do that.
func (p *program) copyRaw(ctx context.Context, folder, target string, wait time.Duration) (err error) {
	requests := filepath.Join(folder, requestsName)
	name := filepath.Join(requests, strconv.Itoa(os.Getpid())+"-"+strconv.FormatInt(p.now().UnixNano(), 36))
	isAsked := false
	defer func() {
		if isAsked {
			for _, ending := range []string{requestEnding, rawEnding, rawEnding + ".part", rawEnding + ".part.wal"} {
				if removeErr := os.Remove(name + ending); !errors.Is(removeErr, fs.ErrNotExist) {
					err = errors.Join(err, removeErr)
				}
			}
		}
	}()
	for started := time.Now(); ; {
		err := warehouse.CopyRaw(ctx, folder, target)
		if !errors.Is(err, warehouse.ErrInUse) {
			return err
		}
		if time.Since(started) > wait {
			return err
		}
		isAsked = true
		if err := os.MkdirAll(requests, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name+requestEnding, nil, 0o600); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(requestPause):
		}
		if _, err := os.Stat(name + rawEnding); err == nil {
			return copyFile(name+rawEnding, target)
		}
	}
}

// rawEnding is the ending of a copy of the raw store that was asked for.
const rawEnding = ".duckdb"

// answerBackups copies the raw store for whoever asks for it, until the function that
// it returns is called.
func (p *program) answerBackups(ctx context.Context, folder string, raw *warehouse.Raw) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(requestPause):
			}
			if err := answerRequests(ctx, filepath.Join(folder, requestsName), raw); err != nil && ctx.Err() == nil {
				p.logger.Error("copy the raw store for a backup", "error", err)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// answerRequests answers the requests that are there.
func answerRequests(ctx context.Context, folder string, raw *warehouse.Raw) error {
	found, err := filepath.Glob(filepath.Join(folder, "*"+requestEnding))
	if err != nil {
		return err
	}
	for _, request := range found {
		info, err := os.Stat(request)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(request, requestEnding)
		if time.Since(info.ModTime()) > requestLife {
			// Whoever asked has ended.
			for _, ending := range []string{requestEnding, rawEnding, rawEnding + ".part"} {
				_ = os.Remove(name + ending) // it is looked for again
			}
			continue
		}
		if _, err := os.Stat(name + rawEnding); err == nil {
			continue // answered, and being taken
		}
		if err := raw.Copy(ctx, name+rawEnding+".part"); err != nil {
			return err
		}
		if err := os.Rename(name+rawEnding+".part", name+rawEnding); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder makes what was made and renamed in a folder durable.
func syncFolder(path string) error {
	opened, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
