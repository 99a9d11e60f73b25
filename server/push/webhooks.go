package push

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"dorado/collectors"
	"dorado/collectors/landing"
)

// github takes a webhook of GitHub. The signature is that of the body alone: the
// delivery's id, by which one that is sent again is known, is not signed. So the
// body is remembered too.
func (p *pusher) github(r *http.Request, body []byte) (answer, error) {
	if p.GitHub == nil || len(p.Secrets.GitHub) == 0 {
		return answer{}, refuse(http.StatusNotFound, "webhooks of GitHub are not configured: server.webhooks.github names no secret, or github no repository")
	}
	given, hasKind := strings.CutPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256=")
	if !hasKind || !isSigned(body, []string{given}, p.Secrets.GitHub) {
		return answer{}, refuse(http.StatusUnauthorized, "X-Hub-Signature-256 is not that of the body with the configured secret")
	}
	event, delivery := r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery")
	if event == "" || delivery == "" || len(delivery) > 200 {
		return answer{}, refuse(http.StatusBadRequest, "X-GitHub-Event and X-GitHub-Delivery say what this is")
	}
	if _, err := mediaType(r, "application/json"); err != nil {
		return answer{}, err
	}
	if err := isText(body); err != nil {
		return answer{}, err
	}
	isWanted, err := p.GitHub.Wants(event, body)
	if err != nil {
		return answer{}, refuse(http.StatusBadRequest, "%s", err)
	}
	if !isWanted {
		return accepted(Ignored), nil
	}
	content := sha256.Sum256(append([]byte(event+"\n"), body...))
	return p.land(
		collectors.Event{Source: "github", Kind: event, ID: delivery, Body: body},
		landing.Key{Name: "github delivery " + delivery, Content: content},
		landing.Key{Name: fmt.Sprintf("github body %x", content), Content: content},
	)
}

// pagerDuty takes a webhook of PagerDuty. Its header may have several signatures,
// while one secret replaces another.
func (p *pusher) pagerDuty(r *http.Request, body []byte) (answer, error) {
	if len(p.Secrets.PagerDuty) == 0 {
		return answer{}, refuse(http.StatusNotFound, "webhooks of PagerDuty are not configured: server.webhooks.pagerduty names no secret")
	}
	var signatures []string
	for _, one := range strings.Split(r.Header.Get("X-PagerDuty-Signature"), ",") {
		if signature, isFirst := strings.CutPrefix(strings.TrimSpace(one), "v1="); isFirst && len(signatures) < 10 {
			signatures = append(signatures, signature)
		}
	}
	account, isKnown := "", false
	for _, one := range p.Secrets.PagerDuty {
		if isSigned(body, signatures, [][]byte{one.Secret}) {
			account, isKnown = one.Account, true
		}
	}
	receiver := p.PagerDuty[account]
	if !isKnown || receiver == nil {
		return answer{}, refuse(http.StatusUnauthorized, "no X-PagerDuty-Signature is that of the body with a configured secret")
	}
	if _, err := mediaType(r, "application/json"); err != nil {
		return answer{}, err
	}
	if err := isText(body); err != nil {
		return answer{}, err
	}
	id, isWanted, err := receiver.Wants(body)
	if err != nil {
		return answer{}, refuse(http.StatusBadRequest, "%s", err)
	}
	if !isWanted {
		return accepted(Ignored), nil
	}
	return p.land(
		collectors.Event{Source: "pagerduty", Account: account, Kind: "event", ID: id, Body: body},
		landing.Key{Name: "pagerduty " + account + " " + id, Content: sha256.Sum256(body)},
	)
}

// land keeps an event.
func (p *pusher) land(event collectors.Event, keys ...landing.Key) (answer, error) {
	event.ReceivedAt = p.Now().UTC()
	isKnown, err := p.Landing.Append(event, keys...)
	if err != nil {
		return answer{}, asRefusal(err)
	}
	if isKnown {
		return accepted(Known), nil
	}
	return accepted(Taken), nil
}

// isSigned reports whether one of the signatures, in hexadecimal, is that of the
// body with one of the secrets. How long it takes tells nothing of where they
// differ.
func isSigned(body []byte, signatures []string, secrets [][]byte) bool {
	isRight := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range signatures {
			given, err := hex.DecodeString(signature)
			if hmac.Equal(given, want) && err == nil && len(secret) > 0 {
				isRight = true
			}
		}
	}
	return isRight
}
