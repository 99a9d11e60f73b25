package github

import "testing"

func TestIntegrationKeysAreNotStored(t *testing.T) {
	const key = "pagerduty.com/integration-key"
	for text, want := range map[string]string{
		"a:\n  " + key + ": 0123abc\n  b: c\n":         "a:\n  " + key + ": present\n  b: c\n",
		key + ": \"01 23\" # mine\n":                   key + ": present # mine\n",
		"'" + key + "': '0123'\n":                      "'" + key + "': present\n",
		"{" + key + ": 0123, b: c}\n":                  "{" + key + ": present, b: c}\n",
		key + ": >-\n    0123\nb: c\n":                 key + ": present\nb: c\n",
		key + ":\n    0123\nb: c\n":                    key + ": present\nb: c\n",
		key + ":\nb: c\n":                              key + ":\nb: c\n",
		"pagerduty.com/service-id: P1\n* @acme/team\n": "pagerduty.com/service-id: P1\n* @acme/team\n",
	} {
		if got := withoutKeys(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
