package models

import "testing"

func TestIsProduction(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		rule Rule
		want bool
	}{
		{Rule{Kind: KindGitHubDeployment, Environment: "live"}, true},
		{Rule{Kind: KindGitHubDeployment, Environment: "staging", Production: &no}, false},
		{Rule{Kind: KindTag}, true},
		{Rule{Kind: KindTag, Environment: "Production "}, true},
		{Rule{Kind: KindTag, Environment: "prod-eu"}, true},
		{Rule{Kind: KindTag, Environment: "staging"}, false},
		{Rule{Kind: KindTag, Environment: "nonprod"}, false},
		{Rule{Kind: KindTag, Environment: "product-x"}, false},
		{Rule{Kind: KindTag, Environment: "live", Production: &yes}, true},
	} {
		if got := test.rule.IsProduction(); got != test.want {
			t.Errorf("%+v: %t, want %t", test.rule, got, test.want)
		}
	}
}
