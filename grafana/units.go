package grafana

import (
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"dorado/server/wire"
)

// configOf returns how values of a unit look: Grafana's unit, and the ends of an
// axis where the unit has them.
func configOf(unit string) *data.FieldConfig {
	config := &data.FieldConfig{}
	switch unit {
	case wire.UnitSeconds:
		config.Unit = "s"
	case wire.UnitMinutes:
		config.Unit = "m"
	case wire.UnitRatio:
		config.Unit = "percentunit"
	case wire.UnitDeploymentsPerDay:
		config.Unit = "suffix:per day"
	case wire.UnitDaysPerWeek:
		config.Unit = "suffix:days per week"
		config.SetMax(7)
	case wire.UnitScore:
		config.SetMax(10)
	case wire.UnitLines:
		config.Unit = "suffix:lines"
	default: // counts, and what a newer server has
		config.Unit = "none"
	}
	return config.SetMin(0)
}

// configOfStatistic returns how values of a statistic look: as their unit does, but
// for burn rates, which are ratios of speeds, and for what is left of an error
// budget, which can be less than nothing.
func configOfStatistic(statistic, unit string) *data.FieldConfig {
	config := configOf(unit)
	switch statistic {
	case "burn_rate":
		return burnRate()
	case "remaining_ratio", "remaining_minutes":
		config.Min = nil
	}
	return config
}

// burnRate returns how burn rates look: how many times as fast as it may be a
// budget is spent.
func burnRate() *data.FieldConfig {
	return (&data.FieldConfig{Unit: "suffix:×"}).SetMin(0).SetDecimals(2)
}

// Colours of good to bad, which the colour-blind can tell apart and both themes
// can show.
const (
	colourBest   = "dark-blue"
	colourGood   = "light-blue"
	colourMiddle = "yellow"
	colourWorst  = "orange"
	colourBroken = "red"
)

// levels are how DORA's levels look.
var levels = data.ValueMapper{
	"elite":  {Text: "Elite", Color: colourBest, Index: 0},
	"high":   {Text: "High", Color: colourGood, Index: 1},
	"medium": {Text: "Medium", Color: colourMiddle, Index: 2},
	"low":    {Text: "Low", Color: colourWorst, Index: 3},
}

// words returns a name as people read it: change_lead_time is Change lead time.
func words(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// link opens what a field has the address of.
var link = []data.DataLink{{Title: "Open the source", URL: "${__value.raw}", TargetBlank: true}}

// A column is how a column of the server's rows looks.
type column struct {
	title  string // "" for its name in words
	config data.FieldConfig
	hide   bool // left out
}

// dress names the fields of a table and gives them the config of their columns.
// A column that is not known, of a newer server, keeps its name in words.
func dress(frame *data.Frame, columns map[string]column) {
	var kept []*data.Field
	for _, field := range frame.Fields {
		look := columns[field.Name]
		if look.hide {
			continue
		}
		config := look.config
		config.DisplayNameFromDS = look.title
		if look.title == "" {
			config.DisplayNameFromDS = words(field.Name)
		}
		field.Config = &config
		kept = append(kept, field)
	}
	frame.Fields = kept
}
