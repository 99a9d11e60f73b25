package models

import (
	"regexp"
	"testing"
)

func TestPathsPattern(t *testing.T) {
	for _, test := range []struct {
		globs []string
		path  string
		want  bool
	}{
		{[]string{"services/checkout"}, "services/checkout/main.go", true},
		{[]string{"services/checkout/"}, "services/checkout/a/b.go", true},
		{[]string{"services/checkout"}, "services/checkout", true},
		{[]string{"services/checkout"}, "services/checkout-api/main.go", false},
		{[]string{"services/checkout"}, "old/services/checkout/main.go", false},
		{[]string{"go.mod"}, "go.mod", true},
		{[]string{"go.mod"}, "goxmod", false},
		{[]string{"*.go"}, "main.go", true},
		{[]string{"*.go"}, "cmd/main.go", false},
		{[]string{"**/*.go"}, "main.go", true},
		{[]string{"**/*.go"}, "a/b/main.go", true},
		{[]string{"services/*/api/**"}, "services/checkout/api/v1/x", true},
		{[]string{"services/*/api/**"}, "services/a/b/api/x", false},
		{[]string{"v?/x"}, "v1/x", true},
		{[]string{"v?/x"}, "v10/x", false},
		{[]string{"a", "b"}, "b/c", true},
		{[]string{"a", "b"}, "c", false},
		{[]string{"Docs"}, "docs/x", false},
	} {
		if got := regexp.MustCompile(pathsPattern(test.globs)).MatchString(test.path); got != test.want {
			t.Errorf("%q and %s: %t, want %t", test.globs, test.path, got, test.want)
		}
	}
	if got := pathsPattern(nil); got != "" {
		t.Errorf("no globs: %q", got)
	}
}
