package openslo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dorado/strictyaml"
)

// The specification's words.
var (
	budgetingMethods = []string{"Occurrences", "Timeslices", "RatioTimeslices"}
	operators        = []string{"lte", "gte", "lt", "gt"}
)

// A validation gathers what is wrong with a document, and what is right and not
// computed with.
type validation struct {
	problems []strictyaml.Problem
	notes    []strictyaml.Problem
}

// add says what is wrong with the value at path, and what to do.
func (v *validation) add(path, format string, args ...any) {
	v.problems = append(v.problems, strictyaml.Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// note says what is not computed with.
func (v *validation) note(path, format string, args ...any) {
	v.notes = append(v.notes, strictyaml.Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (v *validation) oneOf(path, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		v.add(path, "%q is not one of %s%s", value, strings.Join(allowed, ", "), strictyaml.DidYouMean(value, allowed))
	}
}

func (v *validation) required(path, value, what string) {
	if value == "" {
		v.add(path, "give %s", what)
	}
}

func (v *validation) description(path, text string) {
	if length := len([]rune(text)); length > 1050 {
		v.add(path+".description", "%d characters are too many: at most 1050", length)
	}
}

var (
	objectName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._|/\\-]{0,253}[A-Za-z0-9])?$`)
	labelKey       = regexp.MustCompile(`^[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$`)
	annotationHost = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)
)

func (v *validation) name(path, name string) {
	if !objectName.MatchString(name) {
		v.add(path, "%q is not a name: letters, digits and - . _ | / \\ inside, at most 255 of them", name)
	}
}

func (v *validation) metadata(path string, m metadata) {
	v.name(path+".name", m.Name)
	for key, value := range m.Labels {
		if !labelKey.MatchString(key) {
			v.add(path+".labels."+key, "%q is not the key of a label: letters, digits and - . _ inside, at most 63 of them", key)
		}
		if !isLabel(value) {
			v.add(path+".labels."+key, "a label is a text or a list of texts")
		}
	}
	for key, value := range m.Annotations {
		name := key
		if host, rest, hasHost := strings.Cut(key, "/"); hasHost {
			name = rest
			if len(host) > 253 || !annotationHost.MatchString(host) {
				v.add(path+".annotations."+key, "%q before the slash is not a DNS name", host)
			}
		}
		if !labelKey.MatchString(name) {
			v.add(path+".annotations."+key, "%q is not the name of an annotation: letters, digits and - . _ inside, at most 63 of them", name)
		}
		if _, isText := value.(string); !isText {
			v.add(path+".annotations."+key, "an annotation is a text; put it in quotes")
		}
	}
}

func isLabel(value any) bool {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	return !slices.ContainsFunc(list, func(item any) bool {
		_, isText := item.(string)
		return !isText
	})
}

func (s serviceSpec) validate(v *validation, path string) { v.description(path, s.Description) }

func (s dataSourceSpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	v.required(path+".type", s.Type, "the type of the data source, such as DuckDB or Prometheus")
}

func (s sloSpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	v.required(path+".service", s.Service, "the name of the service that the objective is for")
	v.required(path+".budgetingMethod", s.BudgetingMethod, "Occurrences, Timeslices or RatioTimeslices")
	v.oneOf(path+".budgetingMethod", s.BudgetingMethod, budgetingMethods)
	isComposite := slices.ContainsFunc(s.Objectives, func(o objective) bool { return o.Indicator != nil || o.IndicatorRef != "" })
	hasOwn := s.Indicator != nil || s.IndicatorRef != ""
	switch {
	case isComposite && hasOwn:
		v.add(path, "the indicator is given for the SLO and for single objectives: keep one of them")
	case !isComposite || hasOwn:
		v.indicator(path, s.Indicator, s.IndicatorRef)
	}
	switch len(s.TimeWindow) {
	case 0:
	case 1:
		s.TimeWindow[0].validate(v, path+".timeWindow[0]")
	default:
		v.add(path+".timeWindow", "%d time windows; exactly one is wanted", len(s.TimeWindow))
	}
	if len(s.Objectives) == 0 {
		v.add(path+".objectives", "give at least one objective")
	}
	isThreshold := s.Indicator != nil && s.Indicator.Spec.ThresholdMetric != nil
	if isThreshold && len(s.Objectives) > 1 {
		v.add(path+".objectives", "%d objectives; with a thresholdMetric there is one", len(s.Objectives))
	}
	for i, objective := range s.Objectives {
		at := fmt.Sprintf("%s.objectives[%d]", path, i)
		objective.validate(v, at, s.BudgetingMethod)
		if isComposite {
			v.indicator(at, objective.Indicator, objective.IndicatorRef)
		}
		if isThreshold || objective.Indicator != nil && objective.Indicator.Spec.ThresholdMetric != nil {
			v.required(at+".op", objective.Operator, "the operator to compare with, which a thresholdMetric needs: "+strings.Join(operators, ", "))
			if objective.Value == nil {
				v.add(at+".value", "give the value to compare with, which a thresholdMetric needs")
			}
		}
	}
	for i, policy := range s.AlertPolicies {
		policy.validate(v, fmt.Sprintf("%s.alertPolicies[%d]", path, i))
	}
}

// indicator checks that there is one indicator, written or named.
func (v *validation) indicator(path string, written *indicator, named string) {
	switch {
	case written != nil && named != "":
		v.add(path+".indicatorRef", "give indicator or indicatorRef, not both")
	case written != nil:
		v.metadata(path+".indicator.metadata", written.Metadata)
		written.Spec.validate(v, path+".indicator.spec")
	case named != "":
		v.name(path+".indicatorRef", named)
	default:
		v.add(path+".indicator", "give indicator, or the name of an SLI as indicatorRef")
	}
}

func (w timeWindow) validate(v *validation, path string) {
	isRolling := w.IsRolling != nil && *w.IsRolling
	if w.Duration == nil {
		v.add(path+".duration", "give the length of the window, such as 30d or 1M")
	}
	switch {
	case isRolling && w.Calendar != nil:
		v.add(path+".calendar", "a rolling window has no calendar: remove one of isRolling and calendar")
	case !isRolling && w.Calendar == nil:
		v.add(path+".isRolling", "say isRolling: true, or give the calendar of a window that is not")
	case w.Calendar != nil:
		w.Calendar.validate(v, path+".calendar")
		if w.Duration != nil && slices.Contains([]string{"m", "h"}, w.Duration.unit) {
			v.add(path+".duration", "a calendar window of %s is not computed: it lasts whole days, weeks, months, quarters or years", w.Duration)
		}
	}
}

func (c calendar) validate(v *validation, path string) {
	if _, err := time.Parse(time.DateTime, c.StartTime); err != nil {
		v.add(path+".startTime", "%q is not a time such as 2020-01-21 12:30:00", c.StartTime)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		v.add(path+".timeZone", "%q is not the IANA name of a time zone, such as America/New_York", c.TimeZone)
	}
}

func (o objective) validate(v *validation, path, method string) {
	v.oneOf(path+".op", o.Operator, operators)
	switch {
	case o.Target != nil && o.TargetPercent != nil:
		v.add(path+".targetPercent", "give target or targetPercent, not both")
	case o.Target != nil && (*o.Target < 0 || *o.Target >= 1):
		v.add(path+".target", "%v is not a target: at least 0 and less than 1", *o.Target)
	case o.TargetPercent != nil && (*o.TargetPercent < 0 || *o.TargetPercent >= 100):
		v.add(path+".targetPercent", "%v is not a target: at least 0 and less than 100", *o.TargetPercent)
	case o.Target == nil && o.TargetPercent == nil:
		v.add(path+".target", "give target, such as 0.999, or targetPercent, such as 99.9")
	}
	if method == "Timeslices" && o.TimeSliceTarget == nil {
		v.add(path+".timeSliceTarget", "give the ratio from which a slice is good, which Timeslices needs")
	}
	if o.TimeSliceTarget != nil && (*o.TimeSliceTarget <= 0 || *o.TimeSliceTarget > 1) {
		v.add(path+".timeSliceTarget", "%v is not a target of slices: more than 0 and at most 1", *o.TimeSliceTarget)
	}
	if strings.HasSuffix(strings.ToLower(method), "timeslices") && o.TimeSliceWindow == nil {
		v.add(path+".timeSliceWindow", "give the length of a slice, such as 5m, which %s needs", method)
	}
	if o.TimeSliceWindow != nil {
		if length, isFixed := o.TimeSliceWindow.seconds(); !isFixed || length > 86400 {
			v.add(path+".timeSliceWindow", "slices of %s are not computed: they last a day at most", o.TimeSliceWindow)
		}
	}
	if o.CompositeWeight != nil {
		if *o.CompositeWeight <= 0 {
			v.add(path+".compositeWeight", "%v is not a weight: more than 0", *o.CompositeWeight)
		} else {
			v.note(path+".compositeWeight", "weights are not computed with: each objective has a budget of its own")
		}
	}
}

func (s sliSpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	switch {
	case s.ThresholdMetric != nil && s.RatioMetric != nil:
		v.add(path, "give thresholdMetric or ratioMetric, not both")
	case s.ThresholdMetric != nil:
		s.ThresholdMetric.MetricSource.validate(v, path+".thresholdMetric.metricSource", false)
	case s.RatioMetric != nil:
		s.RatioMetric.validate(v, path+".ratioMetric")
	default:
		v.add(path, "give thresholdMetric or ratioMetric")
	}
}

func (m ratioMetric) validate(v *validation, path string) {
	hasParts := m.Good != nil || m.Bad != nil || m.Total != nil
	switch {
	case m.Raw != nil && hasParts:
		v.add(path+".raw", "raw is a ratio already: give it, or good or bad with total, not both")
	case m.Raw != nil:
		v.required(path+".rawType", m.RawType, "success or failure, which raw needs")
		v.oneOf(path+".rawType", m.RawType, []string{"success", "failure"})
		m.Raw.MetricSource.validate(v, path+".raw.metricSource", m.RawType == "success")
	case !hasParts:
		v.add(path, "give good and total, or bad and total, or raw")
	default:
		m.validateParts(v, path)
	}
}

func (m ratioMetric) validateParts(v *validation, path string) {
	if m.RawType != "" {
		v.add(path+".rawType", "rawType goes with raw; good and bad say it themselves")
	}
	if m.Good != nil && m.Bad != nil {
		v.add(path+".bad", "give good or bad, not both")
	}
	if m.Good == nil && m.Bad == nil {
		v.add(path+".good", "give good or bad beside total")
	}
	if m.Total == nil {
		v.add(path+".total", "give total")
	}
	for name, part := range map[string]*metric{"good": m.Good, "bad": m.Bad, "total": m.Total} {
		if part != nil {
			part.MetricSource.validate(v, path+"."+name+".metricSource", false)
		}
	}
}

// validate checks a metric source. Only a ratio of successes can come from
// incidents.
func (s metricSource) validate(v *validation, path string, isSuccess bool) {
	if s.MetricSourceRef != "" {
		v.name(path+".metricSourceRef", s.MetricSourceRef)
	} else if s.Type == "" {
		v.add(path+".type", "give the type of the source, or the name of a DataSource as metricSourceRef")
	}
	if len(s.Spec) == 0 {
		v.add(path+".spec", "give what the source needs, such as its query")
		return
	}
	switch s.Type {
	case typeDuckDB:
		v.keys(path+".spec", s.Spec, "query")
		if query, _ := s.Spec["query"].(string); strings.TrimSpace(query) == "" {
			v.add(path+".spec.query", "give one SELECT over the tables of core and marts")
		}
	case typeIncidents:
		if !isSuccess {
			v.add(path+".type", "Incidents gives a ratio of successes: use it as raw with rawType: success")
		}
		s.validateIncidents(v, path+".spec")
	}
}

// keys says which keys of a mapping nobody knows.
func (v *validation) keys(path string, mapping map[string]any, known ...string) {
	for key := range mapping {
		if !slices.Contains(known, key) {
			v.add(path+"."+key, "unknown key%s", strictyaml.DidYouMean(key, known))
		}
	}
}

func (s metricSource) validateIncidents(v *validation, path string) {
	v.keys(path, s.Spec, "measure", "within")
	measure, _ := s.Spec["measure"].(string)
	v.required(path+".measure", measure, strings.Join(measures, ", "))
	v.oneOf(path+".measure", measure, measures)
	_, hasWithin := s.Spec["within"]
	_, isFixed := s.within()
	switch {
	case measure == "uptime" && hasWithin:
		v.add(path+".within", "uptime has no time within which it is good: remove it")
	case (measure == "acknowledged" || measure == "resolved") && !isFixed:
		v.add(path+".within", "give the time within which an incident is %s, such as 5m", measure)
	}
}

func (p alertPolicy) validate(v *validation, path string) {
	isWritten := p.Kind != "" || p.Metadata != nil || p.Spec != nil
	if !v.reference(path, "alertPolicyRef", p.AlertPolicyRef, isWritten, p.Kind, kindAlertPolicy, p.Metadata) {
		return
	}
	if p.Spec == nil {
		v.add(path+".spec", "give the policy")
		return
	}
	p.Spec.validate(v, path+".spec")
}

// reference checks what is either named by the key reference or written out, and
// reports whether it is written.
func (v *validation) reference(path, key, reference string, isWritten bool, kind, wanted string, m *metadata) bool {
	switch {
	case reference != "" && isWritten:
		v.add(path+"."+key, "name one by %s or write it here, not both", key)
	case reference != "":
		v.name(path+"."+key, reference)
	case !isWritten:
		v.add(path, "name one by %s or write it here", key)
	default:
		if kind != wanted {
			v.add(path+".kind", "%q is not %s", kind, wanted)
		}
		if m == nil {
			m = &metadata{}
		}
		v.metadata(path+".metadata", *m)
		return true
	}
	return false
}

func (s alertPolicySpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	if len(s.Conditions) != 1 {
		v.add(path+".conditions", "%d conditions; exactly one is wanted", len(s.Conditions))
	}
	for i, c := range s.Conditions {
		at := fmt.Sprintf("%s.conditions[%d]", path, i)
		isWritten := c.Kind != "" || c.Metadata != nil || c.Spec != nil
		if v.reference(at, "conditionRef", c.ConditionRef, isWritten, c.Kind, kindAlertCondition, c.Metadata) {
			if c.Spec == nil {
				c.Spec = &alertConditionSpec{}
			}
			c.Spec.validate(v, at+".spec")
		}
	}
	if len(s.NotificationTargets) == 0 {
		v.add(path+".notificationTargets", "give at least one target")
	}
	for i, target := range s.NotificationTargets {
		at := fmt.Sprintf("%s.notificationTargets[%d]", path, i)
		isWritten := target.Kind != "" || target.Metadata != nil || target.Spec != nil
		if v.reference(at, "targetRef", target.TargetRef, isWritten, target.Kind, kindAlertNotificationTarget, target.Metadata) {
			if target.Spec == nil {
				target.Spec = &notificationTargetSpec{}
			}
			target.Spec.validate(v, at+".spec")
		}
	}
}

func (s alertConditionSpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	v.required(path+".severity", s.Severity, "the severity, such as page")
	v.oneOf(path+".condition.kind", s.Condition.Kind, []string{"burnrate"})
	v.oneOf(path+".condition.op", s.Condition.Operator, operators)
	if s.Condition.Threshold == nil {
		v.add(path+".condition.threshold", "give the burn rate from which to alert")
	}
	if s.Condition.LookbackWindow == nil {
		v.add(path+".condition.lookbackWindow", "give the window to look at, such as 1h")
	}
}

func (s notificationTargetSpec) validate(v *validation, path string) {
	v.description(path, s.Description)
	v.required(path+".target", s.Target, "the target, such as email or slack")
}
