package openslo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dorado/collectors"
	"dorado/strictyaml"
)

// The kinds of documents.
const (
	kindService                 = "Service"
	kindSLO                     = "SLO"
	kindSLI                     = "SLI"
	kindDataSource              = "DataSource"
	kindAlertPolicy             = "AlertPolicy"
	kindAlertCondition          = "AlertCondition"
	kindAlertNotificationTarget = "AlertNotificationTarget"
)

// The types of metric sources that are measured here. Whatever else there is must
// be ingested.
const (
	typeDuckDB    = "DuckDB"    // spec.query, one SELECT over the warehouse
	typeIncidents = "Incidents" // spec.measure, one of measures
)

// measures are what can be measured about the incidents of a service: the time
// without one, and the incidents acknowledged or resolved within a time.
var measures = []string{"uptime", "acknowledged", "resolved"}

// within returns the seconds within which an incident is good.
func (s metricSource) within() (int64, bool) {
	var length duration
	text, _ := s.Spec["within"].(string)
	if length.UnmarshalText([]byte(text)) != nil {
		return 0, false
	}
	return length.seconds()
}

// A Finding is what is wrong with a file of objectives, or not computed with.
type Finding struct {
	strictyaml.Problem
	IsNote bool // the document is read all the same
}

// A parsed is what a file holds: rows without the columns that say which version of
// which file it is.
type parsed struct {
	documents  []Document
	objectives []Objective
	indicators []Indicator
	findings   []Finding
}

// Check returns what is wrong with the text of a file, by line.
func Check(text []byte) []Finding { return parse(text).findings }

// parse reads a file. A document with a problem brings a row, and no objectives.
func parse(text []byte) parsed {
	var file parsed
	documents := strictyaml.Parse(text)
	if len(documents) == 0 {
		file.findings = append(file.findings, Finding{Problem: strictyaml.Problem{Line: 1, Text: "there is no document in this file"}})
	}
	lines := map[string]int{} // of each kind and name
	for i, document := range documents {
		file.read(document, int64(i+1), lines)
	}
	slices.SortStableFunc(file.findings, func(a, b Finding) int { return a.Line - b.Line })
	return file
}

// alertsNobody is the note on what alerts are made of.
const alertsNobody = "it is read and alerts nobody; marts.burn_rate_alerts says when somebody would have been paged"

// A spec is what is special to a kind.
type spec interface {
	validate(v *validation, path string)
}

// read adds one document to the file.
func (f *parsed) read(document *strictyaml.Document, position int64, lines map[string]int) {
	row := Document{Position: position, Line: int64(document.Line()), Kind: document.Text("kind")}
	var v validation
	switch row.Kind {
	case kindService:
		readObject[serviceSpec](document, &v, &row)
	case kindDataSource:
		row.SourceType = readObject[dataSourceSpec](document, &v, &row).Type
	case kindSLI:
		spec := readObject[sliSpec](document, &v, &row)
		if len(v.problems) == 0 {
			f.indicators = append(f.indicators, spec.row(position, 0, row.Name, document.LineOf("spec")))
		}
	case kindSLO:
		spec := readObject[sloSpec](document, &v, &row)
		if len(v.problems) == 0 {
			f.objectivesOf(document, spec, row.Name, position)
		}
	case kindAlertPolicy:
		readObject[alertPolicySpec](document, &v, &row)
		v.note("kind", alertsNobody)
	case kindAlertCondition:
		readObject[alertConditionSpec](document, &v, &row)
		v.note("kind", alertsNobody)
	case kindAlertNotificationTarget:
		readObject[notificationTargetSpec](document, &v, &row)
		v.note("kind", alertsNobody)
	default:
		if len(document.Problems) == 0 {
			kinds := []string{kindService, kindSLO, kindSLI, kindDataSource, kindAlertPolicy, kindAlertCondition, kindAlertNotificationTarget}
			v.add("kind", "%q is not one of %s%s", row.Kind, strings.Join(kinds, ", "), strictyaml.DidYouMean(row.Kind, kinds))
		}
		v.problems = append(document.Problems, document.Place(v.problems)...)
	}
	if first, isTwice := lines[row.Kind+" "+row.Name]; isTwice && row.Name != "" {
		v.problems = append(v.problems, strictyaml.Problem{Line: document.LineOf("metadata.name"), Path: "metadata.name",
			Text: fmt.Sprintf("%q is also the %s in line %d; names are unique", row.Name, row.Kind, first)})
		f.objectives = slices.DeleteFunc(f.objectives, func(o Objective) bool { return o.Position == position })
		f.indicators = slices.DeleteFunc(f.indicators, func(i Indicator) bool { return i.Position == position })
	} else {
		lines[row.Kind+" "+row.Name] = document.LineOf("metadata.name")
	}
	row.IsValid = len(v.problems) == 0
	f.documents = append(f.documents, row)
	for _, problem := range v.problems {
		if problem.Line == 0 {
			problem.Line = document.Line()
		}
		f.findings = append(f.findings, Finding{Problem: problem})
	}
	for _, note := range document.Place(v.notes) {
		f.findings = append(f.findings, Finding{Problem: note, IsNote: true})
	}
}

// readObject reads the document as one whose spec is S, and gathers its problems.
func readObject[S spec](document *strictyaml.Document, v *validation, row *Document) S {
	var read object[S]
	document.Read(&read)
	if read.APIVersion != "openslo/v1" {
		v.add("apiVersion", "%q is not openslo/v1, the version that is read", read.APIVersion)
	}
	v.metadata("metadata", read.Metadata)
	read.Spec.validate(v, "spec")
	v.problems = append(document.Problems, document.Place(v.problems)...)
	row.Name, row.DisplayName = read.Metadata.Name, optional(read.Metadata.DisplayName)
	return read.Spec
}

// objectivesOf adds the objectives of an SLO, and the indicators written in it.
func (f *parsed) objectivesOf(document *strictyaml.Document, spec sloSpec, name string, position int64) {
	window := timeWindow{Duration: &duration{30, "d"}, IsRolling: new(bool)}
	*window.IsRolling = true
	if len(spec.TimeWindow) == 1 {
		window = spec.TimeWindow[0]
	}
	shared := spec.IndicatorRef
	if spec.Indicator != nil {
		shared = name + "#"
		f.indicators = append(f.indicators, spec.Indicator.Spec.row(position, 0, shared, document.LineOf("spec.indicator")))
	}
	for i, objective := range spec.Objectives {
		at := int64(i + 1)
		row := objective.row(name, window)
		row.Position, row.ObjectivePosition = position, at
		row.Line = int64(document.LineOf(fmt.Sprintf("spec.objectives[%d]", i)))
		row.Service, row.BudgetingMethod, row.Indicator = spec.Service, spec.BudgetingMethod, shared
		switch {
		case objective.Indicator != nil:
			row.Indicator = fmt.Sprintf("%s#%d", name, at)
			line := document.LineOf(fmt.Sprintf("spec.objectives[%d].indicator", i))
			f.indicators = append(f.indicators, objective.Indicator.Spec.row(position, at, row.Indicator, line))
		case objective.IndicatorRef != "":
			row.Indicator = objective.IndicatorRef
		}
		f.objectives = append(f.objectives, row)
	}
}

// row returns what the objective and its window say.
func (o objective) row(slo string, window timeWindow) Objective {
	row := Objective{
		SLO:             slo,
		DisplayName:     optional(o.DisplayName),
		Target:          o.target(),
		Operator:        optional(o.Operator),
		Value:           o.Value,
		TimeSliceTarget: o.TimeSliceTarget,
		CompositeWeight: o.CompositeWeight,
		WindowCount:     int64(window.Duration.count),
		WindowUnit:      window.Duration.unit,
		IsRolling:       window.Calendar == nil,
	}
	if o.TimeSliceWindow != nil {
		length, _ := o.TimeSliceWindow.seconds()
		row.TimeSliceSeconds = &length
	}
	if window.Calendar != nil {
		started, err := time.Parse(time.DateTime, window.Calendar.StartTime)
		if err == nil {
			row.CalendarStartedAt, row.CalendarTimeZone = &started, &window.Calendar.TimeZone
		}
	}
	return row
}

// row returns what the indicator says.
func (s sliSpec) row(position, objective int64, name string, line int) Indicator {
	row := Indicator{Position: position, ObjectivePosition: objective, Name: name, Line: int64(line)}
	ratio := s.RatioMetric
	if ratio == nil {
		ratio = &ratioMetric{}
	}
	row.IsCounter = ratio.Counter
	var main, total *metric
	switch {
	case s.ThresholdMetric != nil:
		row.Metric, main = "threshold", s.ThresholdMetric
	case ratio.Raw != nil:
		row.Metric, main = "raw_"+ratio.RawType, ratio.Raw
	case ratio.Good != nil:
		row.Metric, main, total = "good", ratio.Good, ratio.Total
	default:
		row.Metric, main, total = "bad", ratio.Bad, ratio.Total
	}
	source := main.MetricSource
	row.SourceType, row.SourceReference = optional(source.Type), optional(source.MetricSourceRef)
	row.Measure, row.Query = text(source.Spec, "measure"), text(source.Spec, "query")
	if within, ok := source.within(); ok {
		row.WithinSeconds = &within
	}
	if total != nil {
		row.TotalSourceType, row.TotalSourceReference = optional(total.MetricSource.Type), optional(total.MetricSource.MetricSourceRef)
		row.TotalQuery = text(total.MetricSource.Spec, "query")
	}
	return row
}

// text returns the text at a key, nil where there is none; other values as JSON.
func text(spec map[string]any, key string) *string {
	value, ok := spec[key]
	if !ok {
		return nil
	}
	if value, ok := value.(string); ok {
		return &value
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil // a number that JSON does not know
	}
	return optional(string(encoded))
}

// optional returns nil for "".
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// rows returns the rows of one version of a file.
func (f parsed) rows(version File) []collectors.Row {
	rows := []collectors.Row{version}
	for _, document := range f.documents {
		document.Origin, document.Path, document.Version = version.Origin, version.Path, version.Version
		rows = append(rows, document)
	}
	for _, objective := range f.objectives {
		objective.Origin, objective.Path, objective.Version = version.Origin, version.Path, version.Version
		rows = append(rows, objective)
	}
	for _, indicator := range f.indicators {
		indicator.Origin, indicator.Path, indicator.Version = version.Origin, version.Path, version.Version
		rows = append(rows, indicator)
	}
	for i, finding := range f.findings {
		rows = append(rows, Problem{
			Origin: version.Origin, Path: version.Path, Version: version.Version, Position: int64(i + 1),
			Line: int64(finding.Line), Place: finding.Path, Text: finding.Text, IsNote: finding.IsNote,
		})
	}
	return rows
}

// sortedKeys returns the keys of a map in order, so that every run is the same.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
