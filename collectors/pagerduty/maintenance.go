package pagerduty

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"dorado/collectors"
)

// A MaintenanceWindow is a row of raw.pagerduty_maintenance_windows: the time that
// one service is without incidents.
type MaintenanceWindow struct {
	ID          string                `json:"id" db:"id,key"`
	Account     string                `json:"-" db:"account,key"` // Config.Name
	Services    []pagerduty.APIObject `json:"services"`
	ServiceID   string                `json:"-" db:"service_id,key"`
	Description *string               `json:"description" db:"description"`
	StartAt     time.Time             `json:"start_time" db:"start_at"`
	EndAt       time.Time             `json:"end_time" db:"end_at"` // moves when it is ended early
	HTMLURL     *string               `json:"html_url" db:"html_url"`
}

// Table returns the table's name.
func (MaintenanceWindow) Table() string { return "pagerduty_maintenance_windows" }

func (s *source) allMaintenanceWindows(ctx context.Context, _ struct{}) iter.Seq2[page[struct{}], error] {
	query := url.Values{"filter": {"all"}}
	return records(ctx, s, "/maintenance_windows", "maintenance_windows", query, func(window MaintenanceWindow) []collectors.Row {
		var rows []collectors.Row
		for _, service := range window.Services {
			if s.includes(service) {
				window.Account, window.ServiceID = s.config.Name, service.ID
				rows = append(rows, window)
			}
		}
		return rows
	})
}
