package openslo

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the .want files in testdata instead of comparing with them")

// TestSpecification reads examples written from the tables of the specification.
// In the archives of testdata NAME.yaml is a document or several and NAME.want what
// is wrong with them, a line for each finding; there is none of what is accepted.
func TestSpecification(t *testing.T) {
	for archive, files := range archives(t) {
		var written []txtar.File
		for _, part := range files.Files {
			name, isExample := strings.CutSuffix(part.Name, ".yaml")
			if !isExample {
				continue
			}
			got := findings(part.Data)
			written = append(written, part)
			if got != "" {
				written = append(written, txtar.File{Name: name + ".want", Data: []byte(got)})
			}
			t.Run(name, func(t *testing.T) {
				if want := data(files, name+".want"); got != want && !*update {
					t.Errorf("got\n%swant\n%s", got, want)
				}
			})
		}
		if files.Files = written; *update {
			if err := os.WriteFile(archive, txtar.Format(files), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// findings returns what is wrong with a file, one line each.
func findings(text []byte) string {
	var lines strings.Builder
	for _, finding := range Check(text) {
		fmt.Fprintf(&lines, "%d: ", finding.Line)
		if finding.IsNote {
			lines.WriteString("note: ")
		}
		if finding.Path != "" {
			lines.WriteString(finding.Path + ": ")
		}
		lines.WriteString(finding.Text + "\n")
	}
	return lines.String()
}

// archives returns the archives of examples, by path.
func archives(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	found := map[string]*txtar.Archive{}
	for _, name := range []string{"testdata/accepted.txtar", "testdata/refused.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = archive
	}
	return found
}

// data returns the text of a file of an archive, "" where there is none.
func data(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// example returns the text of an example of any archive.
func example(t *testing.T, name string) []byte {
	t.Helper()
	for _, archive := range archives(t) {
		if text := data(archive, name+".yaml"); text != "" {
			return []byte(text)
		}
	}
	t.Fatalf("there is no example %s", name)
	return nil
}

// TestParse reads what is stored of an SLO: a target in percent, a window of the
// calendar, and the indicators that are written in place.
func TestParse(t *testing.T) {
	read := parse(example(t, "slo-calendar"))
	if len(read.objectives) != 2 || len(read.indicators) != 1 || len(read.documents) != 1 {
		t.Fatalf("%d objectives, %d indicators and %d documents, want 2, 1 and 1", len(read.objectives), len(read.indicators), len(read.documents))
	}
	got := read.objectives[1]
	if got.Target != 0.9995 || got.WindowCount != 1 || got.WindowUnit != "M" || got.IsRolling ||
		got.CalendarStartedAt.Format("2006-01-02 15:04") != "2026-01-01 00:00" || *got.CalendarTimeZone != "Europe/Berlin" ||
		got.Indicator != "checkout-requests#" || got.Service != "checkout" || got.Line != 30 {
		t.Errorf("read %+v", got)
	}
	if indicator := read.indicators[0]; indicator.Name != got.Indicator || indicator.Metric != "bad" || !indicator.IsCounter ||
		*indicator.TotalQuery != "from core.total" || indicator.SourceType != nil || *indicator.SourceReference != "warehouse" {
		t.Errorf("read %+v", indicator)
	}
}

// TestBadDocumentsDoNotStopTheOthers reads the good one of three documents.
func TestBadDocumentsDoNotStopTheOthers(t *testing.T) {
	read := parse(example(t, "one-of-three-is-good"))
	if len(read.documents) != 3 || len(read.objectives) != 1 || read.objectives[0].SLO != "good" {
		t.Errorf("read %d documents and the objectives %+v", len(read.documents), read.objectives)
	}
}

func FuzzParse(f *testing.F) {
	for _, archive := range archives(f) {
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("kind: SLO\nspec: &s {indicator: {spec: *s}}"))
	f.Add([]byte("apiVersion: openslo/v1\nkind: SLI\nspec: !!binary aGVsbG8="))
	f.Add([]byte("kind: ? \n- :\n\t---"))
	f.Add([]byte("? |\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		read := parse(text)
		lines := int64(strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1)
		for _, finding := range read.findings {
			if finding.Text == "" || int64(finding.Line) > lines {
				t.Errorf("of %d lines there is the finding %+v", lines, finding)
			}
		}
		valid := map[int64]bool{}
		for _, document := range read.documents {
			valid[document.Position] = document.IsValid
		}
		for _, objective := range read.objectives {
			if !valid[objective.Position] || objective.Target < 0 || objective.Target >= 1 || objective.Indicator == "" {
				t.Errorf("a document that is not valid, or a strange one, has the objective %+v", objective)
			}
		}
		if len(read.documents) == 0 && len(read.findings) == 0 {
			t.Error("nothing is read and nothing is said")
		}
	})
}
