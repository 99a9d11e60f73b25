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
	mostPages  = 1_000_000
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
	wanted, page := query.Get("part"), 1
	if text := query.Get("page"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > mostPages {
			return "", nil, notFound(fmt.Sprintf("There is no page %q.", text))
		}
		page = number
	}
	made.IsOne = wanted != ""
	made.Found.Window = &reports.Window{Part: wanted, First: 1, Most: rowsOfEach}
	if made.IsOne {
		made.Found.Window.First, made.Found.Window.Most = (page-1)*rowsOfOne+1, rowsOfOne
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
	address := func(title string, page int) string {
		number := ""
		if page > 1 {
			number = strconv.Itoa(page)
		}
		return r.view.To("/explain/"+made.Found.Metric, made.About.kind, made.About.name, "part", title, "page", number)
	}
	for _, found := range made.Found.Parts() {
		shown := part{Title: found.Title, Count: found.Count, First: made.Found.Window.First}
		last := shown.First + len(found.Records) - 1
		if !made.IsOne && last < found.Count {
			shown.All = address(found.Title, 1)
		}
		if made.IsOne && page > 1 {
			shown.Previous = address(found.Title, page-1)
		}
		if made.IsOne && last < found.Count {
			shown.Next = address(found.Title, page+1)
		}
		for _, one := range found.Records {
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
