package models

// An Override is what a person knows better about an incident or a deployment
// than the data says.
type Override struct {
	Action     string `yaml:"action"`     // one of OverrideActions
	Incident   string `yaml:"incident"`   // incident_id, or the address of its page
	Deployment string `yaml:"deployment"` // deployment_id, or the address of its page
	Who        string `yaml:"who"`        // who says so
	Why        string `yaml:"why"`        // and why
	Place      string `yaml:"-"`          // file:line that it is written in
}

// An OverrideAction is what an override does.
type OverrideAction struct {
	Name     string
	Incident bool   // whether it names an incident beside the deployment
	Either   bool   // whether it names an incident or a deployment
	Meaning  string // a sentence without a full stop
}

// OverrideActions are all actions, in the order in which they are documented.
var OverrideActions = []OverrideAction{
	{"confirm", true, false, "this deployment caused this incident, whatever else is known"},
	{"link", true, false, "this deployment is a candidate for this incident, if nothing on the incident names another"},
	{"reject", true, false, "this deployment did not cause this incident"},
	{"exclude", false, true, "this incident, or this deployment, is in no number about failures"},
	{"failed", false, false, "this deployment failed"},
	{"not_failed", false, false, "this deployment did not fail"},
}

// overridesTable returns the overrides as the models read them.
func overridesTable(overrides []Override) settingsTable {
	table := settingsTable{
		name:    "config.overrides",
		columns: "position bigint, place varchar, action varchar, incident varchar, deployment varchar, decided_by varchar, reason varchar",
	}
	for i, o := range overrides {
		table.rows = append(table.rows, []any{int64(i + 1), o.Place, o.Action, nullable(o.Incident), nullable(o.Deployment), o.Who, o.Why})
	}
	return table
}
