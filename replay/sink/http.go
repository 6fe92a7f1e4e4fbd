package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// web posts each batch as the body of one request. A status of 200 to 299
// acknowledges it.
type web struct {
	client    *http.Client
	url       string
	token     string
	user      *url.Userinfo
	userAgent string
}

// openHTTP is for http://… and https://….
func openHTTP(_ context.Context, t *Target, o *Options) (Sink, error) {
	if t.URL.Host == "" {
		return nil, usageErrorf("want %s://HOST[:PORT]/PATH", t.Scheme)
	}
	// Parameters belong to the server.
	t.Query = nil
	s := &web{url: t.URL.String(), userAgent: o.Recorder}
	config, err := o.Security.TLS(t.URL.Hostname())
	if err != nil {
		return nil, err
	}
	if s.token, err = o.Security.Token(); err != nil {
		return nil, err
	}
	name, password, ok, err := o.Security.User()
	if err != nil {
		return nil, err
	}
	if ok {
		s.user = url.UserPassword(name, password)
	}
	s.client = webClient(config)
	return s, nil
}

// webClient returns a client that sends requests to one server.
func webClient(config *tls.Config) *http.Client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: responseTimeout, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // another host must not get events and credentials
	}}
}

// responseTimeout is how long a server may think about a request that it has
// read.
const responseTimeout = time.Minute

func (s *web) Traits() Traits { return Traits{Bytes: true, MaxBytes: 4 << 20, Reconnects: true} }

func (s *web) Send(ctx context.Context, b *Batch, ack func(error)) {
	if len(b.Data) == 0 {
		ack(nil) // only notices for which the format has no place
		return
	}
	ack(s.post(ctx, b))
}

func (s *web) post(ctx context.Context, b *Batch) error {
	body := b.Data
	if len(b.Header) > 0 {
		body = append(bytes.Clone(b.Header), b.Data...)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.GetBody = nil // no second attempt behind our back, which nobody would count
	r.Header.Set("Content-Type", b.ContentType)
	r.Header.Set("User-Agent", s.userAgent)
	// The same for a batch that is sent again in this run.
	r.Header.Set("Idempotency-Key", fmt.Sprintf("%s+%d", b.Records[0].ID.String(), b.Count))
	switch {
	case s.token != "":
		r.Header.Set("Authorization", "Bearer "+s.token)
	case s.user != nil:
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
	response, err := s.client.Do(r)
	if err != nil {
		return webError(ctx, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		// The status has said that the server has the batch, whatever becomes of
		// its words.
		return nil
	}
	if err != nil {
		answer = nil
	}
	return statusError(response, answer)
}

// webError says what an error of the client means for the batch.
func webError(ctx context.Context, err error) *Error {
	var wrapped *url.Error // repeats the whole URL
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		err = errors.New("the server closed the connection without an answer")
	}
	e := broken(err, ctx)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		e.Hint = "the server does not answer in time"
	}
	return e
}

// statusError says what a status means for the batch.
func statusError(r *http.Response, answer []byte) *Error {
	e := &Error{Err: fmt.Errorf("the server answers %s%s", r.Status, excerpt(answer))}
	switch code := r.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500 && code != http.StatusNotImplemented:
		e.Temporary = true
		if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && n > 0 {
			e.After = time.Duration(min(n, 3600)) * time.Second
		}
	case code == http.StatusRequestEntityTooLarge, code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		e.AllRefused = true
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		e.Hint = "give credentials with --token-file or --user-file, or $" + tokenVariable + " or $" + userVariable
	case code == http.StatusNotFound, code == http.StatusMethodNotAllowed:
		e.Hint = "check the path of the URL; it must take POST"
	case code == http.StatusUnsupportedMediaType:
		e.Hint = "the server does not take " + r.Request.Header.Get("Content-Type") + "; see --format"
	case code >= 300 && code < 400:
		e.Hint = "redirects are not followed; send to " + excerptOf(r.Header.Get("Location"))
	}
	return e
}

// excerpt returns the start of what a server says, fit for a terminal.
func excerpt(answer []byte) string {
	text := excerptOf(string(answer))
	if text == "" {
		return ""
	}
	return ": " + text
}

func excerptOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return string(schema.AppendEscaped(nil, []byte(text), ``))
}

func (s *web) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}
