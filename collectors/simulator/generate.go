package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Options say which organisation to make. The same options give the same one.
type Options struct {
	Seed     uint64
	Services int       // how many have a repository of their own; 0 means 18. Two more share one.
	Days     int       // how long its history is; 0 means 180
	End      time.Time // the first instant that is not part of it; the zero time means the beginning of 2026, UTC
}

// New makes an organisation.
func New(options Options) *Organization {
	services, days, end := cmp.Or(options.Services, 18), cmp.Or(options.Days, 180), options.End.UTC().Truncate(time.Second)
	if options.End.IsZero() {
		end = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	organization := &Organization{
		Name:   "acme",
		Start:  end.AddDate(0, 0, -days),
		End:    end,
		People: people(),
	}
	teams := teamHabits()
	for i, habits := range teams {
		organization.Teams = append(organization.Teams, Team{Name: habits.team, Members: members(organization.People, i, len(teams))})
	}
	for i := range services {
		team := i * len(teams) / services
		organization.take(newHistory(organization, newDraw(options.Seed, i), i, team), options.Seed, i, team)
	}
	organization.truth.dependsOn = map[string][]string{}
	for i := 0; i < services-1; i += 3 {
		needed := []string{organization.Services[i+1].Name}
		organization.Services[i].DependsOn, organization.truth.dependsOn[organization.Services[i].Name] = needed, needed
	}
	shared := services + 1
	organization.take(newMonorepo(organization, newDraw(options.Seed, shared), shared, 1), options.Seed, shared, 1)
	organization.Repositories = append(organization.Repositories, &Repository{
		ID:            repositoryID(services),
		FullName:      organization.Name + "/playground",
		Description:   "Nothing yet",
		DefaultBranch: "main",
		MergeMethod:   Merge,
		CreatedAt:     organization.Start,
	})
	organization.gather()
	slices.SortStableFunc(organization.truth.PullRequests, func(a, b TruePullRequest) int { return a.MergedAt.Compare(b.MergedAt) })
	slices.SortStableFunc(organization.truth.Failures, func(a, b Failure) int { return a.FinishedAt.Compare(b.FinishedAt) })
	slices.SortFunc(organization.truth.Deployments, func(a, b Shipment) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Environment, b.Environment))
	})
	return organization
}

// take lets a history happen, and takes over what has come of it.
func (o *Organization) take(h *history, seed uint64, stream, team int) {
	h.live()
	if h.delivery.isRun {
		h.asRuns()
	}
	h.describe()
	for at, service := range h.services() {
		o.alarms = append(o.alarms, h.ring(service, seed, stream+at))
	}
	o.truth.PullRequests = append(o.truth.PullRequests, h.review(seed, stream)...)
	o.truth.Failures = append(o.truth.Failures, h.failures...)
	o.truth.Deployments = append(o.truth.Deployments, h.shipments...)
	o.Services = append(o.Services, h.services()...)
	o.Repositories = append(o.Repositories, h.repository)
	o.Teams[team].Repositories = append(o.Teams[team].Repositories, h.repository.FullName)
}

// The accounts that are not people.
const (
	dependabot = "dependabot[bot]"     // opens pull requests that update dependencies
	actions    = "github-actions[bot]" // deploys
	webFlow    = "web-flow"            // commits what is merged on the website
)

// people returns all accounts.
func people() []Person {
	names := []string{
		"Ana", "Bo", "Chidi", "Dana", "Emre", "Farah", "Goran", "Hana", "Ines", "Jun", "Kofi", "Lena",
		"Mei", "Noor", "Olu", "Priya", "Quinn", "Ravi", "Sara", "Tomas", "Uma", "Vera", "Wen", "Yara",
	}
	var all []Person
	for i, name := range names {
		all = append(all, Person{ID: int64(1001 + i), Login: string(name[0]|0x20) + name[1:], Name: name})
	}
	return append(all,
		Person{ID: 901, Login: dependabot, Name: dependabot, IsBot: true},
		Person{ID: 902, Login: actions, Name: actions, IsBot: true},
		Person{ID: 903, Login: webFlow, Name: "GitHub"})
}

// members returns the logins of the people of team i of n.
func members(people []Person, i, n int) []string {
	var logins []string
	for at, person := range people {
		if at%n == i && !person.IsBot && person.Login != webFlow {
			logins = append(logins, person.Login)
		}
	}
	return logins
}

// habits are how a team works. What has two values moves in a straight line from
// the first on the first day to the second on the last.
type habits struct {
	team     string
	offset   time.Duration // of its clocks from UTC
	items    [2]int        // pieces of work begun a week, for each service
	review   [2]int        // median minutes from a pull request to its merge
	approval [2]int        // median minutes until someone approves a deployment; under 15 nobody has to
	failures [2]int        // deployments of 1,000 that fail
	mishaps  [2]int        // successful production deployments of 1,000 that are bad, and taken back or mended
	train    int           // days between releases
}

// teamHabits returns the teams: one is steady, one improves, one is in trouble.
func teamHabits() []habits {
	return []habits{
		{team: "payments", offset: time.Hour, items: [2]int{5, 5}, review: [2]int{360, 360}, approval: [2]int{120, 120},
			failures: [2]int{50, 50}, mishaps: [2]int{40, 40}, train: 7},
		{team: "discovery", offset: -5 * time.Hour, items: [2]int{4, 8}, review: [2]int{1800, 120}, approval: [2]int{1440, 5},
			failures: [2]int{110, 20}, mishaps: [2]int{80, 15}, train: 4},
		{team: "platform", items: [2]int{6, 3}, review: [2]int{600, 4000}, approval: [2]int{300, 4000},
			failures: [2]int{70, 230}, mishaps: [2]int{40, 90}, train: 14},
	}
}

// along returns the value of a habit at a time between start and end.
func along(habit [2]int, t, start, end time.Time) int {
	return habit[0] + int(int64(habit[1]-habit[0])*int64(t.Sub(start)/time.Second)/int64(end.Sub(start)/time.Second))
}

// serviceName returns the name of service i.
func serviceName(i int) string {
	names := []string{
		"checkout", "ledger", "invoices", "payouts", "refunds", "tax",
		"search", "catalog", "pricing", "reviews", "images", "recommendations",
		"accounts", "gateway", "notifications", "scheduler", "audit", "exports",
	}
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s-%d", names[i%len(names)], i/len(names)+1)
}

// repositoryID returns the id of repository i.
func repositoryID(i int) int64 { return int64(5001 + i) }

// title returns what a pull request or commit is about.
func (d draw) title() string {
	verbs := []string{"Add", "Fix", "Speed up", "Simplify", "Test", "Log", "Retry", "Cache", "Validate", "Remove"}
	things := []string{"rounding", "time zones", "the export", "pagination", "empty answers", "the health check", "currency codes",
		"stale locks", "the import", "rate limits", "old flags", "the nightly job", "error messages", "the index", "time-outs"}
	return oneOf(d, verbs) + " " + oneOf(d, things)
}

// update returns the title of a pull request of dependabot.
func (d draw) update() string {
	minor := d.between(1, 60)
	return fmt.Sprintf("Bump %s from 1.%d.0 to 1.%d.%d", oneOf(d, []string{"yaml", "crypto", "net", "logger", "router", "uuid"}), minor, minor+1, d.below(4))
}
