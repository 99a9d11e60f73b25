package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"dorado/collectors/github"
)

// defaultGitHub fills in what the configuration leaves out.
func defaultGitHub(c *github.Config) {
	if c.BaseURL == "" {
		c.BaseURL = defaultBaseURL
	}
	if c.TokenEnv == "" && c.TokenFile == "" && len(c.Tokens) == 0 && c.App == nil {
		c.TokenEnv = defaultTokenEnv
	}
}

// placeGitHub makes paths that are relative to folder, where the configuration is,
// relative to here.
func placeGitHub(c *github.Config, folder string) {
	files := []*string{&c.TokenFile}
	for i := range c.Tokens {
		files = append(files, &c.Tokens[i].TokenFile)
	}
	if c.App != nil {
		files = append(files, &c.App.PrivateKeyFile)
	}
	for _, file := range files {
		if *file != "" {
			*file = from(folder, *file)
		}
	}
}

func validateGitHub(v *validation, c *github.Config, now time.Time) {
	if text := wrongBaseURL(c.BaseURL, defaultBaseURL+" or https://HOST/api/v3"); text != "" {
		v.add("github.base_url", "%s", text)
	}
	v.oneOf("github.api", c.API, github.APIs()...)
	if c.MaxRequests < 0 {
		v.add("github.max_requests_per_run", "%d is less than none: leave it out for no limit", c.MaxRequests)
	}
	validateAccess(v, c)
	if c.Since.After(now) {
		v.add("github.since", "%s is in the future: nothing would be collected", c.Since.UTC().Format(time.RFC3339))
	}
	if len(c.Repositories) == 0 {
		v.add("github.repositories", "list at least one repository, as owner/name, or owner/* for all that an owner has")
	}
	if c.RereadDays < 0 {
		v.add("github.reread_days", "%d days cannot be read again: give a number of days, or 0 for none", c.RereadDays)
	}
	validateRepositoryPatterns(v, "github.include", c.Include)
	validateRepositoryPatterns(v, "github.exclude", c.Exclude)
	seen := map[string]int{}
	for i, repository := range c.Repositories {
		path := fmt.Sprintf("github.repositories[%d]", i)
		if text := wrongRepositories(repository); text != "" {
			v.add(path, "%s", text)
			continue
		}
		if first, ok := seen[strings.ToLower(repository)]; ok {
			v.add(path, "%q is listed twice, first as github.repositories[%d]", repository, first)
			continue
		}
		seen[strings.ToLower(repository)] = i
	}
}

// validateAccess checks what gives access to GitHub: a token, several, or an App.
func validateAccess(v *validation, c *github.Config) {
	ways := 0
	for _, isGiven := range []bool{c.TokenEnv != "" || c.TokenFile != "", len(c.Tokens) > 0, c.App != nil} {
		if isGiven {
			ways++
		}
	}
	if ways > 1 {
		v.add("github", "access comes from one token (token_env or token_file), from tokens or from app: keep one of them")
	}
	validateSecretPlace(v, "github", "token", c.TokenEnv, c.TokenFile)
	for i, token := range c.Tokens {
		path := fmt.Sprintf("github.tokens[%d]", i)
		if token.TokenEnv == "" && token.TokenFile == "" {
			v.add(path, "say where the token is: token_env or token_file")
		}
		validateSecretPlace(v, path, "token", token.TokenEnv, token.TokenFile)
	}
	if c.App == nil {
		return
	}
	if c.App.ID <= 0 {
		v.add("github.app.id", "give the App's number, which its settings show")
	}
	if c.App.InstallationID <= 0 {
		v.add("github.app.installation_id", "give the number of the App's installation, with which its address ends")
	}
	if c.App.PrivateKeyEnv == "" && c.App.PrivateKeyFile == "" {
		v.add("github.app", "say where the App's private key is: private_key_env or private_key_file")
	}
	validateSecretPlace(v, "github.app", "private_key", c.App.PrivateKeyEnv, c.App.PrivateKeyFile)
}

// validateSecretPlace checks the keys NAME_env and NAME_file below path.
func validateSecretPlace(v *validation, path, name, env, file string) {
	if env != "" && file != "" {
		v.add(path+"."+name+"_file", "the %[1]s comes from %[2]s_env or from %[2]s_file, not from both: remove one of them",
			strings.ReplaceAll(name, "_", " "), name)
	}
	// The value may be the secret itself, and is not shown.
	if env != "" && (!environmentName.MatchString(env) || oldToken.MatchString(env)) {
		v.add(path+"."+name+"_env", "this is not the name of an environment variable, such as %s", defaultTokenEnv)
	}
}

// validateRepositoryPatterns checks patterns of owner/name.
func validateRepositoryPatterns(v *validation, path string, patterns []string) {
	for i, pattern := range patterns {
		if !repositoryPattern.MatchString(pattern) || !github.IsValid(pattern) {
			v.add(fmt.Sprintf("%s[%d]", path, i), "%q matches no repository; write a pattern of owner/name, such as acme/api-*", pattern)
		}
	}
}

// repositoryName is what owner/name looks like. (Owners with an underscore are
// the enterprise managed users.) In a pattern either may have *, ? and [a-z].
var (
	repositoryName    = regexp.MustCompile(`^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$`)
	repositoryPattern = regexp.MustCompile(`^[^/\s]+/[^/\s]+$`)
	ownedPattern      = regexp.MustCompile(`^[A-Za-z0-9_-]+/[^/\s]+$`)
)

// wrongRepositories says what is wrong with the name of a repository or a pattern
// of an owner's, "" if nothing is.
func wrongRepositories(entry string) string {
	if !github.IsPattern(entry) {
		return wrongRepository(entry)
	}
	if !ownedPattern.MatchString(entry) || !github.IsValid(entry) {
		return fmt.Sprintf("%q matches no repository; write owner/* or owner/part-*, with the whole name of the owner", entry)
	}
	return ""
}

// githubCredentials reads what gives access to GitHub from where the configuration
// says it is.
func githubCredentials(c github.Config) (found github.Credentials, err error) {
	if c.App != nil {
		found.AppKey, err = readKey(*c.App)
		return found, err
	}
	if len(c.Tokens) == 0 {
		token, err := readToken("github", c.TokenFile, c.TokenEnv, c.BaseURL)
		if err == nil && token != "" {
			found.Tokens = []string{token}
		}
		return found, err
	}
	for i, place := range c.Tokens {
		token, err := readToken(fmt.Sprintf("github.tokens[%d]", i), place.TokenFile, place.TokenEnv, "")
		if err != nil {
			return github.Credentials{}, err
		}
		found.Tokens = append(found.Tokens, token)
	}
	return found, nil
}

// readKey returns the private key of an App. Its errors never show it.
func readKey(app github.App) ([]byte, error) {
	if app.PrivateKeyFile != "" {
		key, err := os.ReadFile(app.PrivateKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the private key (github.app.private_key_file): %w", err)
		}
		return key, nil
	}
	key := os.Getenv(app.PrivateKeyEnv)
	if key == "" {
		return nil, fmt.Errorf("the environment variable %s (github.app.private_key_env) is not set or empty", app.PrivateKeyEnv)
	}
	return []byte(key), nil
}
