// Command otlp is the receiver of an OpenTelemetry collector, by its own
// library, for the tests of the OTLP sink: it prints what it receives as lines
// of OTLP's JSON on standard output. It is a module of its own, whose weight the
// project does not carry.
//
// -fail N answers every third of the first 3 N requests with a failure that may be
// tried again, -refuse NAME for good those that hold a span with that
// sendmsgrec.id. The first line on standard output is the addresses of gRPC and
// HTTP.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// output prints lines and fails as it is told.
type output struct {
	mu       sync.Mutex
	w        *bufio.Writer
	requests int
	fail     int
	refuse   string
}

func (o *output) take(line []byte, err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		return err
	}
	o.requests++
	if o.requests%3 == 1 && o.requests <= 3*o.fail {
		return errors.New("the exporter behind is away")
	}
	if o.refuse != "" && strings.Contains(string(line), `"`+o.refuse+`"`) {
		return consumererror.NewPermanent(errors.New("a span that nobody wants"))
	}
	_, _ = o.w.Write(append(line, '\n'))
	return o.w.Flush()
}

func run() error {
	o := &output{w: bufio.NewWriter(os.Stdout)}
	flag.IntVar(&o.fail, "fail", 0, "")
	flag.StringVar(&o.refuse, "refuse", "", "")
	certificate, key := flag.String("certificate", "", ""), flag.String("key", "", "")
	flag.Parse()

	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	grpc, http := config.Protocols.GRPC.GetOrInsertDefault(), config.Protocols.HTTP.GetOrInsertDefault()
	var err error
	if grpc.NetAddr.Endpoint, err = freeAddress(); err != nil {
		return err
	}
	if http.ServerConfig.NetAddr.Endpoint, err = freeAddress(); err != nil {
		return err
	}
	if *certificate != "" {
		tls := configoptional.Some(configtls.ServerConfig{Config: configtls.Config{CertFile: *certificate, KeyFile: *key}})
		grpc.TLS, http.ServerConfig.TLS = tls, tls
	}
	spans, err := consumer.NewTraces(func(_ context.Context, t ptrace.Traces) error {
		return o.take((&ptrace.JSONMarshaler{}).MarshalTraces(t))
	})
	if err != nil {
		return err
	}
	logs, err := consumer.NewLogs(func(_ context.Context, l plog.Logs) error {
		return o.take((&plog.JSONMarshaler{}).MarshalLogs(l))
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	settings := receivertest.NewNopSettings(factory.Type())
	t, err := factory.CreateTraces(ctx, settings, config, spans)
	if err != nil {
		return err
	}
	l, err := factory.CreateLogs(ctx, settings, config, logs)
	if err != nil {
		return err
	}
	host := componenttest.NewNopHost()
	if err := t.Start(ctx, host); err != nil {
		return err
	}
	if err := l.Start(ctx, host); err != nil {
		return err
	}
	fmt.Println(grpc.NetAddr.Endpoint, http.ServerConfig.NetAddr.Endpoint)
	select {} // until it is killed
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
