package main

import (
	"encoding/json"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// read reads a file of the folder above.
func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(path.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestCompose checks what can be checked without Docker: Grafana gets the data source,
// may load it, and finds what sets it up and its dashboards where they are mounted.
func TestCompose(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image       string            `yaml:"image"`
			Environment map[string]string `yaml:"environment"`
			Volumes     []string          `yaml:"volumes"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(read(t, "docker-compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	var described description
	if err := json.Unmarshal(read(t, "src/plugin.json"), &described); err != nil {
		t.Fatal(err)
	}
	grafana := compose.Services["grafana"]
	if allowed := grafana.Environment["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"]; allowed != described.ID {
		t.Errorf("the plugin that may be loaded unsigned is %q", allowed)
	}
	if !strings.HasPrefix(grafana.Image, "grafana/grafana:1") {
		t.Errorf("the image %q has no version", grafana.Image)
	}
	mounted := map[string]string{}
	for _, volume := range grafana.Volumes {
		parts := strings.Split(volume, ":")
		mounted[parts[0]] = parts[1]
	}
	plugin := "/var/lib/grafana/plugins/" + described.ID
	if mounted["./dist"] != plugin || mounted["./provisioning"] != "/etc/grafana/provisioning" {
		t.Errorf("mounted are %v", mounted)
	}

	var providers struct {
		Providers []struct {
			Options struct {
				Path string `yaml:"path"`
			} `yaml:"options"`
		} `yaml:"providers"`
	}
	if err := yaml.Unmarshal(read(t, "provisioning/dashboards/dorado.yaml"), &providers); err != nil {
		t.Fatal(err)
	}
	for _, provider := range providers.Providers {
		inside, isMounted := strings.CutPrefix(provider.Options.Path, plugin+"/")
		if _, err := os.Stat(path.Join("../src", inside)); err != nil || !isMounted {
			t.Errorf("there are no dashboards in %s: %v", provider.Options.Path, err)
		}
	}

	source := read(t, "provisioning/datasources/dorado.yaml")
	var sources struct {
		Datasources []struct{ Type string } `yaml:"datasources"`
	}
	if err := yaml.Unmarshal(source, &sources); err != nil {
		t.Fatal(err)
	}
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != described.ID {
		t.Errorf("the data sources are %v", sources.Datasources)
	}
	for _, variable := range regexp.MustCompile(`(?m)^[^#\n]*\$(\w+)`).FindAllSubmatch(source, -1) {
		if _, isSet := grafana.Environment[string(variable[1])]; !isSet {
			t.Errorf("$%s is not in the environment of Grafana", variable[1])
		}
	}
}
