package push

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"dorado/collectors"
	"dorado/collectors/ingested"
	"dorado/collectors/landing"
	"dorado/server/wire"
)

// Media types of CloudEvents.
const (
	mediaCloudEvent  = "application/cloudevents+json"
	mediaCloudEvents = "application/cloudevents-batch+json"
)

// mostProblems is how many bad records an answer lists.
const mostProblems = 1000

// ingest takes records, or CDEvents. The bad ones are listed, the others kept.
func (p *pusher) ingest(r *http.Request, body []byte) (answer, error) {
	kind := r.PathValue("kind")
	schema := ingested.Kinds[kind]
	if schema == nil && kind != ingested.KindCDEvents {
		return answer{}, refuse(http.StatusNotFound, "%q cannot be ingested: it is one of deployments, changes, incidents, sli, cdevents", kind)
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 200 {
		return answer{}, refuse(http.StatusBadRequest, "Idempotency-Key: it has more than 200 characters")
	}
	if err := isText(body); err != nil {
		return answer{}, err
	}
	var found checked
	var err error
	if schema == nil {
		found, err = checkCDEvents(r, body)
	} else {
		found, err = checkRecords(r, body, schema)
	}
	if err != nil {
		return answer{}, err
	}
	result := wire.Ingested{Taken: len(found.records), Problems: found.problems}
	outcome := Taken
	if len(found.records) > 0 {
		var keys []landing.Key
		if key != "" {
			content := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", kind, r.Header.Get("Content-Type"), body))
			keys = append(keys, landing.Key{Name: strings.Join([]string{"ingest", p.Caller(r), kind, key}, "\n"), Content: content})
		}
		list, err := json.Marshal(found.records)
		if err != nil {
			return answer{}, fmt.Errorf("write the records: %w", err)
		}
		event := collectors.Event{Source: ingested.Source, Kind: kind, ID: key, ReceivedAt: p.Now().UTC(), Body: list}
		if result.WasTakenBefore, err = p.Landing.Append(event, keys...); err != nil {
			return answer{}, asRefusal(err)
		}
		if result.WasTakenBefore {
			outcome = Known
		}
	}
	status := http.StatusOK
	if len(result.Problems) > 0 {
		status = http.StatusMultiStatus
	} else {
		result.Problems = []wire.IngestProblem{}
	}
	return answer{status, outcome, result}, nil
}

// asRefusal says whose mistake it is where something cannot land.
func asRefusal(err error) error {
	if errors.Is(err, landing.ErrOtherContent) {
		return refuse(http.StatusUnprocessableEntity, "something else has been sent under this key before: give each request a key of its own")
	}
	return err
}

// checked is what a body holds.
type checked struct {
	records  []any // the good ones, to be written as JSON
	problems []wire.IngestProblem
	more     int // problems that are not listed
}

// bad notes what is wrong with the record that begins in a line.
func (c *checked) bad(line int, err error) {
	if len(c.problems) < mostProblems {
		c.problems = append(c.problems, wire.IngestProblem{Line: line, Text: err.Error()})
		return
	}
	c.more++
	last := &c.problems[mostProblems-1]
	if c.more == 1 {
		c.more++ // this one makes place for the line that counts them
	}
	last.Line, last.Text = line, fmt.Sprintf("and %d more bad records up to here", c.more)
}

// checkRecords reads records as dorado ingest does.
func checkRecords(r *http.Request, body []byte, schema *ingested.Schema) (found checked, err error) {
	kind, err := mediaType(r, wire.MediaNDJSON, wire.MediaJSON, wire.MediaCSV)
	if err != nil {
		return found, err
	}
	var records iter.Seq2[ingested.Record, error]
	switch kind {
	case wire.MediaNDJSON:
		records = ingested.NDJSON(bytes.NewReader(body))
	case wire.MediaCSV:
		records = ingested.CSV(bytes.NewReader(body), schema)
	default:
		records = ingested.JSON(body)
	}
	for record, err := range records {
		if err != nil {
			return found, refuse(http.StatusBadRequest, "%s", err)
		}
		wrong := record.Err
		if wrong == nil {
			_, wrong = schema.Row(record.Values)
		}
		if wrong != nil {
			found.bad(record.Line, wrong)
			continue
		}
		found.records = append(found.records, record.Values)
	}
	return found, nil
}

// checkCDEvents reads CDEvents: as CloudEvents, structured or with headers, one or a
// list, or bare.
func checkCDEvents(r *http.Request, body []byte) (found checked, err error) {
	kind, err := mediaType(r, mediaCloudEvent, mediaCloudEvents, wire.MediaJSON)
	if err != nil {
		return found, err
	}
	if version := r.Header.Get("Ce-Specversion"); version != "" && version != "1.0" {
		return found, refuse(http.StatusBadRequest, "Ce-Specversion: CloudEvents 1.0 is read, not %s", version)
	}
	events := []json.RawMessage{body}
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("[")) {
		if err := json.Unmarshal(trimmed, &events); err != nil {
			return found, refuse(http.StatusBadRequest, "wants a list of events: %s", err)
		}
	}
	for i, event := range events {
		if kind != wire.MediaJSON {
			if event, err = dataOf(event); err != nil {
				found.bad(i+1, err)
				continue
			}
		}
		_, isRead, err := ingested.ReadCDEvent(event)
		if err == nil {
			err = isText(event) // data_base64 may be anything
		}
		switch {
		case err != nil:
			found.bad(i+1, err)
		case isRead:
			found.records = append(found.records, event)
		}
	}
	return found, nil
}

// dataOf returns what a structured CloudEvent holds.
func dataOf(event []byte) (json.RawMessage, error) {
	var envelope struct {
		Version string          `json:"specversion"`
		Data    json.RawMessage `json:"data"`
		Base64  []byte          `json:"data_base64"`
	}
	if err := json.Unmarshal(event, &envelope); err != nil {
		return nil, fmt.Errorf("not a CloudEvent: %w", err)
	}
	if envelope.Version != "1.0" {
		return nil, fmt.Errorf("specversion: CloudEvents 1.0 is read, not %q", envelope.Version)
	}
	if len(envelope.Base64) > 0 {
		return envelope.Base64, nil
	}
	if len(envelope.Data) == 0 {
		return nil, errors.New("data: it is missing")
	}
	return envelope.Data, nil
}
