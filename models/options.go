package models

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// Definitions say what the metrics mean: the value of an option, which is text,
// a whole number, or true or false, by metric and option. What they leave out
// means what a wider level says: the service, its team, the warehouse, and last
// the option's default.
type Definitions map[string]map[string]any

// An Option is one choice that a metric leaves to the configuration, declared
// here and nowhere else: its checks, its rows in config.definitions and its
// documentation all come from options.
type Option struct {
	Metric  string     // the key under definitions that it belongs to
	Name    string     // its key
	Kind    OptionKind // what its values are
	Words   []string   // of a Word: the values allowed, the default first
	Default string     // its value where nobody says otherwise, as core.definitions holds it
	Meaning string     // what it decides, a sentence without a full stop
}

// An OptionKind says what the values of an option are.
type OptionKind string

// The kinds of an option.
const (
	Word    OptionKind = "word"               // one of a few words
	Switch  OptionKind = "true or false"      // a boolean
	Number  OptionKind = "whole number"       // not below zero
	Pattern OptionKind = "regular expression" // in RE2's syntax, in any case; "" matches nothing
)

// Options returns all options, those of one metric together, in the order in
// which they are documented.
func Options() []Option {
	return []Option{
		word("change_lead_time", "start", "when the clock of a change starts: when it was written or committed, or its pull request's first commit was written, or it was opened, ready for review or merged; it stops when the deployment first finished",
			"authored", "committed", "first_commit", "opened", "ready", "merged"),
		truth("change_lead_time", "merge_commits", false, "whether a commit with several parents is a change"),
		word("change_lead_time", "squash", "whether a squash merge ships the pull request's commits or the one it became",
			"pull_request_commits", "squash_commit"),
		word("change_lead_time", "base", "what a deployment is compared with: all earlier ones, so that a change counts once, or the nearest deployed ancestor",
			"previous", "ancestor"),
		word("change_lead_time", "unit", "what is counted: each commit, or each pull request by its earliest change",
			"commit", "pull_request"),
		truth("change_lead_time", "bots", true, "whether the changes of bots count"),
		word("change_lead_time", "clock", "what time counts: all the time that passes, or the business hours in it, Monday to Friday, 9 to 17 o'clock in the warehouse's time zone",
			"calendar", "business"),

		pattern("failures", "hotfix_labels", "hotfix|incident", "the whole label of a pull request that makes the deployment that ships it a hotfix, in any case; `''` for none"),
		pattern("failures", "hotfix_branches", "hotfix[/-]", "the beginning of the branch of such a pull request, or of the deployed ref; `''` for none"),
		pattern("failures", "hotfix_titles", `\[?hotfix\b`, "the beginning of the title of such a pull request; `''` for none"),

		truth("change_fail_rate", "failed_status", true, "whether a deployment failed where its status says so"),
		truth("change_fail_rate", "incidents", true, "whether it failed where an incident is attributed to it"),
		truth("change_fail_rate", "rollbacks", true, "whether it failed where it was rolled back"),
		truth("change_fail_rate", "hotfixes", true, "whether it failed where the next deployment is a hotfix"),
		truth("change_fail_rate", "reverts", true, "whether it failed where a later deployment reverts what it shipped"),
		truth("change_fail_rate", "rollback_deployments", true, "whether rollbacks are themselves among the deployments that the rates are of"),
		word("change_fail_rate", "minimum_confidence", "how sure it must be that a deployment failed",
			"possible", "likely", "confirmed"),

		truth("deployment_rework_rate", "hotfixes", true, "whether a hotfix is rework"),
		truth("deployment_rework_rate", "rollbacks", true, "whether a rollback is rework"),
		truth("deployment_rework_rate", "reverts", true, "whether a deployment that ships a revert is rework"),

		truth("pull_request_stages", "bots", true, "whether the pull requests of bots count"),
		word("pull_request_stages", "clock", "what time counts: all the time that passes, or the business hours in it, Monday to Friday, 9 to 17 o'clock in the warehouse's time zone",
			"calendar", "business"),

		number("attribution", "window_hours", 24, "how long before an incident a deployment may have finished to be blamed for it without other evidence"),
		truth("attribution", "dependencies", true, "whether an incident may be blamed on a deployment of a service that its own depends on"),

		number("levels", "minimum_sample", 5, "how many records a number needs to have a level or a score"),
		word("levels", "report", "the year of DORA's report that levels follow; its rows are in core.dora_benchmarks",
			"2024", "2023", "2022", "2021", "2019"),
	}
}

// word returns an option that takes one of the words, the first by default.
func word(metric, name, meaning string, words ...string) Option {
	return Option{Metric: metric, Name: name, Kind: Word, Words: words, Default: words[0], Meaning: meaning}
}

// truth returns an option that is true or false.
func truth(metric, name string, fallback bool, meaning string) Option {
	return Option{Metric: metric, Name: name, Kind: Switch, Default: strconv.FormatBool(fallback), Meaning: meaning}
}

// number returns an option that takes a whole number.
func number(metric, name string, fallback int, meaning string) Option {
	return Option{Metric: metric, Name: name, Kind: Number, Default: strconv.Itoa(fallback), Meaning: meaning}
}

// pattern returns an option that takes a regular expression.
func pattern(metric, name, fallback, meaning string) Option {
	return Option{Metric: metric, Name: name, Kind: Pattern, Default: fallback, Meaning: meaning}
}

// Values says which values the option takes, the default first.
func (o Option) Values() string {
	switch o.Kind {
	case Word:
		return "`" + strings.Join(o.Words, "`, `") + "`"
	case Switch:
		return fmt.Sprintf("`%s`, `%t`", o.Default, o.Default != "true")
	default:
		return fmt.Sprintf("`%s`, any %s", o.Default, o.Kind)
	}
}

// check says what is wrong with a value of the option, "" if nothing is.
func (o Option) check(value any) string {
	switch o.Kind {
	case Switch:
		if _, ok := value.(bool); !ok {
			return fmt.Sprintf("wants true or false, not %#v", value)
		}
	case Number:
		if number, err := strconv.Atoi(fmt.Sprint(value)); err != nil || number < 0 {
			return fmt.Sprintf("wants a whole number from 0 on, not %#v", value)
		}
	case Pattern:
		pattern, ok := value.(string)
		if !ok {
			return fmt.Sprintf("wants text; put %v in quotes", value)
		}
		return WrongPattern(pattern)
	default:
		if written, ok := value.(string); !ok || !slices.Contains(o.Words, written) {
			return fmt.Sprintf("%q is not one of %s", fmt.Sprint(value), strings.Join(o.Words, ", "))
		}
	}
	return ""
}

// WrongPattern says what is wrong with a regular expression, "" if nothing is.
// Go's and DuckDB's are both RE2's.
func WrongPattern(pattern string) string {
	_, err := regexp.Compile(pattern)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		at := strings.Index(pattern, wrong.Expr) + 1
		return fmt.Sprintf("the regular expression %q does not compile: %s, at character %d: %q", pattern, wrong.Code, at, wrong.Expr)
	}
	return ""
}

// A WrongOption is a value that an option does not take, or a key that is none.
type WrongOption struct {
	Path    string   // of the key below the definitions: "change_lead_time.start"
	Written string   // what is written there, and not known
	Known   []string // what could have been meant; nil where the value is of another kind
	Text    string   // what is wrong
}

// Check returns all that is wrong with the definitions.
func (d Definitions) Check() []WrongOption {
	known := map[string]map[string]Option{}
	for _, option := range Options() {
		if known[option.Metric] == nil {
			known[option.Metric] = map[string]Option{}
		}
		known[option.Metric][option.Name] = option
	}
	var wrong []WrongOption
	unknown := func(path, key string, keys []string) {
		wrong = append(wrong, WrongOption{Path: path, Written: key, Known: keys, Text: fmt.Sprintf("unknown key %q", key)})
	}
	for _, metric := range slices.Sorted(maps.Keys(d)) {
		if known[metric] == nil {
			unknown(metric, metric, slices.Sorted(maps.Keys(known)))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(d[metric])) {
			path, value := metric+"."+name, d[metric][name]
			if value == nil { // says nothing
				continue
			}
			option, ok := known[metric][name]
			if !ok {
				unknown(path, name, slices.Sorted(maps.Keys(known[metric])))
				continue
			}
			if text := option.check(value); text != "" {
				wrong = append(wrong, WrongOption{Path: path, Written: fmt.Sprint(value), Known: option.Words, Text: text})
			}
		}
	}
	return wrong
}

// OptionsMarkdown documents all options, a table for each metric.
func OptionsMarkdown() string {
	var text strings.Builder
	metric := ""
	for _, option := range Options() {
		if option.Metric != metric {
			metric = option.Metric
			fmt.Fprintf(&text, "\n| option of `%s` | values (default first) | meaning |\n|---|---|---|\n", metric)
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", option.Name, strings.ReplaceAll(option.Values(), "|", `\|`), option.Meaning)
	}
	return text.String()
}
