package pagerduty

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A ServiceDependency is a row of raw.pagerduty_service_dependencies: one service
// needs another.
type ServiceDependency struct {
	ID             string              `json:"id" db:"id,key"`
	Account        string              `json:"-" db:"account,key"` // Config.Name
	Supporting     pagerduty.APIObject `json:"supporting_service"`
	SupportingID   string              `json:"-" db:"supporting_service_id"`
	SupportingType string              `json:"-" db:"supporting_service_type"` // such as business_service or technical_service_reference
	Dependent      pagerduty.APIObject `json:"dependent_service"`
	DependentID    string              `json:"-" db:"dependent_service_id"` // the one that needs the other
	DependentType  string              `json:"-" db:"dependent_service_type"`
}

// Table returns the table's name.
func (ServiceDependency) Table() string { return "pagerduty_service_dependencies" }

// dependenciesAgain is after how long the dependencies are read again: they take a
// request for every service, and rarely change. It is a little less than a week,
// so that the run of the same hour finds it over.
const dependenciesAgain = (7*24 - 6) * time.Hour

// dependenciesState is when all dependencies were last read, UTC.
type dependenciesState struct{ ReadAt time.Time }

// allServiceDependencies reads those of the services and then those of the
// business services, a page of services at a time.
func (s *source) allServiceDependencies(ctx context.Context, state dependenciesState) iter.Seq2[page[dependenciesState], error] {
	return func(yield func(page[dependenciesState], error) bool) {
		now := s.now().UTC()
		if now.Before(state.ReadAt.Add(dependenciesAgain)) {
			return
		}
		for _, kind := range []struct{ path, key, of string }{
			{"/services", "services", "/service_dependencies/technical_services/"},
			{"/business_services", "business_services", "/service_dependencies/business_services/"},
		} {
			for services, err := range whole[pagerduty.APIObject](ctx, s, kind.path, kind.key, nil) {
				if err != nil {
					yield(page[dependenciesState]{}, err)
					return
				}
				rows, err := s.serviceDependencies(ctx, kind.of, services)
				if !yield(page[dependenciesState]{rows: rows}, err) || err != nil {
					return
				}
			}
		}
		yield(page[dependenciesState]{state: &dependenciesState{ReadAt: now}}, nil)
	}
}

// serviceDependencies reads the dependencies of services, at path for each.
func (s *source) serviceDependencies(ctx context.Context, path string, services []pagerduty.APIObject) ([]collectors.Row, error) {
	answers := make([]struct{ Relationships []ServiceDependency }, len(services))
	err := each(ctx, len(services), func(ctx context.Context, i int) error {
		_, err := s.get(ctx, &answers[i], path+url.PathEscape(services[i].ID), nil)
		if isUnavailable(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var rows []collectors.Row
	for _, answer := range answers {
		for _, dependency := range answer.Relationships {
			dependency.Account = s.config.Name
			dependency.SupportingID, dependency.SupportingType = dependency.Supporting.ID, dependency.Supporting.Type
			dependency.DependentID, dependency.DependentType = dependency.Dependent.ID, dependency.Dependent.Type
			rows = append(rows, dependency)
		}
	}
	return rows, nil
}
