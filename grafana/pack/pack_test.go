package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// here is the platform of this machine.
var here = runtime.GOOS + "_" + runtime.GOARCH

// packed packs what make plugin built, for this machine.
func packed(t *testing.T) string {
	t.Helper()
	const dist = "../dist"
	for _, file := range []string{"module.js", backendName(here)} {
		if _, err := os.Stat(filepath.Join(dist, file)); err != nil {
			if os.Getenv("DORADO_TEST_PLUGIN") != "" {
				t.Fatal(err)
			}
			t.Skipf("there is no %s in %s; make test builds it", file, dist)
		}
	}
	if err := writeManifest(t.Context(), dist); err != nil {
		t.Fatal(err)
	}
	file, err := pack(dist, t.TempDir(), []string{here})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPackage(t *testing.T) {
	file := packed(t)
	problems, err := check(file, []string{here})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	again := packed(t)
	first, err := os.ReadFile(file + ".sha256")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(again + ".sha256"); err != nil || !bytes.Equal(first, second) {
		t.Errorf("packed again it is another: %s, %s (%v)", first, second, err)
	}
}

// TestCheck spoils a good archive in every way that is checked.
func TestCheck(t *testing.T) {
	good := packed(t)
	for _, test := range []struct {
		want  string
		spoil func(name string, text []byte) (string, []byte, os.FileMode)
	}{
		{"there is no module.js", drop("module.js")},
		{"there is no CHANGELOG.md", drop("CHANGELOG.md")},
		{"there is no " + manifestName, drop(manifestName)},
		{"there is no backend " + backendName(here), drop(backendName(here))},
		{`there is no "img/logo.svg"`, drop("img/logo.svg")},
		{"the mode 644, not 755", func(name string, text []byte) (string, []byte, os.FileMode) { return name, text, 0o644 }},
		{"is not below", change("LICENSE", func(name string, text []byte) (string, []byte) { return "../other/LICENSE", text })},
		{"the key colour is not known", replace("plugin.json", `"metrics"`, `"colour": 1, "metrics"`)},
		{"must be the folder's", replace("plugin.json", "dorado-metrics-datasource", "dorado-datasource")},
		{`the version "1" is none`, replace("plugin.json", `"version": "`, `"version": "1", "was": "`)},
		{"info.description is empty", replace("plugin.json", `"description"`, `"about"`)},
		{"README.md is too short", change("README.md", func(name string, _ []byte) (string, []byte) { return name, []byte("# dorado") })},
		{"has a relative link", change("README.md", func(name string, text []byte) (string, []byte) { return name, append(text, "[a](../docs/a.md)"...) })},
		{"was not filled in", replace("CHANGELOG.md", "# Changelog", "# %VERSION%")},
		{"img/logo.svg has a script", replace("img/logo.svg", "<rect", "<script/><rect")},
		{"module.js.map has not the sources", replace("module.js.map", "module.ts", "other.ts")},
		{"module.js is no AMD module", replace("module.js", "define(", "require(")},
		{"dashboards/other.json is not in includes", change("LICENSE", func(string, []byte) (string, []byte) { return "dashboards/other.json", []byte("{}") })},
	} {
		t.Run(test.want, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "spoiled.zip")
			if err := spoil(good, file, test.spoil); err != nil {
				t.Fatal(err)
			}
			problems, err := check(file, []string{here})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(problems, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("found only %q", problems)
			}
		})
	}
}

type spoiler = func(name string, text []byte) (string, []byte, os.FileMode)

func change(which string, how func(name string, text []byte) (string, []byte)) spoiler {
	return func(name string, text []byte) (string, []byte, os.FileMode) {
		if name == which {
			name, text = how(name, text)
		}
		return name, text, 0
	}
}

func drop(which string) spoiler {
	return change(which, func(string, []byte) (string, []byte) { return "", nil })
}

func replace(which, from, to string) spoiler {
	return change(which, func(name string, text []byte) (string, []byte) {
		return name, bytes.Replace(text, []byte(from), []byte(to), 1)
	})
}

// spoil copies an archive; the spoiler says what becomes of each file, nothing of
// one without a name.
func spoil(from, to string, how spoiler) error {
	read, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer read.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	written := zip.NewWriter(file)
	for _, entry := range read.File {
		root, name, _ := strings.Cut(entry.Name, "/")
		opened, err := entry.Open()
		if err != nil {
			return err
		}
		var text []byte
		if !strings.HasPrefix(name, "gpx_") { // its text is not read
			if text, err = io.ReadAll(opened); err != nil {
				return err
			}
		}
		opened.Close()
		name, text, mode := how(name, text)
		if name == "" {
			continue
		}
		header := &zip.FileHeader{Name: root + "/" + name}
		if rest, isElsewhere := strings.CutPrefix(name, "../"); isElsewhere {
			header.Name = rest
		}
		if mode == 0 {
			mode = entry.Mode()
		}
		header.SetMode(mode)
		made, err := written.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := made.Write(text); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return written.Close()
}
