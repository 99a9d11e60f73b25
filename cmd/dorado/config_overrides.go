package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dorado/models"
	"dorado/strictyaml"
)

// overridesFile is what a file of overrides holds.
type overridesFile struct {
	Overrides []models.Override `yaml:"overrides"`
}

// loadOverrides reads a file of overrides and checks it. Its error is an
// *invalidConfig where the file is there and something in it is wrong.
func loadOverrides(file string) ([]models.Override, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the overrides: %w", err)
	}
	var content overridesFile
	document := strictyaml.Read(text, &content)
	v := &validation{}
	for i, override := range content.Overrides {
		validateOverride(v, fmt.Sprintf("overrides[%d]", i), override)
	}
	if problems := append(document.Problems, document.Place(v.problems)...); len(problems) > 0 {
		return nil, &invalidConfig{file: file, problems: problems}
	}
	for i := range content.Overrides {
		placed := document.Place([]Problem{{Path: fmt.Sprintf("overrides[%d]", i)}})
		content.Overrides[i].Place = fmt.Sprintf("%s:%d", filepath.Base(file), placed[0].Line)
	}
	return content.Overrides, nil
}

func validateOverride(v *validation, path string, override models.Override) {
	if strings.TrimSpace(override.Who) == "" {
		v.add(path+".who", "say who knows this")
	}
	if strings.TrimSpace(override.Why) == "" {
		v.add(path+".why", "say why")
	}
	var names []string
	for _, action := range models.OverrideActions {
		names = append(names, action.Name)
		if action.Name == override.Action {
			validateSubject(v, path, override, action)
			return
		}
	}
	if override.Action == "" {
		v.add(path+".action", "say what to do: one of %s", strings.Join(names, ", "))
		return
	}
	v.oneOf(path+".action", override.Action, names...)
}

// validateSubject checks what the override is about.
func validateSubject(v *validation, path string, override models.Override, action models.OverrideAction) {
	switch hasIncident, hasDeployment := override.Incident != "", override.Deployment != ""; {
	case action.Either && hasIncident == hasDeployment:
		v.add(path, "%s is about an incident or about a deployment: name one of them", action.Name)
	case action.Either:
	case action.Incident && !hasIncident:
		v.add(path+".incident", "%s is about an incident and a deployment: name the incident by its incident_id or the address of its page", action.Name)
	case !action.Incident && hasIncident:
		v.add(path+".incident", "%s is about a deployment alone", action.Name)
	case !hasDeployment:
		v.add(path+".deployment", "name the deployment by its deployment_id or the address of its page")
	}
}
