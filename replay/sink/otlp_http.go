package sink

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/protobuf/proto"
)

// otlpHTTP exports by HTTP, with binary protobuf.
type otlpHTTP struct {
	client  *http.Client
	urls    map[otlpSignal]string
	headers map[string]string
	zip     *gzip.Writer // nil: none
	body    bytes.Buffer
}

func newOTLPHTTP(c otlpConnection) *otlpHTTP {
	scheme := "http"
	if c.secure {
		scheme = "https"
	}
	base := scheme + "://" + c.host + c.path
	x := &otlpHTTP{client: webClient(c.tls), headers: c.headers,
		urls: map[otlpSignal]string{otlpTraces: base + "/v1/traces", otlpLogs: base + "/v1/logs"}}
	if c.gzip {
		x.zip = gzip.NewWriter(nil)
	}
	return x
}

func (x *otlpHTTP) export(ctx context.Context, s otlpSignal, request proto.Message) ([]byte, error) {
	message, err := proto.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode OTLP: %w", err)
	}
	if x.zip != nil {
		x.body.Reset()
		x.zip.Reset(&x.body)
		if _, err := x.zip.Write(message); err != nil {
			return nil, err
		}
		if err := x.zip.Close(); err != nil {
			return nil, err
		}
		message = x.body.Bytes()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, x.urls[s], bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	for name, value := range x.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if x.zip != nil {
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := x.client.Do(r)
	if err != nil {
		return nil, webError(ctx, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode < 200 || answer.StatusCode >= 300 {
		e := statusError(answer, body)
		if answer.StatusCode == http.StatusInternalServerError {
			// By OTLP's specification this one does not go away.
			e.Temporary, e.AllRefused = false, true
		}
		return nil, e
	}
	if err != nil {
		return nil, webError(ctx, err)
	}
	return body, nil
}

func (x *otlpHTTP) close() error {
	x.client.CloseIdleConnections()
	return nil
}
