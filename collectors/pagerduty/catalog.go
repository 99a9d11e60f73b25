package pagerduty

import (
	"context"
	"iter"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A Service is a row of raw.pagerduty_services.
type Service struct {
	ID                            string                `json:"id" db:"id,key"`
	Account                       string                `json:"-" db:"account,key"` // Config.Name
	Name                          string                `json:"name" db:"name"`     // the summary where it has no name
	Summary                       string                `json:"summary"`            // of a reference
	Description                   *string               `json:"description" db:"description"`
	Status                        *string               `json:"status" db:"status"` // active, warning, critical, maintenance or disabled
	Teams                         []pagerduty.APIObject `json:"teams"`
	TeamIDs                       string                `json:"-" db:"team_ids"` // a JSON list
	EscalationPolicy              *pagerduty.APIObject  `json:"escalation_policy"`
	EscalationPolicyID            *string               `json:"-" db:"escalation_policy_id"`
	AcknowledgementTimeoutSeconds *int64                `json:"acknowledgement_timeout" db:"acknowledgement_timeout_seconds"` // none: never
	AutoResolveTimeoutSeconds     *int64                `json:"auto_resolve_timeout" db:"auto_resolve_timeout_seconds"`       // none: never
	CreatedAt                     *time.Time            `json:"created_at" db:"created_at"`
	HTMLURL                       *string               `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Service) Table() string { return "pagerduty_services" }

func (s *source) allServices(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/services", "services", nil, func(service Service) []collectors.Row {
		if service.Name == "" {
			service.Name = service.Summary
		}
		if !s.includesName(service.Name) {
			return nil
		}
		service.Account = s.config.Name
		service.TeamIDs = ids(service.Teams)
		service.EscalationPolicyID = idOf(service.EscalationPolicy)
		return []collectors.Row{service}
	})
}

// A Team is a row of raw.pagerduty_teams.
type Team struct {
	ID          string               `json:"id" db:"id,key"`
	Account     string               `json:"-" db:"account,key"` // Config.Name
	Name        *string              `json:"name" db:"name"`
	Description *string              `json:"description" db:"description"`
	Parent      *pagerduty.APIObject `json:"parent"`
	ParentID    *string              `json:"-" db:"parent_id"`
	HTMLURL     *string              `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (Team) Table() string { return "pagerduty_teams" }

func (s *source) allTeams(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/teams", "teams", nil, func(team Team) []collectors.Row {
		team.Account = s.config.Name
		team.ParentID = idOf(team.Parent)
		return []collectors.Row{team}
	})
}

// An EscalationPolicy is a row of raw.pagerduty_escalation_policies.
type EscalationPolicy struct {
	ID      string                `json:"id" db:"id,key"`
	Account string                `json:"-" db:"account,key"` // Config.Name
	Name    *string               `json:"name" db:"name"`
	Repeats *int64                `json:"num_loops" db:"repeats"` // how often it starts again when nobody acknowledges
	Teams   []pagerduty.APIObject `json:"teams"`
	TeamIDs string                `json:"-" db:"team_ids"` // a JSON list
	HTMLURL *string               `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (EscalationPolicy) Table() string { return "pagerduty_escalation_policies" }

func (s *source) allEscalationPolicies(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/escalation_policies", "escalation_policies", nil, func(policy EscalationPolicy) []collectors.Row {
		policy.Account = s.config.Name
		policy.TeamIDs = ids(policy.Teams)
		return []collectors.Row{policy}
	})
}

// A Priority is a row of raw.pagerduty_priorities.
type Priority struct {
	ID          string  `json:"id" db:"id,key"`
	Account     string  `json:"-" db:"account,key"` // Config.Name
	Name        *string `json:"name" db:"name"`
	Description *string `json:"description" db:"description"`
	Order       *int64  `json:"order" db:"rank"` // the greater the more urgent
}

// Table returns the table's name.
func (Priority) Table() string { return "pagerduty_priorities" }

func (s *source) allPriorities(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/priorities", "priorities", nil, func(priority Priority) []collectors.Row {
		priority.Account = s.config.Name
		return []collectors.Row{priority}
	})
}

// A User is a row of raw.pagerduty_users.
type User struct {
	ID      string  `json:"id" db:"id,key"`
	Account string  `json:"-" db:"account,key"` // Config.Name
	Name    *string `json:"name" db:"name"`     // only with Config.StoreNames
}

// Table returns the table's name.
func (User) Table() string { return "pagerduty_users" }

func (s *source) allUsers(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/users", "users", nil, func(user User) []collectors.Row {
		user.Account = s.config.Name
		if !s.config.StoreNames {
			user.Name = nil
		}
		return []collectors.Row{user}
	})
}

// A BusinessService is a row of raw.pagerduty_business_services.
type BusinessService struct {
	ID          string               `json:"id" db:"id,key"`
	Account     string               `json:"-" db:"account,key"` // Config.Name
	Name        *string              `json:"name" db:"name"`
	Description *string              `json:"description" db:"description"`
	Team        *pagerduty.APIObject `json:"team"`
	TeamID      *string              `json:"-" db:"team_id"`
	HTMLURL     *string              `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (BusinessService) Table() string { return "pagerduty_business_services" }

func (s *source) allBusinessServices(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	return records(ctx, s, "/business_services", "business_services", nil, func(service BusinessService) []collectors.Row {
		service.Account = s.config.Name
		service.TeamID = idOf(service.Team)
		return []collectors.Row{service}
	})
}
