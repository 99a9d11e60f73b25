package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"dorado/models"
	"dorado/strictyaml"
)

// A definitionSet is other definitions under which the numbers are published too.
type definitionSet struct {
	name   string
	config *Config // the configuration, with what the set says in place of its own
}

// setFile is what the file of a definition set holds: what it leaves out is as in
// the configuration.
type setFile struct {
	Teams       []models.Team         `yaml:"teams"`
	Services    []models.Service      `yaml:"services"`
	Incidents   []models.IncidentRule `yaml:"incidents"`
	Definitions models.Definitions    `yaml:"definitions"`
	Overrides   string                `yaml:"overrides"` // relative to the set's file
}

// setName is what the name of a definition set looks like; it becomes a folder's.
var setName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// loadDefinitionSets reads the definition sets that the configuration, which is in
// folder, names.
func loadDefinitionSets(config *Config, folder string) ([]definitionSet, error) {
	var sets []definitionSet
	for _, name := range slices.Sorted(maps.Keys(config.DefinitionSets)) {
		made, err := loadDefinitionSet(from(folder, config.DefinitionSets[name]), *config)
		if err != nil {
			return nil, err
		}
		sets = append(sets, definitionSet{name: name, config: made})
	}
	return sets, nil
}

// loadDefinitionSet reads a file and returns the configuration with what it says. Its
// error is an *invalidConfig where the file is there and something in it is wrong.
func loadDefinitionSet(file string, config Config) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the definition set: %w", err)
	}
	var said setFile
	document := strictyaml.Read(text, &said)
	if said.Teams != nil {
		config.Teams = said.Teams
	}
	if said.Services != nil {
		config.Services = said.Services
	}
	if said.Incidents != nil {
		config.Incidents = said.Incidents
	}
	if said.Definitions != nil {
		config.Definitions = said.Definitions
	}
	v := &validation{}
	validateTeams(v, said.Teams)
	v.problems = append(v.problems, (&Config{Services: said.Services}).validateServices(config.repositories())...)
	validateIncidentRules(v, "incidents", said.Incidents)
	validateDefinitions(v, "definitions", said.Definitions)
	if problems := append(document.Problems, document.Place(v.problems)...); len(problems) > 0 {
		return nil, &invalidConfig{file: file, problems: problems}
	}
	if said.Overrides != "" {
		if config.overrides, err = loadOverrides(from(filepath.Dir(file), said.Overrides)); err != nil {
			return nil, err
		}
	}
	return &config, nil
}

// validateDefinitionSets checks the names of the definition sets.
func validateDefinitionSets(v *validation, sets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		path := "definition_sets." + name
		if !setName.MatchString(name) {
			v.add(path, "%q is no name for a definition set: use small letters, digits, - and _", name)
		}
		if sets[name] == "" {
			v.add(path, "name the file that holds the definitions")
		}
	}
}
