package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"dorado/server/wire"
	"dorado/warehouse"
)

// staleAfter is how old a snapshot may be before it is told: a nightly job that failed
// once is not, as in the default of the check that no collector lags. Nothing in a
// snapshot can say that no other came after it.
const staleAfter = 36 * time.Hour

// answerFreshness says how old and how good the data is. It is not kept: why a newer
// snapshot is not served can change without the snapshot.
func (s *Server) answerFreshness(w http.ResponseWriter, r *http.Request) error {
	held, err := s.hold(r, "")
	if err != nil {
		return err
	}
	defer held.release()
	fresh := wire.Freshness{Snapshot: held.Number, AsOf: held.asOf.UTC(), PublishedAt: &held.PublishedAt, State: wire.StateOK,
		Reasons: []string{}, Collectors: []wire.CollectorFreshness{}, Checks: []wire.HeldCheck{}}
	if age := s.options.Now().Sub(held.asOf); age > staleAfter {
		fresh.State = wire.StateWarning
		fresh.Reasons = append(fresh.Reasons, fmt.Sprintf("the data is %.0f hours old", age.Hours()))
	}
	if err := s.addCollectors(r, held, &fresh); err != nil {
		return ours(err)
	}
	if err := s.addChecks(r, held, &fresh); err != nil {
		return ours(err)
	}
	if reasons := s.problems(); len(reasons) > 0 {
		fresh.State = wire.StateError
		fresh.Reasons = append(reasons, fresh.Reasons...)
	}
	w.Header().Set(wire.HeaderSnapshot, held.Number)
	return s.answerJSON(w, r, fresh)
}

// problems says why the snapshot that is served is not the one it should be.
func (s *Server) problems() []string {
	reasons, _ := s.holders[""].state()
	last, err := warehouse.LastBuild(s.options.Warehouse)
	if err != nil {
		reasons = append(reasons, err.Error())
	}
	if last != nil && !last.IsPublished {
		reasons = append(reasons, fmt.Sprintf("the newest build failed at %s: %s", last.FinishedAt.Format(time.RFC3339), last.Problem))
	}
	return reasons
}

// addCollectors adds how far collectors are behind their sources.
func (s *Server) addCollectors(r *http.Request, held *held, fresh *wire.Freshness) error {
	_, err := eachRow(r.Context(), held.metrics, `
		select collector, coalesce(last_error, 'ok'), last_succeeded_at, newest_record_at, cast(lag_seconds as double)
		from marts.freshness order by collector`, nil,
		func(scan func(...any) error) error {
			var one wire.CollectorFreshness
			if err := scan(&one.Collector, &one.Status, &one.SucceededAt, &one.NewestRecordAt, &one.LagSeconds); err != nil {
				return err
			}
			if *one.Status != "ok" {
				fresh.State = wire.StateWarning
				fresh.Reasons = append(fresh.Reasons, fmt.Sprintf("the last run of %s failed: %s", one.Collector, *one.Status))
			}
			fresh.Collectors = append(fresh.Collectors, one)
			return nil
		})
	return err
}

// addChecks adds the checks that do not hold.
func (s *Server) addChecks(r *http.Request, held *held, fresh *wire.Freshness) error {
	_, err := eachRow(r.Context(), held.metrics, `
		select check_name, severity, offending_rows, claim from marts.checks where not is_held order by check_name`, nil,
		func(scan func(...any) error) error {
			var one wire.HeldCheck
			claim := ""
			if err := scan(&one.Check, &one.Severity, &one.Rows, &claim); err != nil {
				return err
			}
			fresh.State = wire.StateWarning
			fresh.Reasons = append(fresh.Reasons, fmt.Sprintf("%d rows speak against: %s", one.Rows, claim))
			fresh.Checks = append(fresh.Checks, one)
			return nil
		})
	return err
}

// answerSnapshots lists the snapshots that are kept.
func (s *Server) answerSnapshots(w http.ResponseWriter, r *http.Request) error {
	kept, err := warehouse.List(s.options.Warehouse)
	if err != nil {
		return err
	}
	_, refused := s.holders[""].state()
	held, err := s.holders[""].acquire()
	if err == nil {
		defer held.release()
	}
	listed := []wire.Snapshot{}
	for _, one := range kept {
		made := wire.Snapshot{Number: one.Number, Bytes: one.Bytes, PublishedAt: one.PublishedAt}
		if held != nil && held.Path == one.Path {
			asOf := held.asOf.UTC()
			made.AsOf, made.DefinitionsHash, made.IsCurrent = &asOf, &held.definitionsHash, true
		}
		if why, isRefused := refused[one.Path]; isRefused {
			made.Problem = &why
		}
		listed = append(listed, made)
	}
	return s.answerJSON(w, r, listed)
}

// answerCaller says who asks.
func (s *Server) answerCaller(w http.ResponseWriter, r *http.Request) error {
	asks := requestOf(r).caller
	answer := wire.Caller{Name: asks.name, Scopes: append([]string{}, asks.scopes...), Version: s.options.Version, EngineVersion: s.engine,
		Limits: wire.Limits{Rows: int64(s.config.Limits.Rows), Seconds: s.config.Limits.Seconds}}
	held, err := s.holders[""].acquire()
	if err == nil {
		defer held.release()
		asOf := held.asOf.UTC()
		answer.Snapshot, answer.AsOf = &held.Number, &asOf
	}
	return s.answerJSON(w, r, answer)
}

// answerHealth answers where the process does.
func (s *Server) answerHealth(w http.ResponseWriter, _ *http.Request) error {
	return answerText(w, "ok\n")
}

// answerReady answers where there is something to serve.
func (s *Server) answerReady(w http.ResponseWriter, r *http.Request) error {
	held, err := s.hold(r, "")
	if err != nil {
		return err
	}
	held.release()
	return answerText(w, "ok\n")
}

func answerText(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", wire.MediaText)
	if _, err := w.Write([]byte(text)); err != nil {
		return errors.Join(errCutOff, err)
	}
	return nil
}
