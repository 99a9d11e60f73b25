package openslo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"time"

	"dorado/collectors"
)

// folderOrigin is the origin of files of the local folder, wherever that is.
const folderOrigin = "folder"

// folder collects the files of a local folder. A version holds from when it was
// first seen.
type folder struct {
	path string
	now  func() time.Time
}

// Name returns the collector's name.
func (c *folder) Name() string { return "openslo_folder" }

// Pages yields one page with the files that have changed since they were last seen.
func (c *folder) Pages(_ context.Context, cursor string) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		hashes := map[string]string{} // by path, "" for a file that is gone
		if cursor != "" {
			if err := json.Unmarshal([]byte(cursor), &hashes); err != nil {
				yield(collectors.Page{}, fmt.Errorf("read the cursor: %w", err))
				return
			}
		}
		rows, err := c.changed(hashes)
		if err != nil {
			yield(collectors.Page{}, fmt.Errorf("openslo: folder %s: %w", c.path, err))
			return
		}
		text, err := json.Marshal(hashes)
		yield(collectors.Page{Rows: rows, Cursor: string(text)}, err)
	}
}

// changed returns the rows of the files whose text has another hash, and brings
// hashes up to date.
func (c *folder) changed(hashes map[string]string) ([]collectors.Row, error) {
	texts, err := yamlFiles(os.DirFS(c.path))
	if err != nil {
		return nil, err
	}
	for file := range hashes {
		if _, ok := texts[file]; !ok {
			texts[file] = nil
		}
	}
	seen := c.now().UTC().Truncate(time.Second)
	var rows []collectors.Row
	for _, file := range sortedKeys(texts) {
		hash := ""
		if texts[file] != nil {
			sum := sha256.Sum256(texts[file])
			hash = hex.EncodeToString(sum[:])
		}
		if stored, known := hashes[file]; known && stored == hash {
			continue
		}
		hashes[file] = hash
		version := File{
			Origin:        folderOrigin,
			Path:          file,
			Version:       seen.Format(time.RFC3339),
			EffectiveFrom: seen,
			IsDeleted:     hash == "",
		}
		var read parsed
		if hash != "" {
			read = parse(texts[file])
		}
		rows = append(rows, read.rows(version)...)
	}
	return rows, nil
}

// yamlFiles returns the texts of the YAML files below a folder, by path.
func yamlFiles(files fs.FS) (map[string][]byte, error) {
	texts := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, path.Ext(file)) {
			return err
		}
		text, err := fs.ReadFile(files, file)
		texts[file] = append([]byte{}, text...)
		return err
	})
	return texts, err
}
