// Package pagerduty collects services, incidents with all that happened to them,
// change events, maintenance windows and analytics from PagerDuty's REST API, of
// any number of accounts. What the records mean is left to the models.
//
// go-pagerduty sends the requests and reads the errors. The answers are decoded
// here, from their bodies: the library fails on a page of log entries where one
// value of event_details is not a string, panics where a channel's type is null,
// turns a mean that is null into 0, and has no method for change events.
//
// How each collector's cursor moves, and what it asks for when nothing is new:
//
//	pagerduty_services, teams, escalation_policies, priorities, users, business_services,
//	service_dependencies
//	                              none; the whole list. One that is deleted stays.
//	pagerduty_maintenance_windows none; the whole list.
//	pagerduty_incidents           the time until which all are stored, and the incidents that are watched:
//	                              those that are open, and those resolved in the last 14 days, which may
//	                              still be merged or reopened.
//	pagerduty_log_entries, notes, change_events, related_change_events
//	                              the time until which all are stored; from shortly before it on.
//	pagerduty_analytics_incidents the time of the last update that is stored.
//	pagerduty_analytics_services  the month until which all are stored; from three months before it on.
//
// Webhooks bring hints (push.go): the incidents that they are about are read by
// pagerduty_incidents in the next run, whatever else that reads.
//
// For 500 services and 2,000 incidents a month that is about 240 requests a night,
// 133 of them for related change events, where 89 are the least possible; PagerDuty
// allows 960 a minute. (make bench counts them.)
//
// A list reaches back 6 months and 10,000 records at most, so that it is read in
// windows of time that are halved until they hold less: see windows.go. A feature
// that the account's plan does not have is read as empty.
package pagerduty
