package page

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"html/template"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"dorado/reports"
	"dorado/server/charts"
)

// An overview is the numbers of everything, a team or a service.
type overview struct {
	*view
	Subject  subject
	Heading  string
	Tiles    []tile
	Figures  []figure
	Points   template.HTML
	Groups   []swatch // the legend of the points
	Columns  []string
	Rows     []row
	Services []string // all there are, to choose from
	Teams    []string
	Facts    []fact
	Budgets  []objective
	IsEmpty  bool
}

// A fact is something that the snapshot knows about a service.
type fact struct {
	Name, Value, Link string
}

// GroupTitle names what the rows of the table are, GroupsTitle all of them.
func (o overview) GroupTitle() string { return groupTitles[o.By][0] }

// GroupsTitle names the table.
func (o overview) GroupsTitle() string { return groupTitles[o.By][1] }

// groupTitles are the titles of one group and of all.
var groupTitles = map[string][2]string{
	"service": {"Service", "Services"}, "team": {"Team", "Teams"}, "repository": {"Repository", "Repositories"},
}

// Kind says what the subject is.
func (o overview) Kind() string { return o.Subject.kind }

// overview is the page of everything.
func (s *Pages) overview(r *request) (string, any, error) {
	query := r.URL.Query()
	if service := query.Get("service"); service != "" {
		return "", redirect(r.view.ToService(service)), nil
	}
	if team := query.Get("team"); team != "" {
		return "", redirect(r.view.ToTeam(team)), nil
	}
	r.view.By = query.Get("by")
	if r.view.By != "team" {
		r.view.By = "service"
	}
	return s.answerAbout(r, subject{})
}

// answerAbout is the page of a subject, which may have been made before.
func (s *Pages) answerAbout(r *request, about subject) (string, any, error) {
	key := keyOf(r.view, about)
	if _, isExpected := r.Context().Value(shownKey{}).(Shown); !isExpected {
		s.kept.asks(r.URL.RequestURI())
	}
	if found, isKept := s.kept.get(r.id, key, r.view); isKept {
		return "overview", found, nil
	}
	made, err := newOverview(r.Context(), r.snapshot, r.view, about)
	if err == nil {
		s.kept.put(r.id, key, made)
	}
	return "overview", made, err
}

// team is the page of a team.
func (s *Pages) team(r *request) (string, any, error) {
	r.view.By = "service"
	return s.answerAbout(r, subject{"team", r.PathValue("name")})
}

// service is the page of a service.
func (s *Pages) service(r *request) (string, any, error) {
	return s.answerAbout(r, subject{"service", r.PathValue("id")})
}

// newOverview asks for all that the page of a subject shows.
func newOverview(ctx context.Context, snapshot reports.Snapshot, v *view, about subject) (overview, error) {
	made := overview{view: v, Subject: about, Heading: cmp.Or(about.name, "All services")}
	v.Page, v.Title = "overview", cmp.Or(about.name, "Overview")
	services, err := all(ctx, snapshot, func(rows *sql.Rows) (f fact, err error) {
		err = rows.Scan(&f.Name, &f.Value)
		return f, err
	}, "select service_id, coalesce(team, 'no team') from core.services order by 1")
	if err != nil {
		return made, err
	}
	teams := map[string]string{}
	for _, service := range services {
		teams[service.Name] = service.Value
		made.Services = append(made.Services, service.Name)
		if !slices.Contains(made.Teams, service.Value) {
			made.Teams = append(made.Teams, service.Value)
		}
	}
	slices.Sort(made.Teams)
	switch {
	case about.kind == "service" && !slices.Contains(made.Services, about.name):
		return made, notFound(fmt.Sprintf("There is no service %q.", about.name))
	case about.kind == "team" && !slices.Contains(made.Teams, about.name):
		return made, notFound(fmt.Sprintf("There is no team %q.", about.name))
	}
	var found numbers
	var groups []reports.Metric
	group, inside := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = findNumbers(inside, snapshot, v.Days, about)
		return err
	})
	if about.kind != "service" {
		group.Go(func() (err error) {
			groups, err = reports.Metrics(inside, snapshot, v.Days, v.By)
			return err
		})
	} else {
		group.Go(func() (err error) {
			made.Facts, err = findFacts(inside, snapshot, v, about.name)
			return err
		})
	}
	group.Go(func() (err error) {
		made.Budgets, err = findObjectives(inside, snapshot, v, about)
		return err
	})
	if err := group.Wait(); err != nil {
		return made, err
	}
	for _, m := range found.metrics {
		tile, err := newTile(v, about, m, found.trends)
		if err != nil {
			return made, err
		}
		made.Tiles = append(made.Tiles, tile)
	}
	made.IsEmpty = len(made.Tiles) == 0
	for _, drawn := range []figure{found.deployments, found.leadTimes, found.distribution, found.failures, found.times} {
		if drawn.Drawing != "" {
			made.Figures = append(made.Figures, drawn)
		}
	}
	if about.kind == "team" {
		groups = slices.DeleteFunc(groups, func(m reports.Metric) bool { return teams[m.Group] != about.name })
	}
	made.Rows = newRows(v, groups, teams, v.By)
	for _, metric := range columns {
		made.Columns = append(made.Columns, short[metric])
	}
	scatter := throughput(v, groups, teams, v.By)
	if made.Points, err = scatter.SVG(); err != nil {
		return made, err
	}
	for i, points := range scatter.Groups {
		made.Groups = append(made.Groups, swatch{i%charts.MostSeries + 1, "●", points.Name})
	}
	return made, nil
}

// findFacts returns what is mapped to a service.
func findFacts(ctx context.Context, snapshot reports.Snapshot, v *view, service string) ([]fact, error) {
	return all(ctx, snapshot, func(rows *sql.Rows) (f fact, err error) {
		err = rows.Scan(&f.Name, &f.Value)
		if f.Name == "team" {
			f.Link = v.ToTeam(f.Value)
		}
		return f, err
	}, `
		select replace(kind, '_', ' '), string_agg(distinct name, ', ' order by name)
		from core.service_mappings where service_id = ? and kind <> 'service' group by kind order by kind desc`, service)
}

// WriteReport writes the overview as one file that needs nothing else: the metrics
// of all services, and a table by service, team or repository.
func WriteReport(ctx context.Context, out io.Writer, snapshot reports.Snapshot, first, last, by, version string) error {
	days, err := reports.NewDays(ctx, snapshot, first, last)
	if err != nil {
		return err
	}
	style, err := files.ReadFile("static/page.css")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	v := &view{Days: days, IsReport: true, Style: template.CSS(style), Version: version, By: by} // our own file
	data, err := newOverview(ctx, snapshot, v, subject{})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var file bytes.Buffer
	if err := templates["overview"].ExecuteTemplate(&file, "layout", data); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := file.WriteTo(out); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
