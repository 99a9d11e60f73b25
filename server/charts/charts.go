// Package charts draws small charts as SVG that stands in an HTML page, in the
// page's font and in its colours, which the variables of its style sheet give: one
// drawing is for the light theme and the dark one. It needs no script and no style
// attribute, so that it works under the strictest content security policy.
//
// What the numbers are is left to reports, and the page around a chart, with a
// legend and the numbers as a table, to server/page.
package charts

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strings"

	drawing "github.com/go-analyze/charts"

	"dorado/reports"
)

// Kinds of charts.
const (
	KindLines   = "lines"
	KindBars    = "bars"
	KindStacked = "stacked" // bars, the series on top of each other
)

// A Chart shows series of values, one for each label.
type Chart struct {
	Title  string // what it shows
	Kind   string
	Labels []string
	Series []Series
	Unit   string // of the values, as in server/wire
}

// A Series is a row of values; nil is not known, and leaves a gap.
type Series struct {
	Name   string
	Values []*float64
}

// MostSeries is how many series have a colour of their own.
const MostSeries = 5

// Sizes of drawings, in units of the SVG that are pixels where there is room.
const (
	width, height                   = 460, 200
	sparklineWidth, sparklineHeight = 220, 44
	textSize                        = 11
)

// IsEmpty reports whether not one value is known.
func (c Chart) IsEmpty() bool {
	return !slices.ContainsFunc(c.Series, func(s Series) bool {
		return slices.ContainsFunc(s.Values, func(v *float64) bool { return v != nil })
	})
}

// SVG draws the chart; "" where it is empty.
func (c Chart) SVG() (template.HTML, error) {
	if c.IsEmpty() {
		return "", nil
	}
	scale := scaleOf(c.Unit, c.largest())
	painter := drawing.NewPainter(drawing.PainterOptions{OutputFormat: drawing.ChartOutputSVG, Width: width, Height: height})
	values := make([][]float64, len(c.Series))
	for i, series := range c.Series {
		values[i] = numbers(series.Values, scale)
	}
	var err error
	if c.Kind == KindLines {
		option := drawing.NewLineChartOptionWithData(values)
		option.Theme, option.Padding = theme, padding
		option.XAxis, option.YAxis = labelAxis(c.Labels), valueAxis(scale, c.smallest(), c.largest())
		option.Legend.Show = drawing.Ptr(false)
		size := 2.5
		if len(c.Labels) > manyLabels {
			size = 1.2
		}
		for i := range option.SeriesList {
			option.SeriesList[i].Symbol = drawing.Symbol{Shape: shapes[i%len(shapes)], Size: size}
		}
		err = painter.LineChart(option)
	} else {
		option := drawing.NewBarChartOptionWithData(values)
		option.Theme, option.Padding = theme, padding
		option.CategoryAxis, option.ValueAxis = labelAxis(c.Labels), valueAxis(scale, c.smallest(), c.largest())
		option.Legend.Show = drawing.Ptr(false)
		option.StackSeries = drawing.Ptr(c.Kind == KindStacked)
		err = painter.BarChart(option)
	}
	if err != nil {
		return "", fmt.Errorf("draw %s: %w", c.Title, err)
	}
	return finish(painter, "chart", c.words())
}

// largest returns the largest value, of stacked series the largest of their sums.
func (c Chart) largest() float64 {
	largest := 0.0
	for i := range c.Labels {
		sum := 0.0
		for _, series := range c.Series {
			if i >= len(series.Values) || series.Values[i] == nil {
				continue
			}
			sum += *series.Values[i]
			if c.Kind != KindStacked {
				sum = *series.Values[i]
			}
			largest = max(largest, sum)
		}
	}
	return largest
}

// smallest returns the smallest value.
func (c Chart) smallest() float64 {
	smallest := math.Inf(1)
	for _, series := range c.Series {
		for _, value := range series.Values {
			if value != nil {
				smallest = min(smallest, *value)
			}
		}
	}
	return smallest
}

// words says what the chart shows to those who do not see it.
func (c Chart) words() string {
	said := []string{c.Title}
	for _, series := range c.Series {
		said = append(said, strings.TrimSpace(series.Name+" "+Words(c.Labels, series.Values, c.Unit)))
	}
	return strings.Join(said, ". ") + "."
}

// Words says between which values a series runs and what its last value is.
func Words(labels []string, values []*float64, unit string) string {
	low, high, last := -1, -1, -1
	for i, value := range values {
		if value == nil {
			continue
		}
		if low < 0 || *value < *values[low] {
			low = i
		}
		if high < 0 || *value > *values[high] {
			high = i
		}
		last = i
	}
	if last < 0 {
		return reports.NoData
	}
	at := func(i int) string { return reports.Value(values[i], unit) + " (" + labels[i] + ")" }
	return "lowest " + at(low) + ", highest " + at(high) + ", last " + at(last)
}

// Sparkline draws values as a line without axes; title says whose they are, labels
// when. It is "" where not one is known.
func Sparkline(title string, labels []string, values []*float64, unit string) (template.HTML, error) {
	if (Chart{Series: []Series{{Values: values}}}).IsEmpty() {
		return "", nil
	}
	painter := drawing.NewPainter(drawing.PainterOptions{OutputFormat: drawing.ChartOutputSVG, Width: sparklineWidth, Height: sparklineHeight})
	option := drawing.NewLineChartOptionWithData([][]float64{numbers(values, scale{factor: 1})})
	option.Theme, option.Padding = theme, drawing.NewBoxEqual(4)
	option.XAxis = drawing.XAxisOption{Show: drawing.Ptr(false), Labels: labels, BoundaryGap: drawing.Ptr(false)}
	option.YAxis = []drawing.YAxisOption{{Show: drawing.Ptr(false), Min: drawing.Ptr(0.0)}}
	option.Legend.Show = drawing.Ptr(false)
	option.Symbol = drawing.Symbol{Shape: drawing.SymbolDot, Size: 1.5}
	if err := painter.LineChart(option); err != nil {
		return "", fmt.Errorf("draw %s: %w", title, err)
	}
	return finish(painter, "sparkline", title+" by week: "+Words(labels, values, unit)+".")
}

// A Point is a point of a [Scatter].
type Point struct {
	Name string
	Link string // the page about it
	X, Y float64
}

// A Scatter shows points by two values.
type Scatter struct {
	Title        string
	Groups       []PointGroup // each in a colour of its own
	XUnit, YUnit string
}

// A PointGroup is points that belong together.
type PointGroup struct {
	Name   string
	Points []Point
}

// positions is how finely the axis from left to right, which the library knows
// only with labels, is divided.
const positions = 200

// SVG draws the points, each a link; "" where there is none.
func (s Scatter) SVG() (template.HTML, error) {
	xMax, yMax, count := 0.0, 0.0, 0
	for _, group := range s.Groups {
		for _, point := range group.Points {
			xMax, yMax, count = max(xMax, point.X), max(yMax, point.Y), count+1
		}
	}
	if count == 0 {
		return "", nil
	}
	xScale, yScale := scaleOf(s.XUnit, xMax), scaleOf(s.YUnit, yMax)
	xEnd := roundUp(xMax / xScale.factor)
	labels := make([]string, positions+1)
	for i := range labels {
		labels[i] = scale{}.write(xEnd * float64(i) / positions) // the unit is in the title
	}
	var drawn []Point // in the order of their circles
	values := make([][][]float64, len(s.Groups))
	for i, group := range s.Groups {
		at := make([][]Point, positions+1)
		for _, point := range group.Points {
			position := int(math.Round(point.X / xScale.factor / xEnd * positions))
			at[position] = append(at[position], point)
		}
		values[i] = make([][]float64, positions+1)
		for position, points := range at {
			for _, point := range points {
				values[i][position] = append(values[i][position], point.Y/yScale.factor)
				drawn = append(drawn, point)
			}
		}
	}
	painter := drawing.NewPainter(drawing.PainterOptions{OutputFormat: drawing.ChartOutputSVG, Width: width, Height: height})
	option := drawing.NewScatterChartOptionWithSeries(drawing.NewSeriesListScatterMultiValue(values))
	option.Theme, option.Padding = theme, padding
	option.YAxis = valueAxis(yScale, 0, yMax)
	option.XAxis = drawing.XAxisOption{Labels: labels, LabelFontStyle: drawing.NewFontStyleWithSize(textSize), LabelCount: 6}
	option.XAxis.BoundaryGap = drawing.Ptr(false)
	option.Legend.Show = drawing.Ptr(false)
	option.Symbol = drawing.Symbol{Shape: drawing.SymbolDot, Size: 5}
	if err := painter.ScatterChart(option); err != nil {
		return "", fmt.Errorf("draw %s: %w", s.Title, err)
	}
	svg, err := finish(painter, "chart", s.Title+", a point for each.")
	if err != nil {
		return "", err
	}
	at := 0
	linked := circle.ReplaceAllStringFunc(string(svg), func(found string) string {
		if at >= len(drawn) {
			return found
		}
		point := drawn[at]
		at++
		words := fmt.Sprintf("%s: %s, %s", point.Name, reports.Value(&point.X, s.XUnit), reports.Value(&point.Y, s.YUnit))
		marked := strings.TrimSuffix(found, "/>") + "><title>" + template.HTMLEscapeString(words) + "</title></circle>"
		if point.Link == "" {
			return marked
		}
		return `<a href="` + template.HTMLEscapeString(point.Link) + `" aria-label="` + template.HTMLEscapeString(words) + `">` + marked + "</a>"
	})
	if strings.Contains(linked, "<a ") { // it is no picture any more, but a group of links
		linked = strings.Replace(linked, `role="img"`, `role="group"`, 1)
	}
	return template.HTML(linked), nil
}

var circle = regexp.MustCompile(`<circle [^>]*/>`)

// A scale says in what values are drawn.
type scale struct {
	factor float64 // what one of it is in the values' unit
	suffix string
}

// scaleOf returns the scale for values of a unit up to largest.
func scaleOf(unit string, largest float64) scale {
	switch unit {
	case "ratio":
		return scale{0.01, " %"}
	case "seconds":
		for _, s := range []scale{{86400, " d"}, {3600, " h"}, {60, " min"}} {
			if largest >= s.factor {
				return s
			}
		}
		return scale{1, " s"}
	case "minutes":
		return scale{1, " min"}
	case "deployments_per_day":
		return scale{1, " / day"}
	}
	return scale{1, ""}
}

// write writes a number of the scale, rounded to what an axis needs.
func (s scale) write(number float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", number), "0"), ".") + s.suffix
}

// roundUp returns the next of 1, 2, 2.5, 5, 10, 20 … that is not less than number.
func roundUp(number float64) float64 {
	if number <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(number)))
	for _, step := range []float64{1, 2, 2.5, 5} {
		if number <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// numbers returns values as the library takes them.
func numbers(values []*float64, s scale) []float64 {
	converted := make([]float64, len(values))
	for i, value := range values {
		converted[i] = drawing.GetNullValue()
		if value != nil {
			converted[i] = *value / s.factor
		}
	}
	return converted
}

// mostLabels is how many labels there is room for below a chart.
const mostLabels = 8

// manyLabels is from how many on the symbols of lines are small, not to cover them.
const manyLabels = 40

// labelAxis is the axis of labels, with as many as there is room for. The library
// would always write the last one, over the one before.
func labelAxis(labels []string) drawing.XAxisOption {
	step := (len(labels) + mostLabels - 1) / mostLabels
	written := make([]string, len(labels))
	for i, label := range labels {
		if i%step == 0 && (step == 1 || i < len(labels)-1) {
			written[i] = label
		}
	}
	return drawing.XAxisOption{Labels: written, LabelFontStyle: drawing.NewFontStyleWithSize(textSize), LabelCount: len(labels)}
}

// valueAxis is the axis of values. It begins with 0 and ends with a round number,
// unless there is less than 0.
func valueAxis(s scale, smallest, largest float64) []drawing.YAxisOption {
	axis := drawing.YAxisOption{LabelFontStyle: drawing.NewFontStyleWithSize(textSize), LabelCount: 5, ValueFormatter: s.write}
	if smallest >= 0 {
		axis.Min, axis.Max, axis.RangeValuePaddingScale = drawing.Ptr(0.0), drawing.Ptr(4*roundUp(largest/s.factor/4)), drawing.Ptr(0.0)
	}
	return []drawing.YAxisOption{axis}
}

// shapes tell the series of lines apart without colour.
var shapes = []drawing.SymbolShape{drawing.SymbolDot, drawing.SymbolSquare, drawing.SymbolDiamond}

var padding = drawing.NewBox(4, 10, 14, 4)

// The library writes colours as numbers into style attributes. Each of the theme
// stands for a variable of the page, by which finish replaces it.
var (
	theme = drawing.MakeTheme(drawing.ThemeOption{
		AxisStrokeColor:    drawing.ColorRGB(1, 2, 1),
		AxisSplitLineColor: drawing.ColorRGB(1, 2, 2),
		BackgroundColor:    drawing.ColorRGB(1, 2, 3),
		TextColor:          drawing.ColorRGB(1, 2, 4),
		SeriesColors: []drawing.Color{drawing.ColorRGB(1, 3, 1), drawing.ColorRGB(1, 3, 2), drawing.ColorRGB(1, 3, 3),
			drawing.ColorRGB(1, 3, 4), drawing.ColorRGB(1, 3, 5)},
	})
	variables = strings.NewReplacer(
		"rgb(1,2,1)", "var(--axis)", "rgb(1,2,2)", "var(--grid)", "rgb(1,2,3)", "var(--surface)", "rgb(1,2,4)", "var(--muted)",
		"rgb(1,3,1)", "var(--series-1)", "rgb(1,3,2)", "var(--series-2)", "rgb(1,3,3)", "var(--series-3)",
		"rgb(1,3,4)", "var(--series-4)", "rgb(1,3,5)", "var(--series-5)",
	)
	styleAttribute = regexp.MustCompile(` style="([^"]*)"`)
)

// finish returns the drawing as a part of a page.
func finish(painter *drawing.Painter, class, words string) (template.HTML, error) {
	drawn, err := painter.Bytes()
	if err != nil {
		return "", fmt.Errorf("draw: %w", err)
	}
	svg := styleAttribute.ReplaceAllStringFunc(string(drawn), func(attribute string) string {
		var attributes strings.Builder
		for property := range strings.SplitSeq(styleAttribute.FindStringSubmatch(attribute)[1], ";") {
			name, value, _ := strings.Cut(property, ":")
			if name != "font-family" && value != "" { // the font is the page's
				fmt.Fprintf(&attributes, ` %s="%s"`, name, value)
			}
		}
		return variables.Replace(attributes.String())
	})
	svg = strings.Replace(svg, ` xmlns:xlink="http://www.w3.org/1999/xlink"`,
		fmt.Sprintf(` class="%s" role="img" aria-label="%s"`, class, template.HTMLEscapeString(words)), 1)
	return template.HTML(svg), nil
}
