package models

import (
	"fmt"
	"strings"
	"testing"
)

// lines writes rows one a line.
func lines(rows [][]any) string {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = strings.Trim(fmt.Sprint(row), "[]")
	}
	return strings.Join(texts, "\n")
}

func TestCatalogRows(t *testing.T) {
	got := lines(catalogRows(`apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Takes the money
  annotations:
    github.com/project-slug: acme/checkout
    pagerduty.com/service-id: PCHECK1
    pagerduty.com/integration-key: abc
  tags: [java]
spec:
  type: service
  lifecycle: production
  owner: group:default/payments
  system: shop
---
kind: System
metadata: {name: shop}
spec: {owner: payments}
---
kind: component
metadata: {name: docs}
spec: {type: website, owner: 'user:default/mia', system: 'system:default/shop'}
---
kind: Component
metadata: {name: plain}
spec: {owner: payments}
---
kind: Component
metadata: {title: Nameless}
`))
	want := `1 checkout service payments shop acme/checkout PCHECK1 true <nil>
3 docs website <nil> shop <nil> <nil> false <nil>
4 plain <nil> payments <nil> <nil> <nil> false <nil>
5 <nil> <nil> <nil> <nil> <nil> <nil> false line 29: a Component without metadata.name`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lines(catalogRows("kind: [Component\n")); !strings.HasPrefix(got, "1 <nil>") || !strings.Contains(got, "not YAML") {
		t.Errorf("not YAML: %s", got)
	}
	if got := catalogRows("# nothing\n"); len(got) != 0 {
		t.Errorf("an empty file: %v", got)
	}
}

func TestCodeOwnersRows(t *testing.T) {
	got := lines(codeOwnersRows(`# comment
*                     @acme/Platform
/services/checkout/   @mia @acme/payments  # both
services/search/**    search@example.com

*.md                  @acme/docs
/go.mod               @acme/platform @acme/payments
/open/
`))
	want := `2 * / platform
3 /services/checkout/ services/checkout payments
4 services/search/** services/search <nil>
6 *.md <nil> docs
7 /go.mod go.mod platform
8 /open/ open <nil>`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
