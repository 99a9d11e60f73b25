// Package simulator makes up an organisation that builds and deploys software,
// and serves it as GitHub's and PagerDuty's REST APIs would. It is what `dorado demo` collects
// from and what tests compare with: it needs no token and no network, the same
// seed gives the same organisation on every machine, and it knows which changes
// each deployment ships, and which incidents it causes, because it made them.
//
// It has three parts that know little of each other. New makes an Organization,
// which is plain data; its Truth comes from the causes (what was waiting on a
// branch when a deployment succeeded) and never from walking the commit graph,
// which is what the numbers it is compared with do. Handler serves an
// Organization over HTTP. Faults spoil its answers. What is not simulated are
// GitHub's write methods and the contents of files, but those that say whose a
// repository is.
//
// An Organization is whole in memory, with 1.5 KB for each change it ships: 40,000
// production deployments and 150,000 changes of 200 services take 5 seconds and
// 220 MB, and 20 million changes would take 30 GB. That is why there is no way from
// here into a raw store but the APIs, and why benchmarks of such sizes fill one with
// SQL of their own (models/large).
//
// GraphQL is answered by executing the query, with GitHub's limits on pages and
// items, its formula for the cost, its quota and its partial errors. It is not
// faithful in this: only the fields that dorado asks for are there, there are neither
// mutations nor introspection nor paging backwards, every tag is one of a commit, a
// release changes only when it is published, an item of a timeline has no type but
// those that dorado asks for, what a pull request's reviewers did is made up from its
// dates, a timeline is sorted by time with its commits at their committers' dates, a
// deployment goes inactive with the next one, a repository that moved is found by its
// old name at once, the time that a query takes is its number of items
// (Faults.MaxNodes), and a connection of which only the count is wanted costs
// nothing, which GitHub's documentation does not say in so many words. By either API a
// tag that is pushed without a branch is no push to the repository.
package simulator

import "time"

// An Organization is everything that happened in it from Start to End. It is
// not changed once it is made.
type Organization struct {
	Name         string // its login: "acme"
	Start        time.Time
	End          time.Time // nothing happened at End or later; UTC, as all times here
	People       []Person
	Teams        []Team
	Services     []Service
	Repositories []*Repository // those of the services, in the same order, the one that the last two share, and one that is empty
	Incidents    []*Incident   // of PagerDuty, by the time they were triggered

	MaintenanceWindows []MaintenanceWindow

	alarms []*alarm // while it is made
	truth  Truth
}

// A Person is an account. Names are made up.
type Person struct {
	ID    int64
	Login string // "ana", "dependabot[bot]"
	Name  string
	IsBot bool
}

// A Team owns services.
type Team struct {
	Name         string
	Members      []string // logins
	Repositories []string `json:",omitempty"` // owner/name of each repository that it may write to
}

// A Service is a thing a team deploys.
type Service struct {
	Name         string
	Team         string
	Repositories []string // owner/name of each repository it is built from
	Paths        []string `json:",omitempty"` // folders of its repository that it is built from; none: all
	Environments []string // the production environments it is deployed to; for releases "production"
	Workflow     string   `json:",omitempty"` // the file of the workflow whose runs are its deployments; "" where they are something else
	DependsOn    []string `json:",omitempty"` // names of the services that it needs
}

// A MergeMethod is how a repository merges its pull requests.
type MergeMethod string

// The methods that GitHub has.
const (
	Squash MergeMethod = "squash" // one new commit, titled as the pull request
	Merge  MergeMethod = "merge"  // the commits as they are, and a merge commit
	Rebase MergeMethod = "rebase" // copies of the commits, that keep author and author's date
)

// A Repository is a repository with its whole history.
type Repository struct {
	ID            int64
	FullName      string   // owner/name
	FormerNames   []string `json:",omitempty"` // what it was called before; asked for by them it answers where it is now
	IsArchived    bool     `json:",omitempty"`
	IsFork        bool     `json:",omitempty"`
	Description   string
	DefaultBranch string
	MergeMethod   MergeMethod
	CreatedAt     time.Time
	Commits       []*Commit // of all branches, parents before their children
	Branches      []*Branch // the default branch first
	Tags          []Tag     // in the order they were made, as the rest
	Releases      []*Release
	Deployments   []*Deployment
	PullRequests  []*PullRequest
	Records       *Records `json:",omitempty"` // nil: none of those, but the timelines of pull requests, which are made up
}

// A Commit is a commit. Dates are whole seconds, as git's.
type Commit struct {
	SHA         string // 40 hexadecimal digits
	Parents     []string
	Author      string // login
	Committer   string // login
	AuthoredAt  time.Time
	CommittedAt time.Time
	Message     string
}

// A Branch is a branch and where it pointed over time.
type Branch struct {
	Name  string
	Heads []Head // oldest first
}

// A Head is where a branch points from a time on.
type Head struct {
	At  time.Time
	SHA string
}

// A Tag is a tag.
type Tag struct {
	Name string
	SHA  string
	At   time.Time // when it was pushed
}

// A Release is a published release.
type Release struct {
	ID           int64
	Tag          string
	Branch       string // where it was made from
	Author       string // login
	IsPrerelease bool
	CreatedAt    time.Time // the date of the commit; so GitHub has it
	PublishedAt  time.Time
}

// A Deployment is a GitHub deployment.
type Deployment struct {
	ID          int64
	SHA         string
	Ref         string
	Environment string
	Creator     string // login
	CreatedAt   time.Time
	Statuses    []DeploymentStatus // oldest first
}

// A DeploymentStatus is a step of a deployment.
type DeploymentStatus struct {
	ID    int64
	State string // waiting, queued, in_progress, success, failure, error or inactive
	At    time.Time
}

// A PullRequest is a pull request of a branch of the same repository.
type PullRequest struct {
	ID        int64
	Number    int
	Title     string
	Body      string   `json:",omitempty"`
	Labels    []string `json:",omitempty"` // that it has from the beginning, besides those of dependabot
	Author    string   // login
	Branch    string
	Base      string   // the branch it goes to
	BaseSHA   string   // where the base was when it was opened
	Commits   []string // oldest first; they were pushed when they were committed, at the earliest when it was opened
	CreatedAt time.Time
	Comments  []time.Time // when someone said something; it may be long after the merge
	ClosedAt  *time.Time  // nil while it is open
	MergedBy  string      // login, "" where it is not merged
	// MergeCommit is the commit that brought it into the base. Until it is
	// merged, and ever after if it is not, it is GitHub's test merge, a commit
	// that is in no branch.
	MergeCommit string
	TestMerge   string

	isHotfix bool         // as its branch, title or label says
	reverts  *PullRequest // what it takes back; nil where that is nothing
}

// IsMerged says whether it was merged, at ClosedAt.
func (p *PullRequest) IsMerged() bool { return p.MergedBy != "" }
