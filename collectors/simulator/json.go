package simulator

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// website is where pages are said to be. It leads nowhere, and it is the same
// whatever address the API has.
const website = "https://github.example"

// The types below are GitHub's, under GitHub's names, as far as anyone reads them.

type rateJSON struct {
	Limit     int    `json:"limit"`
	Used      int    `json:"used"`
	Remaining int    `json:"remaining"`
	Reset     int64  `json:"reset"` // Unix seconds
	Resource  string `json:"resource"`
}

type rateLimitJSON struct {
	Resources map[string]rateJSON `json:"resources"`
	Rate      rateJSON            `json:"rate"`
}

type userJSON struct {
	Login     string `json:"login"`
	ID        int64  `json:"id"`
	NodeID    string `json:"node_id"`
	URL       string `json:"url"`
	HTMLURL   string `json:"html_url"`
	Type      string `json:"type"`
	SiteAdmin bool   `json:"site_admin"`
}

// userJSON returns an account by its login.
func (s *server) userJSON(r *request, login string) userJSON {
	person, kind := s.people[login], "User"
	if person.IsBot {
		kind = "Bot"
	}
	return userJSON{
		Login:   login,
		ID:      person.ID,
		NodeID:  nodeID("U", person.ID),
		URL:     r.base + "/users/" + url.PathEscape(login),
		HTMLURL: website + "/" + url.PathEscape(login),
		Type:    kind,
	}
}

// organizationID is the organisation's id.
const organizationID = 900

// ownerJSON returns the organisation as the owner of its repositories.
func (s *server) ownerJSON(r *request) userJSON {
	return userJSON{
		Login:   s.organization.Name,
		ID:      organizationID,
		NodeID:  nodeID("O", organizationID),
		URL:     r.base + "/users/" + s.organization.Name,
		HTMLURL: website + "/" + s.organization.Name,
		Type:    "Organization",
	}
}

type organizationJSON struct {
	Login       string    `json:"login"`
	ID          int64     `json:"id"`
	NodeID      string    `json:"node_id"`
	URL         string    `json:"url"`
	ReposURL    string    `json:"repos_url"`
	HTMLURL     string    `json:"html_url"`
	Name        string    `json:"name"`
	PublicRepos int       `json:"public_repos"`
	CreatedAt   time.Time `json:"created_at"`
	Type        string    `json:"type"`
}

// organizationJSON returns the organisation.
func (s *server) organizationJSON(r *request) organizationJSON {
	created := s.organization.Start
	for _, one := range s.organization.Repositories {
		if one.CreatedAt.Before(created) {
			created = one.CreatedAt
		}
	}
	return organizationJSON{
		Login:       s.organization.Name,
		ID:          organizationID,
		NodeID:      nodeID("O", organizationID),
		URL:         r.base + "/orgs/" + s.organization.Name,
		ReposURL:    r.base + "/orgs/" + s.organization.Name + "/repos",
		HTMLURL:     website + "/" + s.organization.Name,
		Name:        s.organization.Name,
		PublicRepos: len(s.organization.Repositories),
		CreatedAt:   created,
		Type:        "Organization",
	}
}

type repositoryJSON struct {
	ID               int64     `json:"id"`
	NodeID           string    `json:"node_id"`
	Name             string    `json:"name"`
	FullName         string    `json:"full_name"`
	Private          bool      `json:"private"`
	Owner            userJSON  `json:"owner"`
	URL              string    `json:"url"`
	HTMLURL          string    `json:"html_url"`
	Description      string    `json:"description"`
	Fork             bool      `json:"fork"`
	Archived         bool      `json:"archived"`
	Disabled         bool      `json:"disabled"`
	Visibility       string    `json:"visibility"`
	DefaultBranch    string    `json:"default_branch"`
	Size             int       `json:"size"`
	Topics           []string  `json:"topics"`
	AllowSquashMerge bool      `json:"allow_squash_merge"`
	AllowMergeCommit bool      `json:"allow_merge_commit"`
	AllowRebaseMerge bool      `json:"allow_rebase_merge"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
	PushedAt         time.Time `json:"pushed_at"`
}

// repositoryJSON returns a repository.
func (s *server) repositoryJSON(r *request, one *repository) repositoryJSON {
	pushed := one.CreatedAt
	for _, branch := range one.Branches {
		for _, head := range branch.Heads {
			if !head.At.After(r.now) && head.At.After(pushed) {
				pushed = head.At
			}
		}
	}
	_, name, _ := strings.Cut(one.FullName, "/")
	return repositoryJSON{
		ID:               one.ID,
		NodeID:           nodeID("R", one.ID),
		Name:             name,
		FullName:         one.FullName,
		Private:          true,
		Owner:            s.ownerJSON(r),
		URL:              r.base + "/repos/" + one.FullName,
		HTMLURL:          s.pageURL(one),
		Description:      one.Description,
		Fork:             one.IsFork,
		Archived:         one.IsArchived,
		Visibility:       "private",
		DefaultBranch:    one.DefaultBranch,
		Topics:           []string{},
		AllowSquashMerge: one.MergeMethod == Squash,
		AllowMergeCommit: one.MergeMethod == Merge,
		AllowRebaseMerge: one.MergeMethod == Rebase,
		CreatedAt:        one.CreatedAt,
		UpdatedAt:        pushed,
		PushedAt:         pushed,
	}
}

// repositoryURL returns the API's address of the request's repository.
func (s *server) repositoryURL(r *request) string { return r.base + "/repos/" + r.repository.FullName }

// pageURL returns the page of a repository.
func (s *server) pageURL(one *repository) string { return website + "/" + one.FullName }

type referenceJSON struct {
	SHA     string `json:"sha"`
	URL     string `json:"url"`
	HTMLURL string `json:"html_url,omitempty"`
}

// referenceJSON returns a mention of a commit.
func (s *server) referenceJSON(r *request, sha string) referenceJSON {
	return referenceJSON{SHA: sha, URL: s.repositoryURL(r) + "/commits/" + sha}
}

type branchJSON struct {
	Name      string `json:"name"`
	Commit    any    `json:"commit"` // a referenceJSON in lists, else a commitJSON
	Protected bool   `json:"protected"`
}

type signatureJSON struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

type gitCommitJSON struct {
	Author       signatureJSON `json:"author"`
	Committer    signatureJSON `json:"committer"`
	Message      string        `json:"message"`
	Tree         referenceJSON `json:"tree"`
	URL          string        `json:"url"`
	CommentCount int           `json:"comment_count"`
}

type commitJSON struct {
	SHA       string          `json:"sha"`
	NodeID    string          `json:"node_id"`
	Commit    gitCommitJSON   `json:"commit"`
	URL       string          `json:"url"`
	HTMLURL   string          `json:"html_url"`
	Author    userJSON        `json:"author"`
	Committer userJSON        `json:"committer"`
	Parents   []referenceJSON `json:"parents"`
}

// commitJSON returns a commit.
func (s *server) commitJSON(r *request, commit *Commit) commitJSON {
	parents := []referenceJSON{}
	for _, sha := range commit.Parents {
		parent := s.referenceJSON(r, sha)
		parent.HTMLURL = s.pageURL(r.repository) + "/commit/" + sha
		parents = append(parents, parent)
	}
	signature := func(login string, date time.Time) signatureJSON {
		return signatureJSON{Name: s.people[login].Name, Email: s.address(login), Date: date}
	}
	return commitJSON{
		SHA:    commit.SHA,
		NodeID: "C_" + commit.SHA,
		Commit: gitCommitJSON{
			Author:    signature(commit.Author, commit.AuthoredAt),
			Committer: signature(commit.Committer, commit.CommittedAt),
			Message:   commit.Message,
			// There are no files: every commit has git's empty tree.
			Tree: referenceJSON{SHA: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", URL: s.repositoryURL(r) + "/git/trees/4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
			URL:  s.repositoryURL(r) + "/git/commits/" + commit.SHA,
		},
		URL:       s.repositoryURL(r) + "/commits/" + commit.SHA,
		HTMLURL:   s.pageURL(r.repository) + "/commit/" + commit.SHA,
		Author:    s.userJSON(r, commit.Author),
		Committer: s.userJSON(r, commit.Committer),
		Parents:   parents,
	}
}

// address returns the mail address of an account's commits.
func (s *server) address(login string) string {
	if person := s.people[login]; person.IsBot {
		return fmt.Sprintf("%d+%s@users.noreply.github.com", person.ID, login)
	}
	return login + "@" + s.organization.Name + ".example"
}

type comparisonJSON struct {
	URL             string       `json:"url"`
	HTMLURL         string       `json:"html_url"`
	BaseCommit      commitJSON   `json:"base_commit"`
	MergeBaseCommit *commitJSON  `json:"merge_base_commit"`
	Status          string       `json:"status"`
	AheadBy         int          `json:"ahead_by"`
	BehindBy        int          `json:"behind_by"`
	TotalCommits    int          `json:"total_commits"`
	Commits         []commitJSON `json:"commits"`
	Files           []struct{}   `json:"files"`
}

type deploymentJSON struct {
	URL                   string    `json:"url"`
	ID                    int64     `json:"id"`
	NodeID                string    `json:"node_id"`
	Task                  string    `json:"task"`
	OriginalEnvironment   string    `json:"original_environment"`
	Environment           string    `json:"environment"`
	Description           *string   `json:"description"`
	CreatedAt             time.Time `json:"created_at"`
	UpdatedAt             time.Time `json:"updated_at"`
	StatusesURL           string    `json:"statuses_url"`
	RepositoryURL         string    `json:"repository_url"`
	Creator               userJSON  `json:"creator"`
	SHA                   string    `json:"sha"`
	Ref                   string    `json:"ref"`
	Payload               struct{}  `json:"payload"`
	TransientEnvironment  bool      `json:"transient_environment"`
	ProductionEnvironment bool      `json:"production_environment"`
}

// deploymentJSON returns a deployment as it is by now: every status moves
// updated_at.
func (s *server) deploymentJSON(r *request, deployment *Deployment) deploymentJSON {
	updated := deployment.CreatedAt
	if statuses := deployment.visible(r.now); len(statuses) > 0 {
		updated = statuses[len(statuses)-1].At
	}
	address := fmt.Sprintf("%s/deployments/%d", s.repositoryURL(r), deployment.ID)
	return deploymentJSON{
		URL:                   address,
		ID:                    deployment.ID,
		NodeID:                nodeID("DE", deployment.ID),
		Task:                  "deploy",
		OriginalEnvironment:   deployment.Environment,
		Environment:           deployment.Environment,
		CreatedAt:             deployment.CreatedAt,
		UpdatedAt:             updated,
		StatusesURL:           address + "/statuses",
		RepositoryURL:         s.repositoryURL(r),
		Creator:               s.userJSON(r, deployment.Creator),
		SHA:                   deployment.SHA,
		Ref:                   deployment.Ref,
		TransientEnvironment:  deployment.Environment == "preview",
		ProductionEnvironment: deployment.Environment == "production", // what GitHub Actions sets by itself
	}
}

type statusJSON struct {
	URL            string    `json:"url"`
	ID             int64     `json:"id"`
	NodeID         string    `json:"node_id"`
	State          string    `json:"state"`
	Creator        userJSON  `json:"creator"`
	Description    string    `json:"description"`
	Environment    string    `json:"environment"`
	TargetURL      string    `json:"target_url"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	DeploymentURL  string    `json:"deployment_url"`
	RepositoryURL  string    `json:"repository_url"`
	EnvironmentURL string    `json:"environment_url"`
	LogURL         string    `json:"log_url"`
}

// statusJSON returns a status of a deployment.
func (s *server) statusJSON(r *request, deployment *Deployment, status DeploymentStatus) statusJSON {
	address := fmt.Sprintf("%s/deployments/%d", s.repositoryURL(r), deployment.ID)
	log := fmt.Sprintf("%s/actions/runs/%d", s.pageURL(r.repository), deployment.ID)
	return statusJSON{
		URL:           fmt.Sprintf("%s/statuses/%d", address, status.ID),
		ID:            status.ID,
		NodeID:        nodeID("DES", status.ID),
		State:         status.State,
		Creator:       s.userJSON(r, deployment.Creator),
		Environment:   deployment.Environment,
		TargetURL:     log,
		CreatedAt:     status.At,
		UpdatedAt:     status.At,
		DeploymentURL: address,
		RepositoryURL: s.repositoryURL(r),
		LogURL:        log,
	}
}

type pullBranchJSON struct {
	Label string         `json:"label"`
	Ref   string         `json:"ref"`
	SHA   string         `json:"sha"`
	User  userJSON       `json:"user"`
	Repo  repositoryJSON `json:"repo"`
}

type pullRequestJSON struct {
	URL               string         `json:"url"`
	ID                int64          `json:"id"`
	NodeID            string         `json:"node_id"`
	HTMLURL           string         `json:"html_url"`
	Number            int            `json:"number"`
	State             string         `json:"state"`
	Locked            bool           `json:"locked"`
	Title             string         `json:"title"`
	User              userJSON       `json:"user"`
	Body              *string        `json:"body"`
	Labels            []labelJSON    `json:"labels"`
	Draft             bool           `json:"draft"`
	CreatedAt         time.Time      `json:"created_at"`
	UpdatedAt         time.Time      `json:"updated_at"`
	ClosedAt          *time.Time     `json:"closed_at"`
	MergedAt          *time.Time     `json:"merged_at"`
	MergeCommitSHA    *string        `json:"merge_commit_sha"`
	Assignees         []userJSON     `json:"assignees"`
	CommitsURL        string         `json:"commits_url"`
	Head              pullBranchJSON `json:"head"`
	Base              pullBranchJSON `json:"base"`
	AuthorAssociation string         `json:"author_association"`
}

type labelJSON struct {
	Name string `json:"name"`
}

// label returns what GitHub calls a branch of another repository.
func (s *server) label(branch string) string { return s.organization.Name + ":" + branch }

// pullRequestJSON returns a pull request as lists have it, as it is by now.
func (s *server) pullRequestJSON(r *request, pull *PullRequest) pullRequestJSON {
	commits := r.repository.listed(pull, r.now)
	branch := func(name, sha string) pullBranchJSON {
		return pullBranchJSON{Label: s.label(name), Ref: name, SHA: sha, User: s.ownerJSON(r), Repo: s.repositoryJSON(r, r.repository)}
	}
	address := fmt.Sprintf("%s/pulls/%d", s.repositoryURL(r), pull.Number)
	rendered := pullRequestJSON{
		URL:               address,
		ID:                pull.ID,
		NodeID:            nodeID("PR", pull.ID),
		HTMLURL:           fmt.Sprintf("%s/pull/%d", s.pageURL(r.repository), pull.Number),
		Number:            pull.Number,
		State:             "open",
		Title:             pull.Title,
		User:              s.userJSON(r, pull.Author),
		Labels:            []labelJSON{},
		Draft:             isDraft(r.repository.timelines[pull.Number], r.now),
		CreatedAt:         pull.CreatedAt,
		UpdatedAt:         r.repository.updatedAt(pull, r.now),
		MergeCommitSHA:    &pull.TestMerge,
		Assignees:         []userJSON{},
		CommitsURL:        address + "/commits",
		Head:              branch(pull.Branch, commits[len(commits)-1].SHA),
		Base:              branch(pull.Base, pull.BaseSHA),
		AuthorAssociation: "MEMBER",
	}
	if pull.Body != "" {
		rendered.Body = &pull.Body
	}
	for _, name := range pull.Labels {
		rendered.Labels = append(rendered.Labels, labelJSON{Name: name})
	}
	if pull.Author == dependabot {
		rendered.AuthorAssociation = "CONTRIBUTOR"
		rendered.Labels = append(rendered.Labels, labelJSON{Name: "dependencies"})
	}
	if pull.isClosed(r.now) {
		rendered.State, rendered.ClosedAt = "closed", pull.ClosedAt
		if pull.IsMerged() {
			rendered.MergedAt, rendered.MergeCommitSHA = pull.ClosedAt, &pull.MergeCommit
		}
	}
	return rendered
}

type fullPullRequestJSON struct {
	pullRequestJSON
	Merged   bool      `json:"merged"`
	MergedBy *userJSON `json:"merged_by"`
	Commits  int       `json:"commits"`
	Comments int       `json:"comments"`
}

// fullPullRequestJSON returns a pull request with what lists leave out.
func (s *server) fullPullRequestJSON(r *request, pull *PullRequest) fullPullRequestJSON {
	rendered := fullPullRequestJSON{
		pullRequestJSON: s.pullRequestJSON(r, pull),
		Commits:         len(r.repository.listed(pull, r.now)),
		Comments:        len(newestFirst(pull.Comments, r.now, func(t time.Time) time.Time { return t })),
	}
	if rendered.MergedAt != nil {
		merger := s.userJSON(r, pull.MergedBy)
		rendered.Merged, rendered.MergedBy = true, &merger
	}
	return rendered
}

type releaseJSON struct {
	URL             string     `json:"url"`
	HTMLURL         string     `json:"html_url"`
	ID              int64      `json:"id"`
	NodeID          string     `json:"node_id"`
	Author          userJSON   `json:"author"`
	TagName         string     `json:"tag_name"`
	TargetCommitish string     `json:"target_commitish"`
	Name            string     `json:"name"`
	Draft           bool       `json:"draft"`
	Prerelease      bool       `json:"prerelease"`
	CreatedAt       time.Time  `json:"created_at"`
	PublishedAt     time.Time  `json:"published_at"`
	Assets          []struct{} `json:"assets"`
	Body            string     `json:"body"`
}

// releaseJSON returns a release.
func (s *server) releaseJSON(r *request, release *Release) releaseJSON {
	return releaseJSON{
		URL:             fmt.Sprintf("%s/releases/%d", s.repositoryURL(r), release.ID),
		HTMLURL:         s.pageURL(r.repository) + "/releases/tag/" + release.Tag,
		ID:              release.ID,
		NodeID:          nodeID("RE", release.ID),
		Author:          s.userJSON(r, release.Author),
		TagName:         release.Tag,
		TargetCommitish: release.Branch,
		Name:            release.Tag,
		Prerelease:      release.IsPrerelease,
		CreatedAt:       release.CreatedAt,
		PublishedAt:     release.PublishedAt,
		Assets:          []struct{}{},
	}
}

type tagJSON struct {
	Name       string        `json:"name"`
	Commit     referenceJSON `json:"commit"`
	ZipballURL string        `json:"zipball_url"`
	TarballURL string        `json:"tarball_url"`
	NodeID     string        `json:"node_id"`
}

// tagJSON returns a tag.
func (s *server) tagJSON(r *request, tag Tag) tagJSON {
	return tagJSON{
		Name:       tag.Name,
		Commit:     s.referenceJSON(r, tag.SHA),
		ZipballURL: s.repositoryURL(r) + "/zipball/refs/tags/" + tag.Name,
		TarballURL: s.repositoryURL(r) + "/tarball/refs/tags/" + tag.Name,
		NodeID:     "REF_" + tag.SHA[:12] + tag.Name,
	}
}

// nodeID returns a GraphQL id.
func nodeID(kind string, id int64) string { return fmt.Sprintf("%s_%d", kind, id) }
