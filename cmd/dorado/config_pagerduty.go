package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"dorado/collectors/pagerduty"
)

// defaultPagerDutyTokenEnv is where an account's token is if the configuration
// does not say.
const defaultPagerDutyTokenEnv = "PAGERDUTY_TOKEN"

// defaultPagerDuty fills in what the configuration of an account leaves out.
func defaultPagerDuty(c *pagerduty.Config) {
	if c.BaseURL == "" {
		c.BaseURL = pagerduty.DefaultBaseURL
	}
	if c.TokenEnv == "" && c.TokenFile == "" {
		c.TokenEnv = defaultPagerDutyTokenEnv
	}
}

// accountName is what the name of an account looks like: it is part of ids.
var accountName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// pagerDutyToken is what PagerDuty's tokens look like: they have no prefix, and
// almost none is written like the name of a variable, in upper case only.
var pagerDutyToken = regexp.MustCompile(`^[A-Za-z0-9_]*[a-z][A-Za-z0-9_]*$`)

func validatePagerDuty(v *validation, accounts []pagerduty.Config, now time.Time) {
	seen := map[string]int{}
	for i, c := range accounts {
		path := fmt.Sprintf("pagerduty[%d]", i)
		first, isTwice := seen[strings.ToLower(c.Name)]
		switch {
		case c.Name == "" && len(accounts) > 1:
			v.add(path+".name", "name the account: there are several, and ids are unique within one")
		case c.Name != "" && !accountName.MatchString(c.Name):
			v.add(path+".name", "%q is not a name of letters, digits, - and _", c.Name)
		case isTwice:
			v.add(path+".name", "%q is also the name of pagerduty[%d]; names are unique", c.Name, first)
		default:
			seen[strings.ToLower(c.Name)] = i
		}
		if text := wrongBaseURL(c.BaseURL, pagerduty.DefaultBaseURL+" or https://api.eu.pagerduty.com"); text != "" {
			v.add(path+".base_url", "%s", text)
		}
		if c.TokenEnv != "" && c.TokenFile != "" {
			v.add(path+".token_file", "the token comes from token_env or from token_file, not from both: remove one of them")
		}
		// The value may be the token itself, and is not shown.
		if c.TokenEnv != "" && (!environmentName.MatchString(c.TokenEnv) || len(c.TokenEnv) >= 18 && pagerDutyToken.MatchString(c.TokenEnv)) {
			v.add(path+".token_env", "this is not the name of an environment variable, such as %s", defaultPagerDutyTokenEnv)
		}
		switch {
		case c.Since.IsZero():
			v.add(path+".since", "say from which day on incidents are read, such as %d-01-01", now.Year()-1)
		case c.Since.After(now):
			v.add(path+".since", "%s is in the future: nothing would be collected", c.Since.UTC().Format(time.RFC3339))
		}
		for j, pattern := range c.Services {
			validatePattern(v, fmt.Sprintf("%s.services[%d]", path, j), pattern)
		}
	}
}
