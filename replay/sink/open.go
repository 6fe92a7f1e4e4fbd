package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Options are what all sinks have in common.
type Options struct {
	// Stdout is what "-" writes to; Stderr gets what an exec: child says.
	Stdout, Stderr io.Writer
	// Background keeps the terminal's interrupt from an exec: child: it ends when
	// its input does.
	Background bool
	// Force lets file: and smr: replace a file.
	Force bool
	// Resuming says that a checkpoint exists: file: keeps what is there, and
	// Positioner.Resume follows.
	Resuming bool
	// Security is how to prove who one is, and who the other side is.
	Security Security
	// Stream is what decides which records there are (the flags); Filters is
	// the part of it that leaves out events, as expressions. For smr:.
	Stream  string
	Filters []string
	// Recorder names the program that writes, for smr: and user agents.
	Recorder string
}

// Target is a parsed --to URL.
type Target struct {
	Scheme string
	// Rest is what stands behind "scheme:", without query and credentials.
	Rest string
	// URL is set for schemes with "//": host, path and query.
	URL *url.URL
	// Query are the parameters behind "?"; an opener must take all it finds
	// from it with Param, and what is left is an error.
	Query url.Values
}

// String returns the target as it may be shown: it never has credentials.
func (t *Target) String() string {
	if t.Scheme == "-" {
		return "-"
	}
	return t.Scheme + ":" + t.Rest
}

// Param takes the parameter out of the query; "" when it is not there.
func (t *Target) Param(name string) string {
	v := t.Query.Get(name)
	t.Query.Del(name)
	return v
}

// choice takes a parameter that has one of these values, the first of which is
// its default.
func (t *Target) choice(name string, values []string) (string, error) {
	v := t.Param(name)
	if v == "" {
		return values[0], nil
	}
	if !slices.Contains(values, v) {
		return "", usageErrorf("%s=%s: want %s", name, v, strings.Join(values, ", "))
	}
	return v, nil
}

// scheme is a kind of sink.
type scheme struct {
	name    string
	open    func(ctx context.Context, t *Target, o *Options) (Sink, error)
	example string
	does    string
	query   bool // "?name=value" are parameters, not part of the name
}

// UsageError is a wrong --to.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usageErrorf(format string, args ...any) error {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}

// Help returns a line about each scheme: an example and what it does.
func Help() string {
	var b strings.Builder
	width := 0
	for _, s := range schemes() {
		width = max(width, len(s.example))
	}
	for _, s := range schemes() {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, s.example, s.does)
	}
	return b.String()
}

// SchemeNames returns the names of all schemes.
func SchemeNames() []string {
	var names []string
	for _, s := range schemes() {
		names = append(names, s.name)
	}
	return names
}

// Parse parses a URL of a sink. Errors are *UsageError.
func Parse(text string) (*Target, error) {
	if text == "-" {
		return &Target{Scheme: "-"}, nil
	}
	name, rest, found := strings.Cut(text, ":")
	i := slices.IndexFunc(schemes(), func(s scheme) bool { return s.name == name })
	if !found || i < 0 {
		hint := "one of " + strings.Join(SchemeNames(), ", ")
		if near := schema.Nearest(name, SchemeNames()); found && near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if !found {
			hint = fmt.Sprintf("did you mean file:%s?", text)
		}
		return nil, usageErrorf("no kind of sink %q; %s", name, hint)
	}
	t := &Target{Scheme: name, Rest: rest, Query: url.Values{}}
	if !schemes()[i].query {
		return t, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		// url.Error repeats the URL, which may hold a password.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, usageErrorf("not a URL: %v", err)
	}
	if u.User != nil {
		return nil, usageErrorf("credentials do not belong on the command line, where every process can read them; use --user-file or --token-file")
	}
	if t.Query, err = url.ParseQuery(u.RawQuery); err != nil {
		return nil, usageErrorf("parameters of the URL: %v", err)
	}
	rest, _, _ = strings.Cut(rest, "?")
	t.Rest, t.URL = rest, u
	return t, nil
}

// Open opens the sink that the target names. Errors in what the user typed are
// *UsageError.
func Open(ctx context.Context, t *Target, o *Options) (Sink, error) {
	for _, s := range schemes() {
		if s.name != t.Scheme {
			continue
		}
		k, err := s.open(ctx, t, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		for name := range t.Query {
			return nil, usageErrorf("%s: unknown parameter %q", t, name)
		}
		return k, nil
	}
	return nil, usageErrorf("no kind of sink %q", t.Scheme)
}
