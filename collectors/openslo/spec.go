package openslo

// An object is a document of one kind. The comments below say what the
// specification leaves open and what dorado makes of it.
type object[S any] struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       S        `yaml:"spec"`
}

type metadata struct {
	Name        string         `yaml:"name"`
	DisplayName string         `yaml:"displayName"`
	Labels      map[string]any `yaml:"labels"`
	Annotations map[string]any `yaml:"annotations"`
}

type serviceSpec struct {
	Description string `yaml:"description"`
}

type dataSourceSpec struct {
	Description       string         `yaml:"description"`
	Type              string         `yaml:"type"`
	ConnectionDetails map[string]any `yaml:"connectionDetails"` // never stored: it may hold secrets
}

type sloSpec struct {
	Description     string        `yaml:"description"`
	Service         string        `yaml:"service"`
	Indicator       *indicator    `yaml:"indicator"`
	IndicatorRef    string        `yaml:"indicatorRef"`
	TimeWindow      []timeWindow  `yaml:"timeWindow"` // none: 30d, rolling
	BudgetingMethod string        `yaml:"budgetingMethod"`
	Objectives      []objective   `yaml:"objectives"`
	AlertPolicies   []alertPolicy `yaml:"alertPolicies"`
}

type timeWindow struct {
	Duration  *duration `yaml:"duration"`
	IsRolling *bool     `yaml:"isRolling"`
	Calendar  *calendar `yaml:"calendar"`
}

type calendar struct {
	StartTime string `yaml:"startTime"` // 2020-01-21 12:30:00, in TimeZone
	TimeZone  string `yaml:"timeZone"`
}

type objective struct {
	DisplayName     string       `yaml:"displayName"`
	Operator        string       `yaml:"op"`
	Value           *float64     `yaml:"value"`
	Target          *float64     `yaml:"target"`
	TargetPercent   *float64     `yaml:"targetPercent"`
	TimeSliceTarget *float64     `yaml:"timeSliceTarget"`
	TimeSliceWindow *sliceLength `yaml:"timeSliceWindow"`
	Indicator       *indicator   `yaml:"indicator"`       // of a composite objective
	IndicatorRef    string       `yaml:"indicatorRef"`    // of a composite objective
	CompositeWeight *float64     `yaml:"compositeWeight"` // read, and not computed with
}

// target returns the target as a ratio.
func (o objective) target() float64 {
	switch {
	case o.Target != nil:
		return *o.Target
	case o.TargetPercent != nil:
		return *o.TargetPercent / 100
	}
	return 0
}

type indicator struct {
	Metadata metadata `yaml:"metadata"`
	Spec     sliSpec  `yaml:"spec"`
}

type sliSpec struct {
	Description     string       `yaml:"description"`
	ThresholdMetric *metric      `yaml:"thresholdMetric"`
	RatioMetric     *ratioMetric `yaml:"ratioMetric"`
}

type ratioMetric struct {
	Counter bool    `yaml:"counter"`
	Good    *metric `yaml:"good"`
	Bad     *metric `yaml:"bad"`
	Total   *metric `yaml:"total"`
	RawType string  `yaml:"rawType"`
	Raw     *metric `yaml:"raw"`
}

type metric struct {
	MetricSource metricSource `yaml:"metricSource"`
}

type metricSource struct {
	MetricSourceRef string         `yaml:"metricSourceRef"`
	Type            string         `yaml:"type"`
	Spec            map[string]any `yaml:"spec"`
}

type alertPolicy struct {
	AlertPolicyRef string           `yaml:"alertPolicyRef"`
	Kind           string           `yaml:"kind"`
	Metadata       *metadata        `yaml:"metadata"`
	Spec           *alertPolicySpec `yaml:"spec"`
}

type alertPolicySpec struct {
	Description         string               `yaml:"description"`
	AlertWhenNoData     bool                 `yaml:"alertWhenNoData"`
	AlertWhenResolved   bool                 `yaml:"alertWhenResolved"`
	AlertWhenBreaching  bool                 `yaml:"alertWhenBreaching"`
	Conditions          []alertCondition     `yaml:"conditions"`
	NotificationTargets []notificationTarget `yaml:"notificationTargets"`
}

type alertCondition struct {
	ConditionRef string              `yaml:"conditionRef"`
	Kind         string              `yaml:"kind"`
	Metadata     *metadata           `yaml:"metadata"`
	Spec         *alertConditionSpec `yaml:"spec"`
}

type alertConditionSpec struct {
	Description string    `yaml:"description"`
	Severity    string    `yaml:"severity"`
	Condition   condition `yaml:"condition"`
}

type condition struct {
	Kind           string    `yaml:"kind"` // burnrate, also where it is left out
	Operator       string    `yaml:"op"`
	Threshold      *float64  `yaml:"threshold"`
	LookbackWindow *duration `yaml:"lookbackWindow"`
	AlertAfter     *duration `yaml:"alertAfter"`
}

type notificationTarget struct {
	TargetRef string                  `yaml:"targetRef"`
	Kind      string                  `yaml:"kind"`
	Metadata  *metadata               `yaml:"metadata"`
	Spec      *notificationTargetSpec `yaml:"spec"`
}

type notificationTargetSpec struct {
	Description string `yaml:"description"`
	Target      string `yaml:"target"`
}
