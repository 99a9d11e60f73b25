package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dorado/server/page"
	"dorado/server/wire"
	"dorado/warehouse"
)

// tokenCookie holds the token of somebody who has logged in with a browser. Scripts
// cannot read it, other sites' requests do not carry it, and only pages look at it, so
// that no page of another site can ask the API in somebody's name. It ends with the
// browser's session.
const tokenCookie = "dorado_token"

// pages returns the handler of the pages for people, who need the scope metrics.
func (s *Server) pages() http.Handler {
	s.shown = page.New(page.Options{
		Acquire:   s.acquireForPage,
		Problems:  s.problems,
		CanLogOut: func(r *http.Request) bool { return cookieToken(r) != "" },
		Version:   s.options.Version,
		Logger:    s.logger,
		Now:       s.options.Now,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			s.shown.ServeHTTP(w, r)
			return
		}
		known := requestOf(r)
		var err error
		known.caller, err = s.access.caller(withCookie(r))
		if err == nil && known.caller.may(wire.ScopeMetrics) {
			ctx, cancel := context.WithTimeout(r.Context(), seconds(s.config.Limits.Seconds))
			defer cancel()
			s.shown.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		if cookieToken(r) != "" {
			setToken(w, r, "") // it is not valid any more
		}
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	})
}

// acquireForPage returns the snapshot for one page.
func (s *Server) acquireForPage(ctx context.Context) (page.Shown, func(), error) {
	held, err := s.holders[""].acquire()
	if errors.Is(err, errNoSnapshot) {
		return page.Shown{}, nil, warehouse.ErrNoSnapshot
	}
	if err != nil {
		return page.Shown{}, nil, err
	}
	leave, err := s.asking.enter(ctx)
	if err != nil {
		held.release()
		return page.Shown{}, nil, fmt.Errorf("%w: %w", page.ErrBusy, err)
	}
	return held.shown(), func() { leave(); held.release() }, nil
}

// logIn takes the token of somebody's browser into a cookie.
func (s *Server) logIn(w http.ResponseWriter, r *http.Request) error {
	next := localAddress(r.FormValue("next"))
	if r.Method != http.MethodPost {
		return page.WriteLogin(w, http.StatusOK, s.options.Version, next, "")
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return newProblem(http.StatusForbidden, wire.ProblemBlank, "the form was sent by another site")
	}
	token := strings.TrimSpace(r.PostFormValue("token"))
	asked := r.Clone(r.Context())
	asked.Header.Set("Authorization", "Bearer "+token)
	caller, err := s.access.caller(asked)
	var told *problem
	switch {
	case errors.As(err, &told) && told.Status == http.StatusTooManyRequests:
		return page.WriteLogin(w, told.Status, s.options.Version, next, "Too many tokens were wrong. Wait a minute.")
	case err != nil:
		return page.WriteLogin(w, http.StatusUnauthorized, s.options.Version, next, "This token is not valid.")
	case !caller.may(wire.ScopeMetrics):
		return page.WriteLogin(w, http.StatusForbidden, s.options.Version, next, "This token has not the scope metrics.")
	}
	requestOf(r).caller = caller
	setToken(w, r, token)
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// logOut forgets the token of somebody's browser.
func (s *Server) logOut(w http.ResponseWriter, r *http.Request) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return newProblem(http.StatusForbidden, wire.ProblemBlank, "the form was sent by another site")
	}
	setToken(w, r, "")
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

// withCookie returns r with the token of its cookie as the header of a program.
func withCookie(r *http.Request) *http.Request {
	token := cookieToken(r)
	if token == "" || r.Header.Get("Authorization") != "" {
		return r
	}
	asked := r.Clone(r.Context())
	asked.Header.Set("Authorization", "Bearer "+token)
	return asked
}

// cookieToken returns the token in the cookie of r, "" where there is none.
func cookieToken(r *http.Request) string {
	cookie, err := r.Cookie(tokenCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setToken sets the cookie, or removes it where the token is "".
func setToken(w http.ResponseWriter, r *http.Request, token string) {
	cookie := http.Cookie{Name: tokenCookie, Value: token, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode}
	if token == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, &cookie)
}

// localAddress returns the address where it is a path of ours, else that of the
// overview: nobody is sent elsewhere.
func localAddress(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.IsAbs() || parsed.Host != "" || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\r\n") {
		return "/"
	}
	return address
}
