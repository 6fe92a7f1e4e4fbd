package sink

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
)

// otlp sends each call as a span and each other record (gaps, damages, clocks,
// coverage) as a log record to an OpenTelemetry collector, by gRPC or HTTP.
//
// The OpenTelemetry SDK's exporters are for what a process measures of itself,
// now: they take their times from spans that were started and ended, and an
// application never learns what became of a batch. So the requests are made
// here, of the protocol's own messages.
//
// Trace and span ids are made of the event id: what is sent again has the same.
type otlp struct {
	exporter otlpExporter
	event    fields.Event
	lines    *text.Printer
	recorder string
	scratch  []byte
}

// otlpExporter sends a request of one signal and returns the response, an
// encoded Export…ServiceResponse; a failure is best an *Error.
//
// The requests are TracesData and LogsData, which have the fields of
// Export…ServiceRequest: the package with those brings gRPC's gateway along.
type otlpExporter interface {
	export(ctx context.Context, s otlpSignal, request proto.Message) (response []byte, err error)
	close() error
}

type otlpSignal int

const (
	otlpTraces otlpSignal = iota
	otlpLogs
)

// openOTLP is for otlp://HOST[:PORT][/PATH].
func openOTLP(_ context.Context, t *Target, o *Options) (Sink, error) {
	if t.URL.Host == "" {
		return nil, usageErrorf("want otlp://HOST[:PORT]")
	}
	protocol, err := t.choice("protocol", []string{"grpc", "http"})
	if err != nil {
		return nil, err
	}
	useTLS, err := t.choice("tls", []string{"no", "yes"})
	if err != nil {
		return nil, err
	}
	compression, err := t.choice("compression", []string{"gzip", "none"})
	if err != nil {
		return nil, err
	}
	c := otlpConnection{host: t.URL.Host, path: strings.TrimSuffix(t.URL.Path, "/"), secure: useTLS == "yes", gzip: compression == "gzip"}
	if t.URL.Port() == "" {
		c.host = net.JoinHostPort(t.URL.Hostname(), map[string]string{"grpc": "4317", "http": "4318"}[protocol])
	}
	if c.tls, err = o.Security.TLS(t.URL.Hostname()); err != nil {
		return nil, err
	}
	if c.headers, err = otlpHeaders(o); err != nil {
		return nil, err
	}
	s := &otlp{recorder: o.Recorder}
	if s.lines, err = text.New(text.JSON, text.Options{}); err != nil {
		return nil, err
	}
	if protocol == "http" {
		s.exporter = newOTLPHTTP(c)
		return s, nil
	}
	if c.path != "" {
		return nil, usageErrorf("a path is for protocol=http; gRPC has none")
	}
	s.exporter, err = newOTLPGRPC(c)
	return s, err
}

// otlpConnection is where and how to connect.
type otlpConnection struct {
	host, path   string
	secure, gzip bool
	tls          *tls.Config
	headers      map[string]string
}

// otlpHeadersVariable is OpenTelemetry's own: NAME=VALUE,… percent-encoded. Many
// services want their key there.
const otlpHeadersVariable = "OTEL_EXPORTER_OTLP_HEADERS"

// otlpHeaders returns the headers of each request, with the credentials.
func otlpHeaders(o *Options) (map[string]string, error) {
	headers := map[string]string{"user-agent": o.Recorder}
	if list := os.Getenv(otlpHeadersVariable); list != "" {
		for pair := range strings.SplitSeq(list, ",") {
			name, value, ok := strings.Cut(pair, "=")
			value, err := url.PathUnescape(strings.TrimSpace(value))
			if !ok || err != nil {
				return nil, usageErrorf("$%s: want NAME=VALUE, with commas between", otlpHeadersVariable)
			}
			headers[strings.ToLower(strings.TrimSpace(name))] = value
		}
	}
	token, err := o.Security.Token()
	if err != nil {
		return nil, err
	}
	name, password, ok, err := o.Security.User()
	if err != nil {
		return nil, err
	}
	switch {
	case token != "":
		headers["authorization"] = "Bearer " + token
	case ok:
		headers["authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
	}
	return headers, nil
}

// otlpRecords keeps a request below the 4 MiB that a collector takes by default:
// a span is one to two KiB.
const otlpRecords = 1024

func (s *otlp) Traits() Traits { return Traits{Rows: true, MaxRecords: otlpRecords, Reconnects: true} }

func (s *otlp) Send(ctx context.Context, b *Batch, ack func(error)) {
	ack(s.send(ctx, b))
}

// send sends the logs first: they are few, and the spans are not sent again
// when the logs fail.
func (s *otlp) send(ctx context.Context, b *Batch) error {
	if request := s.logs(b); len(request.ResourceLogs) > 0 {
		if err := s.export(ctx, otlpLogs, request); err != nil {
			return err
		}
	}
	if request := s.traces(b); len(request.ResourceSpans) > 0 {
		return s.export(ctx, otlpTraces, request)
	}
	return nil
}

func (s *otlp) export(ctx context.Context, signal otlpSignal, request proto.Message) error {
	response, err := s.exporter.export(ctx, signal, request)
	if err != nil {
		return err
	}
	rejected, message, err := otlpPartialSuccess(response)
	if err != nil {
		return fmt.Errorf("the server's answer is no OTLP: %w", err)
	}
	if rejected == 0 {
		return nil
	}
	// Which records are meant is not known: package deliver halves the batch to
	// find them.
	return &Error{Err: fmt.Errorf("the server rejects %d records: %s", rejected, excerptOf(message)), AllRefused: true}
}

// otlpPartialSuccess reads the response of either signal: a partial_success (1)
// with the number of rejected records (1) and why (2).
func otlpPartialSuccess(response []byte) (rejected int64, message string, err error) {
	err = eachField(response, func(n protowire.Number, value []byte, _ uint64) error {
		if n != 1 {
			return nil
		}
		return eachField(value, func(n protowire.Number, value []byte, number uint64) error {
			switch n {
			case 1:
				rejected = int64(number)
			case 2:
				message = string(value)
			}
			return nil
		})
	})
	return rejected, message, err
}

// eachField calls fn for each field of an encoded message, with its bytes or
// its number.
func eachField(b []byte, fn func(n protowire.Number, value []byte, number uint64) error) error {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return protowire.ParseError(size)
		}
		b = b[size:]
		if size = protowire.ConsumeFieldValue(n, kind, b); size < 0 {
			return protowire.ParseError(size)
		}
		var value []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			value, _ = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			number, _ = protowire.ConsumeVarint(b)
		}
		if err := fn(n, value, number); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

func (s *otlp) Close(context.Context) error { return s.exporter.close() }
