package models

import (
	"regexp"
	"strings"
)

// A ServiceRepository is a repository that a service is built from. In YAML it is
// the repository's name, or keys and values.
type ServiceRepository struct {
	Name  string   `yaml:"repository"` // owner/name
	Paths []string `yaml:"paths"`      // of a repository with several services: globs of the paths that are this one's; none: all
}

// UnmarshalText takes the name alone.
func (r *ServiceRepository) UnmarshalText(text []byte) error {
	r.Name = string(text)
	return nil
}

// MarshalYAML gives the name alone where there is nothing else.
func (r ServiceRepository) MarshalYAML() (any, error) {
	if len(r.Paths) == 0 {
		return r.Name, nil
	}
	type plain ServiceRepository
	return plain(r), nil
}

// pathsPattern returns a regular expression that matches the paths that any of
// globs does, "" for none. In a glob * stands for any text without a slash, ** for
// any text, ? for one character; a path without them stands for all below it too.
func pathsPattern(globs []string) string {
	patterns := make([]string, len(globs))
	for i, glob := range globs {
		patterns[i] = globPattern(glob)
	}
	if len(patterns) == 0 {
		return ""
	}
	return "^(?:" + strings.Join(patterns, "|") + ")$"
}

func globPattern(glob string) string {
	if !strings.ContainsAny(glob, "*?") {
		return regexp.QuoteMeta(strings.TrimSuffix(glob, "/")) + "(?:/.*)?"
	}
	var pattern strings.Builder
	for glob != "" {
		switch {
		case strings.HasPrefix(glob, "**/"):
			pattern.WriteString("(?:.*/)?")
			glob = glob[3:]
		case strings.HasPrefix(glob, "**"):
			pattern.WriteString(".*")
			glob = glob[2:]
		case glob[0] == '*':
			pattern.WriteString("[^/]*")
			glob = glob[1:]
		case glob[0] == '?':
			pattern.WriteString("[^/]")
			glob = glob[1:]
		default:
			end := strings.IndexAny(glob, "*?")
			if end < 0 {
				end = len(glob)
			}
			pattern.WriteString(regexp.QuoteMeta(glob[:end]))
			glob = glob[end:]
		}
	}
	return pattern.String()
}
