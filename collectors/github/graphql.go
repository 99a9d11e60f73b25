package github

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dorado/collectors"
	"dorado/collectors/transport"
)

// graphQL is a server's GraphQL API. Its queries ask for as much as it answers:
// after an answer that was too much for the server they ask for half, and for
// more again when all goes well.
type graphQL struct {
	client  *http.Client
	address string
	usage   *Usage
	pause   time.Duration // after the first failure of a query; doubled after each more

	clock  *serverClock
	shrink int // how often what is asked for was halved
	well   int // how many queries went well since
}

// newGraphQL returns the GraphQL API that goes with a REST API: api.github.com has
// it at /graphql, a GitHub Enterprise Server with /api/v3 at /api/graphql.
func newGraphQL(base *url.URL, client *http.Client, usage *Usage, clock *serverClock, pause time.Duration) *graphQL {
	address := *base
	address.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), "/v3") + "/graphql"
	return &graphQL{client: client, address: address.String(), usage: usage, clock: clock, pause: cmp.Or(pause, transport.DefaultPause)}
}

const (
	// maxShrink is how often at most what is asked for is halved: 100 items
	// become 3.
	maxShrink = 5
	// growsAfter is after how many queries that went well more is asked for.
	growsAfter = 10
	// maxQueryFailures is how often in a row a query fails before that counts.
	maxQueryFailures = 8
)

// A queryError is what GraphQL says went wrong with a query or a part of it.
type queryError struct {
	Type    string `json:"type"` // NOT_FOUND, FORBIDDEN, …; "" for some
	Message string `json:"message"`
	Path    []any  `json:"path"` // the part it is about; it begins with an alias
}

// Error says what went wrong.
func (e *queryError) Error() string { return strings.TrimSpace(e.Type + " " + e.Message) }

// isOf reports whether the error is about the part of the answer that path names.
func (e *queryError) isOf(path ...any) bool {
	if len(e.Path) < len(path) {
		return false
	}
	for i, part := range path {
		if fmt.Sprint(e.Path[i]) != fmt.Sprint(part) {
			return false
		}
	}
	return true
}

// A refusal is an answer that is none of GraphQL's.
type refusal struct {
	status int
	text   string
}

// Error says what was answered.
func (e *refusal) Error() string {
	return fmt.Sprintf("GraphQL was answered with %d %s", e.status, e.text)
}

// errTooMuch says that the server could not answer so much.
var errTooMuch = errors.New("more than the server can answer at once")

// A queryAnswer is the answer to a query.
type queryAnswer struct {
	Data   map[string]json.RawMessage `json:"data"`
	Errors []*queryError              `json:"errors"`
}

// answerWishes takes from the queue what one query can ask for, sends it and lets
// the wishes have their answers. It returns them and what is left of the queue.
func (g *graphQL) answerWishes(ctx context.Context, queue []*wish) (answered, rest []*wish, err error) {
	for failures := 0; ; {
		pack, rest := takePack(queue, g.shrink)
		query := newQuery(pack, g.shrink)
		answer, err := g.send(ctx, query.text())
		if err == nil {
			g.wentWell()
			query.deliver(answer)
			return pack, rest, nil
		}
		var refused *refusal
		failures++
		if ctx.Err() != nil || errors.Is(err, collectors.ErrSpent) || errors.Is(err, transport.ErrUnreachable) || errors.As(err, &refused) && refused.status < http.StatusInternalServerError || failures == maxQueryFailures {
			return nil, nil, err
		}
		if errors.Is(err, errTooMuch) {
			g.shrink, g.well = min(g.shrink+1, maxShrink), 0
		}
		g.usage.Retried.Add(1)
		select {
		case <-time.After(g.pause << failures):
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// wentWell notes that a query was answered.
func (g *graphQL) wentWell() {
	if g.well++; g.well == growsAfter {
		g.shrink, g.well = max(g.shrink-1, 0), 0
	}
}

// send sends a query once; only rate limits are waited for. An answer that lacks
// parts, with the errors that say why, is no error.
func (g *graphQL) send(ctx context.Context, query string) (*queryAnswer, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(transport.Once(ctx), http.MethodPost, g.address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "dorado")
	g.usage.Queries.Add(1)
	response, err := g.client.Do(request)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %w", errTooMuch, err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read whole
	switch response.StatusCode {
	case http.StatusOK:
		g.clock.note(response.Header)
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return nil, fmt.Errorf("%w: %w", errTooMuch, &refusal{response.StatusCode, http.StatusText(response.StatusCode)})
	default:
		return nil, newRefusal(response)
	}
	var answer queryAnswer
	if err := json.Unmarshal(transport.Body(response), &answer); err != nil {
		return nil, fmt.Errorf("read the answer of GraphQL: %w", err)
	}
	var usage struct{ Cost int64 }
	if text := answer.Data["rateLimit"]; text != nil {
		if err := json.Unmarshal(text, &usage); err != nil {
			return nil, fmt.Errorf("read the cost of a query: %w", err)
		}
	}
	g.usage.Points.Add(usage.Cost)
	for _, failed := range answer.Errors {
		isTimeout := strings.HasPrefix(failed.Message, "Something went wrong while executing your query")
		if failed.Type == "MAX_NODE_LIMIT_EXCEEDED" || failed.Type == "RESOURCE_LIMITS_EXCEEDED" || isTimeout {
			return nil, fmt.Errorf("%w: %w", errTooMuch, failed)
		}
		if len(failed.Path) == 0 || len(answer.Data) == 0 {
			// What is wrong with the whole query stays wrong.
			return nil, &refusal{http.StatusUnprocessableEntity, failed.Error()}
		}
	}
	return &answer, nil
}

// newRefusal returns an answer that is none of GraphQL's as an error.
func newRefusal(response *http.Response) *refusal {
	var said struct{ Message string }
	text := http.StatusText(response.StatusCode)
	if json.Unmarshal(transport.Body(response), &said) == nil && said.Message != "" {
		text = said.Message
	}
	return &refusal{response.StatusCode, text}
}
