package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// deployFolder has what runs dorado on machines.
const deployFolder = root + "/deploy"

// accepts checks that a command line, without the program's name, is one that dorado
// takes.
func accepts(t *testing.T, where string, args []string) {
	t.Helper()
	command, rest, err := rootCommand(&program{}).Find(args)
	if err != nil || command.Name() == "dorado" {
		t.Errorf("%s: dorado %s is no command (%v)", where, strings.Join(args, " "), err)
		return
	}
	command.InitDefaultHelpFlag()
	if err := command.ParseFlags(rest); err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	if command.Args != nil {
		if err := command.Args(command, command.Flags().Args()); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// TestUnits checks that the units of systemd name commands and flags that there are,
// and each other.
func TestUnits(t *testing.T) {
	files, err := filepath.Glob(deployFolder + "/systemd/*")
	if err != nil || len(files) < 4 {
		t.Fatalf("%q (%v)", files, err)
	}
	line := regexp.MustCompile(`^(\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=\S.*|#.*|)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		started := 0
		for content := range strings.Lines(string(text)) {
			content = strings.TrimRight(content, "\n")
			if !line.MatchString(content) {
				t.Errorf("%s: %q is no line of a unit", file, content)
			}
			if command, isStart := strings.CutPrefix(content, "ExecStart=/usr/local/bin/dorado "); isStart {
				started++
				accepts(t, file, strings.Fields(command))
			}
		}
		if strings.HasSuffix(file, ".service") != (started == 1) {
			t.Errorf("%s starts %d programs", file, started)
		}
		if service, isTimer := strings.CutSuffix(file, ".timer"); isTimer && !slices.Contains(files, service+".service") {
			t.Errorf("%s has no service", file)
		}
	}
}

// TestDockerfile checks the command of the image.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile(deployFolder + "/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindSubmatch(text)
	var args []string
	if found == nil || json.Unmarshal(found[1], &args) != nil {
		t.Fatalf("it has no CMD: %s", text)
	}
	accepts(t, "Dockerfile", args)
	goMod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(goMod)
	if !bytes.Contains(text, append([]byte("FROM golang:"), version[1]...)) {
		t.Errorf("it does not build with Go %s", version[1])
	}
}

// TestManifests checks that what Kubernetes gets is what it would take as far as can
// be told here: each is whole, names what there is, and runs commands that there are
// with a configuration that is right.
func TestManifests(t *testing.T) {
	text, err := os.ReadFile(deployFolder + "/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type pod struct {
		Containers []struct {
			Args         []string
			VolumeMounts []struct{ Name string } `yaml:"volumeMounts"`
		}
		Volumes []struct {
			Name  string
			Claim *struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
	type podTemplate struct{ Spec pod }
	kinds := map[string]int{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var found struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string
			Metadata   struct{ Name string }
			Data       map[string]string
			Spec       struct {
				Schedule    string
				Template    podTemplate
				JobTemplate struct {
					Spec struct{ Template podTemplate }
				} `yaml:"jobTemplate"`
			}
		}
		if err := decoder.Decode(&found); err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			break
		}
		if found.APIVersion == "" || found.Kind == "" || !strings.HasPrefix(found.Metadata.Name, "dorado") {
			t.Errorf("%+v is not whole", found)
		}
		kinds[found.Kind]++
		if config := found.Data["dorado.yaml"]; config != "" {
			if _, err := loadConfig(writeConfig(t, config), time.Now()); err != nil {
				t.Error(err)
			}
		}
		for _, one := range []pod{found.Spec.Template.Spec, found.Spec.JobTemplate.Spec.Template.Spec} {
			var volumes []string
			for _, volume := range one.Volumes {
				volumes = append(volumes, volume.Name)
				if volume.Claim != nil && volume.Claim.Name != "dorado" {
					t.Errorf("%s: there is no claim %s", found.Kind, volume.Claim.Name)
				}
			}
			for _, container := range one.Containers {
				accepts(t, found.Kind, container.Args)
				for _, mount := range container.VolumeMounts {
					if !slices.Contains(volumes, mount.Name) {
						t.Errorf("%s: there is no volume %s", found.Kind, mount.Name)
					}
				}
			}
		}
	}
	for _, kind := range []string{"ConfigMap", "PersistentVolumeClaim", "Deployment", "Service", "CronJob"} {
		if kinds[kind] != 1 {
			t.Errorf("%d of kind %s", kinds[kind], kind)
		}
	}
}
