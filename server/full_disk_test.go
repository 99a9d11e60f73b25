package server

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dorado/server/wire"
)

// TestFullDisk takes the folder for what does not fit into memory away from a server,
// as a full or failing disk does: what needs it is refused, all else is answered, and
// all is well again without a restart when it is back.
func TestFullDisk(t *testing.T) {
	server, listening, _ := serve(t, organisation, func(o *Options) {
		o.Config.Limits = Limits{Memory: "100MB", Temporary: "2GB", Threads: 1, Seconds: 60}
	})
	large := "select max(n) as most from (select range as n, hash(range) as key, row_number() over (order by hash(range)) as place from range(4000000)) -- "
	is := func(when string, status int) string {
		t.Helper()
		got := ask(t, "POST", listening.URL+wire.PathQuery, sqlBody(large+when)) // each time another one, which is not kept
		if got.status != status {
			t.Errorf("%s: a large query: %d %.400s", when, got.status, got.body)
		}
		for _, question := range dashboard {
			if got := ask(t, question.method, listening.URL+question.path, question.body); got.status != http.StatusOK {
				t.Errorf("%s: %s: %d %.400s", when, question.path, got.status, got.body)
			}
		}
		return got.body
	}
	is("before", http.StatusOK)
	folders, err := filepath.Glob(filepath.Join(server.options.Temporary, "dorado-snapshot-*"))
	if err != nil || len(folders) != 2 {
		t.Fatalf("%v: %v", folders, err)
	}
	for _, folder := range folders { // a file in its place cannot be written into, not even by root
		if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	said := is("without the folder", http.StatusServiceUnavailable)
	if !strings.Contains(said, "the server's disk may be full") || strings.Contains(said, server.options.Temporary) {
		t.Errorf("it says %s", said)
	}
	for _, folder := range folders {
		if err := errors.Join(os.Remove(folder), os.Mkdir(folder, 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	is("when it is back", http.StatusOK)
}
