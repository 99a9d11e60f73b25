package page

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dorado/reports"
)

// Rows of a part of an explanation on a page: few where all parts are shown, more
// where only one is.
const (
	rowsOfEach = 25
	rowsOfOne  = 500
)

// An explained is the page of the records behind a number.
type explained struct {
	*view
	Found   reports.Explanation
	Heading string
	About   subject
	Shown   string // the value
	Parts   []part
	IsOne   bool // only one part is shown
	Back    string
}

// A part is records that are treated alike.
type part struct {
	Title          string
	Count          int
	Records        []record
	All            string // the address of the page with more of it; "" where all are shown
	Previous, Next string
	First          int // the number of the first record shown
	HasValues      bool
	HasRules       bool
}

// A record is a row of a part.
type record struct {
	reports.ExplainedRecord
	ID      string // as people read it
	Value   string
	Service string
}

// IsCountedPart reports whether its records are part of n.
func (p part) IsCountedPart() bool { return strings.HasPrefix(p.Title, "Counted") }

// Last is the number of the last record shown.
func (p part) Last() int { return p.First + len(p.Records) - 1 }

func (s *Pages) explain(r *request) (string, any, error) {
	query := r.URL.Query()
	made := explained{view: r.view, Found: reports.Explanation{Days: r.view.Days, Metric: r.PathValue("metric"),
		Service: query.Get("service"), Team: query.Get("team")}}
	if made.Found.Service != "" && made.Found.Team != "" {
		return "", nil, notFound("A service belongs to one team: name one of the two.")
	}
	var unknown reports.Unknown
	if err := made.Found.Find(r.Context(), r.snapshot); errors.As(err, &unknown) {
		return "", nil, notFound(strings.ToUpper(string(unknown[:1])) + string(unknown[1:]) + ".")
	} else if err != nil {
		return "", nil, err
	}
	title := cmp.Or(reports.Titles[made.Found.Metric], made.Found.Metric)
	switch {
	case made.Found.Service != "":
		made.About, made.Back = subject{"service", made.Found.Service}, r.view.ToService(made.Found.Service)
	case made.Found.Team != "":
		made.About, made.Back = subject{"team", made.Found.Team}, r.view.ToTeam(made.Found.Team)
	default:
		made.Back = r.view.To("/")
	}
	made.Heading = title
	made.view.Title, made.view.Page = "Why: "+title, "overview"
	made.Shown = reports.Value(made.Found.Value, made.Found.Unit)
	wanted, page := query.Get("part"), 1
	if text := query.Get("page"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return "", nil, notFound(fmt.Sprintf("There is no page %q.", text))
		}
		page = number
	}
	address := func(title string, page int) string {
		number := ""
		if page > 1 {
			number = strconv.Itoa(page)
		}
		return r.view.To("/explain/"+made.Found.Metric, made.About.kind, made.About.name, "part", title, "page", number)
	}
	for _, found := range made.Found.Parts() {
		if wanted != "" && wanted != found.Title {
			continue
		}
		made.IsOne = wanted != ""
		shown := part{Title: found.Title, Count: len(found.Records), First: 1}
		rows := found.Records
		if wanted == "" {
			if len(rows) > rowsOfEach {
				rows, shown.All = rows[:rowsOfEach], address(found.Title, 1)
			}
		} else {
			begin := min((page-1)*rowsOfOne, len(rows))
			end := min(begin+rowsOfOne, len(rows))
			if begin > 0 {
				shown.Previous = address(found.Title, page-1)
			}
			if end < len(rows) {
				shown.Next = address(found.Title, page+1)
			}
			rows, shown.First = rows[begin:end], begin+1
		}
		for _, one := range rows {
			row := record{ExplainedRecord: one, ID: reports.ShortRecord(one), Service: one.Service}
			if one.ValueSeconds != nil {
				row.Value, shown.HasValues = reports.Seconds(*one.ValueSeconds), true
			}
			shown.HasRules = shown.HasRules || one.Rule != nil
			shown.Records = append(shown.Records, row)
		}
		made.Parts = append(made.Parts, shown)
	}
	return "explain", made, nil
}
