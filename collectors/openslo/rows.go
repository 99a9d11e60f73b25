package openslo

import (
	"time"

	"dorado/collectors"
)

// Tables returns an empty row of every raw table that the collectors fill.
func Tables() []collectors.Row {
	return []collectors.Row{File{}, Document{}, Objective{}, Indicator{}, Problem{}}
}

// A File is a row of raw.openslo_files: one version of one file.
type File struct {
	Origin        string    `db:"origin,key"`     // owner/name of the repository, or folder
	Path          string    `db:"path,key"`       // in the repository or folder
	Version       string    `db:"version,key"`    // the commit's SHA, or when it was seen
	EffectiveFrom time.Time `db:"effective_from"` // the commit's time, or when it was first seen
	IsDeleted     bool      `db:"is_deleted"`     // from then on there is no such file
	URL           *string   `db:"url"`            // a page that shows it
}

// Table returns the table's name.
func (File) Table() string { return "openslo_files" }

// A Document is a row of raw.openslo_documents: a document of a file, of any kind.
type Document struct {
	Origin      string  `db:"origin,key"`
	Path        string  `db:"path,key"`
	Version     string  `db:"version,key"`
	Position    int64   `db:"position,key"` // in the file, from 1
	Line        int64   `db:"line"`
	Kind        string  `db:"kind"`
	Name        string  `db:"name"`
	DisplayName *string `db:"display_name"`
	SourceType  string  `db:"source_type"` // of a DataSource
	IsValid     bool    `db:"is_valid"`    // raw.openslo_problems says why not
}

// Table returns the table's name.
func (Document) Table() string { return "openslo_documents" }

// An Objective is a row of raw.openslo_objectives: an objective of a valid SLO.
type Objective struct {
	Origin            string     `db:"origin,key"`
	Path              string     `db:"path,key"`
	Version           string     `db:"version,key"`
	Position          int64      `db:"position,key"`           // of the document
	ObjectivePosition int64      `db:"objective_position,key"` // in the SLO, from 1
	Line              int64      `db:"line"`
	SLO               string     `db:"slo"`
	Service           string     `db:"service"`
	DisplayName       *string    `db:"display_name"`
	Target            float64    `db:"target"` // a ratio
	BudgetingMethod   string     `db:"budgeting_method"`
	Operator          *string    `db:"operator"`
	Value             *float64   `db:"value"`
	TimeSliceTarget   *float64   `db:"time_slice_target"`
	TimeSliceSeconds  *int64     `db:"time_slice_seconds"`
	WindowCount       int64      `db:"window_count"`
	WindowUnit        string     `db:"window_unit"` // m, h, d, w, M, Q or Y
	IsRolling         bool       `db:"is_rolling"`
	CalendarStartedAt *time.Time `db:"calendar_started_at"` // in the calendar's zone
	CalendarTimeZone  *string    `db:"calendar_time_zone"`
	Indicator         string     `db:"indicator"` // the name of a row of raw.openslo_indicators
	CompositeWeight   *float64   `db:"composite_weight"`
}

// Table returns the table's name.
func (Objective) Table() string { return "openslo_objectives" }

// An Indicator is a row of raw.openslo_indicators: an SLI, or the indicator written
// in an SLO or an objective.
type Indicator struct {
	Origin               string  `db:"origin,key"`
	Path                 string  `db:"path,key"`
	Version              string  `db:"version,key"`
	Position             int64   `db:"position,key"`           // of the document
	ObjectivePosition    int64   `db:"objective_position,key"` // 0 for the whole document's
	Line                 int64   `db:"line"`
	Name                 string  `db:"name"`   // of the SLI; SLO# or SLO#1 for one that is written in place
	Metric               string  `db:"metric"` // threshold, good, bad, raw_success or raw_failure
	IsCounter            bool    `db:"is_counter"`
	SourceType           *string `db:"source_type"`
	SourceReference      *string `db:"source_reference"` // a DataSource
	Measure              *string `db:"measure"`          // of the type Incidents: uptime, acknowledged or resolved
	WithinSeconds        *int64  `db:"within_seconds"`
	Query                *string `db:"query"`
	TotalSourceType      *string `db:"total_source_type"`
	TotalSourceReference *string `db:"total_source_reference"`
	TotalQuery           *string `db:"total_query"`
}

// Table returns the table's name.
func (Indicator) Table() string { return "openslo_indicators" }

// A Problem is a row of raw.openslo_problems: what is wrong with a version of a file.
type Problem struct {
	Origin   string `db:"origin,key"`
	Path     string `db:"path,key"`
	Version  string `db:"version,key"`
	Position int64  `db:"position,key"`
	Line     int64  `db:"line"`
	Place    string `db:"place"` // of the value: spec.objectives[0].target
	Text     string `db:"text"`
	IsNote   bool   `db:"is_note"` // the document is read all the same
}

// Table returns the table's name.
func (Problem) Table() string { return "openslo_problems" }
