package dashboards

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

var update = flag.Bool("update", false, "write the dashboards anew instead of comparing with them")

// folder is where the plugin's dashboards are.
const folder = "../src/dashboards"

// TestDashboards compares what is made with the files that are brought along, and
// reads these as strictly as Grafana's schema is.
func TestDashboards(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range all {
		t.Run(made.File, func(t *testing.T) {
			text, err := json.MarshalIndent(made.Dashboard, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			file := filepath.Join(folder, made.File)
			if *update {
				if err := os.WriteFile(file, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, text) {
				t.Errorf("%s is not what the Go code makes: run go generate ./grafana/dashboards", file)
			}
			var read dashboard.Dashboard
			// Without a mistake it may return an empty list of them, which is no nil.
			if err := read.UnmarshalJSONStrict(kept); err != nil && err.Error() != "" {
				t.Errorf("not a dashboard: %v", err)
			}
		})
	}
}

// TestPanels holds every panel to the rules of the house: it says what it shows, what
// that means, and what it shows where there is nothing; it lies beside the others.
func TestPanels(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	uids := map[string]bool{}
	for _, made := range all {
		if made.Uid == nil || uids[*made.Uid] || made.Title == nil || made.Description == nil {
			t.Errorf("%s: a dashboard has a uid of its own, a title and a description", made.File)
			continue
		}
		uids[*made.Uid] = true
		ids := map[uint32]bool{}
		taken := map[[2]uint32]string{}
		for _, placed := range made.Panels {
			if placed.RowPanel != nil {
				continue
			}
			panel := placed.Panel
			name := made.File + ": " + *panel.Title
			if panel.Id == nil || ids[*panel.Id] {
				t.Errorf("%s: the id is missing or another panel's", name)
			}
			ids[*panel.Id] = true
			if panel.Description == nil || !strings.HasSuffix(*panel.Description, ".") {
				t.Errorf("%s: the description is not a sentence", name)
			}
			if panel.FieldConfig == nil || panel.FieldConfig.Defaults.NoValue == nil {
				t.Errorf("%s: it does not say what it shows without data", name)
			}
			if panel.Datasource == nil || *panel.Datasource.Uid != "${datasource}" {
				t.Errorf("%s: its data source is not the reader's", name)
			}
			if panel.Type != "table" && panel.FieldConfig.Defaults.Unit == nil {
				t.Errorf("%s: it has no unit", name)
			}
			if len(panel.Targets) == 0 {
				t.Errorf("%s: it asks nothing", name)
			}
			place := panel.GridPos
			if place.X+place.W > 24 {
				t.Errorf("%s: it reaches over the edge", name)
			}
			for x := place.X; x < place.X+place.W; x++ {
				for y := place.Y; y < place.Y+place.H; y++ {
					if other := taken[[2]uint32{x, y}]; other != "" {
						t.Errorf("%s lies over %s", name, other)
						return
					}
					taken[[2]uint32{x, y}] = *panel.Title
				}
			}
		}
	}
}
