package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// known are the keys that plugin.json may have: Grafana refuses others.
var known = []string{"$schema", "type", "name", "id", "metrics", "annotations", "alerting", "backend", "category", "executable", "queryOptions", "info", "dependencies", "includes", "streaming", "logs", "tracing"}

var (
	semanticVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	relativeLink    = regexp.MustCompile(`\]\((\.|/|[^)h#][^):]*\))`)
)

// check returns what is wrong with an archive, by the rules of Grafana's validator
// as far as they can be known here: the signature is not checked.
func check(file string, these []string) ([]string, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { _ = archive.Close() }() // it was only read
	var problems []string
	add := func(format string, arguments ...any) { problems = append(problems, fmt.Sprintf(format, arguments...)) }

	root, _, _ := strings.Cut(archive.File[0].Name, "/")
	texts, modes := map[string][]byte{}, map[string]uint32{}
	for _, entry := range archive.File {
		top, name, _ := strings.Cut(entry.Name, "/")
		if top != root {
			add("%s is not below %s", entry.Name, root)
		}
		modes[name] = uint32(entry.Mode().Perm())
		if strings.HasPrefix(name, "gpx_") {
			texts[name] = nil
			continue
		}
		opened, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("open %s in %s: %w", entry.Name, file, err)
		}
		texts[name], err = io.ReadAll(opened)
		if err := opened.Close(); err != nil {
			return nil, fmt.Errorf("close %s in %s: %w", entry.Name, file, err)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s in %s: %w", entry.Name, file, err)
		}
	}
	for _, name := range []string{"plugin.json", "module.js", "module.js.map", "README.md", "CHANGELOG.md", "LICENSE", manifestName} {
		if len(texts[name]) == 0 {
			add("there is no %s", name)
		}
	}
	problems = append(problems, checkDescription(root, texts)...)
	problems = append(problems, checkTexts(texts)...)

	for _, platform := range these {
		name := backendName(platform)
		if _, isThere := texts[name]; !isThere {
			add("there is no backend %s", name)
		} else if modes[name] != 0o755 {
			add("%s has the mode %o, not 755", name, modes[name])
		}
	}
	for name := range texts {
		isWanted := slices.ContainsFunc(these, func(platform string) bool { return backendName(platform) == name })
		if strings.HasPrefix(name, "gpx_") && !isWanted {
			add("%s is a backend of no platform that is packed", name)
		}
	}
	slices.Sort(problems)
	return problems, nil
}

// checkDescription checks plugin.json and the files that it names.
func checkDescription(root string, texts map[string][]byte) []string {
	var problems []string
	add := func(format string, arguments ...any) {
		problems = append(problems, fmt.Sprintf("plugin.json: "+format, arguments...))
	}
	var keys map[string]json.RawMessage
	var described description
	if err := json.Unmarshal(texts["plugin.json"], &keys); err != nil {
		add("%v", err)
		return problems
	}
	if err := json.Unmarshal(texts["plugin.json"], &described); err != nil {
		add("%v", err)
		return problems
	}
	for key := range keys {
		if !slices.Contains(known, key) {
			add("the key %s is not known", key)
		}
	}
	for name, value := range map[string]string{"name": described.Name, "info.description": described.Info.Description, "info.author.name": described.Info.Author.Name,
		"info.updated": described.Info.Updated, "dependencies.grafanaDependency": described.Dependencies.GrafanaDependency, "executable": described.Executable} {
		if value == "" {
			add("%s is empty", name)
		}
	}
	if described.ID != root || !strings.HasSuffix(described.ID, "-datasource") || described.Type != "datasource" {
		add("the id %q must be the folder's, %s, and end in its type, %s", described.ID, root, described.Type)
	}
	if !semanticVersion.MatchString(described.Info.Version) {
		add("the version %q is none", described.Info.Version)
	}
	files := []string{described.Info.Logos.Small, described.Info.Logos.Large}
	for _, screenshot := range described.Info.Screenshots {
		files = append(files, screenshot.Path)
	}
	dashboards := map[string]bool{}
	for _, include := range described.Includes {
		files = append(files, include.Path)
		dashboards[include.Path] = true
	}
	for _, name := range files {
		if len(texts[name]) == 0 {
			add("there is no %q", name)
		}
	}
	for name := range texts {
		if strings.HasPrefix(name, "dashboards/") && !dashboards[name] {
			add("%s is not in includes", name)
		}
	}
	return problems
}

// checkTexts checks what people read, and what browsers run.
func checkTexts(texts map[string][]byte) []string {
	var problems []string
	add := func(format string, arguments ...any) { problems = append(problems, fmt.Sprintf(format, arguments...)) }
	if readme := texts["README.md"]; len(readme) < 500 {
		add("README.md is too short for a page of the catalogue")
	}
	for _, link := range relativeLink.FindAll(texts["README.md"], -1) {
		add("README.md has a relative link %s", link)
	}
	for name, text := range texts {
		if bytes.Contains(text, []byte("%VERSION%")) || bytes.Contains(text, []byte("%TODAY%")) {
			add("%s has a place that was not filled in", name)
		}
		if strings.HasSuffix(name, ".svg") && bytes.Contains(bytes.ToLower(text), []byte("<script")) {
			add("%s has a script", name)
		}
	}
	if bytes.Contains(texts["LICENSE"], []byte("[name of copyright owner]")) && !bytes.Contains(texts["LICENSE"], []byte("END OF TERMS AND CONDITIONS")) {
		add("LICENSE is not filled in")
	}
	var sources struct {
		Sources        []string `json:"sources"`
		SourcesContent []string `json:"sourcesContent"`
	}
	if err := json.Unmarshal(texts["module.js.map"], &sources); err != nil {
		add("module.js.map: %v", err)
	} else if !slices.ContainsFunc(sources.Sources, func(source string) bool { return strings.HasSuffix(source, "/module.ts") }) || len(sources.SourcesContent) != len(sources.Sources) {
		add("module.js.map has not the sources")
	}
	if !bytes.HasPrefix(texts["module.js"], []byte("define(")) {
		add("module.js is no AMD module")
	}
	return problems
}
