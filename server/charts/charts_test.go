package charts

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func of(values ...float64) []*float64 {
	var pointers []*float64
	for _, value := range values {
		pointers = append(pointers, &value)
		if value < 0 {
			pointers[len(pointers)-1] = nil
		}
	}
	return pointers
}

// check fails unless the drawing is XML without style attributes, other colours than
// the page's, and anything that an address is fetched from.
func check(t *testing.T, svg string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		element, isStart := token.(xml.StartElement)
		if !isStart {
			continue
		}
		for _, attribute := range element.Attr {
			switch name := attribute.Name.Local; {
			case name == "style", strings.HasPrefix(name, "on"):
				t.Errorf("<%s> has an attribute %s", element.Name.Local, name)
			case (name == "fill" || name == "stroke") && attribute.Value != "none" && !strings.HasPrefix(attribute.Value, "var(--"):
				t.Errorf("<%s> has the colour %s", element.Name.Local, attribute.Value)
			}
		}
	}
}

func TestCharts(t *testing.T) {
	chart := Chart{Title: "Lead <time>", Labels: []string{"a", "b", "c"}, Unit: "seconds",
		Series: []Series{{"p50", of(3600, -1, 86400)}, {"p90", of(7200, 7200, 172800)}}}
	for _, kind := range []string{KindLines, KindBars, KindStacked} {
		chart.Kind = kind
		svg, err := chart.SVG()
		if err != nil {
			t.Fatal(err)
		}
		check(t, string(svg))
		for _, want := range []string{
			`role="img"`, `aria-label="Lead &lt;time&gt;. p50 lowest 1.0 hours (a), highest 1.0 days (c), last 1.0 days (c). p90 `,
			"var(--series-1)", "var(--series-2)", " d</text>",
		} {
			if !strings.Contains(string(svg), want) {
				t.Errorf("%s have no %s in %s", kind, want, svg)
			}
		}
	}
	chart.Series = []Series{{"p50", of(-1, -1, -1)}}
	if svg, err := chart.SVG(); svg != "" || err != nil {
		t.Errorf("a chart without values is %q, %v", svg, err)
	}
	for _, values := range [][]*float64{of(0), of(5), of(0, 0, 0), of(-1, 2, -1)} {
		labels := []string{"a", "b", "c"}[:len(values)]
		svg, err := Sparkline("Deployments", labels, values, "deployments_per_day")
		if err != nil || !strings.Contains(string(svg), "<") {
			t.Errorf("the sparkline of %d values is %q, %v", len(values), svg, err)
		}
		check(t, string(svg))
		if svg, err := (Chart{Kind: KindBars, Labels: labels, Series: []Series{{"", values}}}).SVG(); err != nil || svg == "" {
			t.Errorf("the bars of %d values are %q, %v", len(values), svg, err)
		}
	}
}

func TestScatter(t *testing.T) {
	scatter := Scatter{Title: "Throughput", XUnit: "deployments_per_day", YUnit: "ratio", Groups: []PointGroup{
		{"payments", []Point{{"late <b>", "/services/late", 3.1, 0.2}, {"early", "/services/early", 0.5, 0}, {"same", "", 0.5, 0.1}}},
		{"search", []Point{{"other", "/services/other", 0, 0.4}}},
	}}
	svg, err := scatter.SVG()
	if err != nil {
		t.Fatal(err)
	}
	check(t, string(svg))
	at := -1
	for _, want := range []string{
		`<a href="/services/early" aria-label="early: 3.5 / week, 0.0 %"><circle `, "<title>same: 3.5 / week, 10.0 %</title>",
		`aria-label="late &lt;b&gt;: 3.1 / day, 20.0 %"`, `<a href="/services/other"`,
	} {
		next := strings.Index(string(svg), want)
		if next <= at {
			t.Errorf("%s is not where it should be in %s", want, svg)
		}
		at = next
	}
	if svg, err := (Scatter{}).SVG(); svg != "" || err != nil {
		t.Errorf("without points it is %q, %v", svg, err)
	}
}
