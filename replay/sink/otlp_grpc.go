package sink

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// otlpGRPC exports by gRPC.
type otlpGRPC struct {
	conn     *grpc.ClientConn
	headers  metadata.MD
	lastDial atomic.Pointer[error]
}

var otlpMethods = map[otlpSignal]string{
	otlpTraces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	otlpLogs:   "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}

func newOTLPGRPC(c otlpConnection) (*otlpGRPC, error) {
	x := &otlpGRPC{headers: metadata.MD{}}
	agent := c.headers["user-agent"]
	for name, value := range c.headers {
		if name != "user-agent" {
			x.headers.Set(name, value)
		}
	}
	config := c.tls.Clone()
	config.NextProtos = []string{"h2"}
	// TLS is made here and not by grpc, whose errors have no more than words.
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if c.secure {
			conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", c.host)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.host)
		}
		x.lastDial.Store(&err)
		return conn, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(dial), grpc.WithUserAgent(agent),
		grpc.WithDisableServiceConfig(),
		// Package deliver decides when to try again.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 10 * time.Second,
			Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 500 * time.Millisecond}}),
	}
	if c.gzip {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	var err error
	x.conn, err = grpc.NewClient("passthrough:///"+c.host, options...)
	return x, err
}

func (x *otlpGRPC) export(ctx context.Context, s otlpSignal, request proto.Message) ([]byte, error) {
	call, cancel := context.WithTimeout(metadata.NewOutgoingContext(ctx, x.headers), responseTimeout)
	defer cancel()
	response := &emptypb.Empty{} // all fields are unknown to it
	err := x.conn.Invoke(call, otlpMethods[s], request, response)
	if err == nil {
		return response.ProtoReflect().GetUnknown(), nil
	}
	if ctx.Err() != nil {
		return nil, &Error{Err: context.Cause(ctx)}
	}
	if last := x.lastDial.Load(); last != nil && *last != nil {
		return nil, broken(*last, ctx)
	}
	return nil, grpcError(err)
}

// grpcError says what a status means for the batch, by the OTLP specification.
func grpcError(err error) *Error {
	st := status.Convert(err)
	e := &Error{Err: fmt.Errorf("the server answers %s: %s", st.Code(), excerptOf(st.Message()))}
	for _, detail := range st.Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			e.Temporary, e.After = true, retry.GetRetryDelay().AsDuration()
		}
	}
	switch st.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		e.Temporary = true
		if st.Code() == codes.DeadlineExceeded {
			e.Hint = "the server does not answer in time"
		}
	case codes.InvalidArgument, codes.Internal:
		// Internal is what a collector makes of a permanent error of an exporter.
		e.AllRefused = true
	case codes.ResourceExhausted:
		// With RetryInfo it is too much now, without it is too large.
		e.AllRefused = !e.Temporary
	case codes.Unauthenticated, codes.PermissionDenied:
		e.Hint = "give credentials with --token-file or --user-file, or $" + tokenVariable + ", $" + userVariable + " or $" + otlpHeadersVariable
	case codes.Unimplemented:
		e.Hint = "the collector needs a pipeline for traces and one for logs, with the OTLP receiver"
	}
	return e
}

func (x *otlpGRPC) close() error { return x.conn.Close() }
