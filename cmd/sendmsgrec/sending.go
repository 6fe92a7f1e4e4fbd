package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/encode"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
)

// sendOptions is what the flags of replay and record say about a sink.
type sendOptions struct {
	To         string
	Format     string
	Fields     []string
	IDs        bool
	Batch      int
	Attempts   int
	MaxWait    time.Duration
	DeadLetter string
	Security   sink.Security
}

// addFlags adds the flags. How often and how soon a batch is tried again by
// default is the caller's.
func (o *sendOptions) addFlags(f *pflag.FlagSet, attempts int, maxWait time.Duration) {
	f.StringVar(&o.To, "to", "", "where to send the events")
	f.StringVar(&o.Format, "format", "", "how records are written: "+strings.Join(encode.Formats(), ", ")+" (default what suits the sink)")
	f.StringSliceVar(&o.Fields, "fields", nil, "send these fields only, in this order, separated by commas")
	f.BoolVar(&o.IDs, "id", false, "put the event id into each JSON object or protobuf message")
	f.IntVar(&o.Batch, "batch", 0, "send at most so many records at a time (default what suits the sink)")
	f.IntVar(&o.Attempts, "attempts", attempts, "send a batch at most so many times; 0 is as many as it takes")
	f.DurationVar(&o.MaxWait, "max-wait", maxWait, "longest wait before another attempt; it doubles from 100 ms on")
	f.StringVar(&o.DeadLetter, "dead-letter", "", "append records that the sink refuses to this file, and go on")
	f.StringVar(&o.Security.TokenFile, "token-file", "", "file with a bearer token")
	f.StringVar(&o.Security.UserFile, "user-file", "", "file with NAME:PASSWORD")
	f.StringVar(&o.Security.CAFile, "tls-ca", "", "file with the certificate authorities to trust instead of the system's")
	f.StringVar(&o.Security.CertFile, "tls-cert", "", "file with the certificate to show to the server")
	f.StringVar(&o.Security.KeyFile, "tls-key", "", "file with the key of --tls-cert")
	f.StringVar(&o.Security.ServerName, "tls-server-name", "", "name that the server's certificate must have, when it is not the URL's host")
}

// sendFlagNames returns the names of the flags that addFlags adds.
func sendFlagNames() map[string]bool {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&sendOptions{}).addFlags(f, 0, 0)
	names := map[string]bool{}
	f.VisitAll(func(flag *pflag.Flag) { names[flag.Name] = true })
	return names
}

// target parses --to, and finds what is wrong with the other flags.
func (o *sendOptions) target() (*sink.Target, error) {
	target, err := sink.Parse(o.To)
	if err != nil {
		return nil, replayUsage(err)
	}
	var unknown *text.UnknownFieldError
	if _, err := text.New(text.JSON, text.Options{Fields: o.Fields}); errors.As(err, &unknown) {
		return nil, usageErrorf("--fields: %w", err)
	}
	if _, err := encode.New(encode.Options{Format: o.Format, Fields: o.Fields, IDs: o.IDs, AlwaysBytes: true}); err != nil {
		return nil, usageErrorf("--format: %w", err) // before the sink makes anything
	}
	switch {
	case o.Fields != nil && len(o.Fields) == 0:
		return nil, usageErrorf("--fields is empty")
	case o.Batch < 0:
		return nil, usageErrorf("--batch %d: want 1 or more", o.Batch)
	case o.Attempts < 0:
		return nil, usageErrorf("--attempts %d: want 1 or more, or 0 for as many as it takes", o.Attempts)
	case o.MaxWait <= 0:
		return nil, usageErrorf("--max-wait %v: want more than 0", o.MaxWait)
	}
	return target, nil
}

// play returns the options that the flags mean. The caller closes the
// dead-letter file, which is nil without --dead-letter.
func (o *sendOptions) play() (p play.Options, err error) {
	p = play.Options{Format: o.Format, Fields: o.Fields, IDs: o.IDs}
	p.Deliver.Retry = deliver.Retry{Attempts: o.Attempts, Most: o.MaxWait}
	if o.Attempts == 0 {
		p.Deliver.Retry.Attempts = math.MaxInt
	}
	p.Deliver.MaxRecords = o.Batch
	if o.DeadLetter != "" {
		p.Deliver.DeadLetter, err = deliver.OpenDeadLetter(o.DeadLetter)
	}
	return p, err
}

// replayUsage makes a wrong URL a usage error.
func replayUsage(err error) error {
	var usage *sink.UsageError
	if errors.As(err, &usage) {
		return usageErrorf("--to %w", err)
	}
	return err
}

// closeTimeout is how long a sink may take to end its stream.
const closeTimeout = 30 * time.Second

// closeSink ends the stream to s, after p has ended with err, and returns what
// became of both. A sink may need the context to end in order even after an
// interruption. p is nil when nothing was sent: then nothing of the sink stays,
// and how it takes that does not matter.
func closeSink(ctx context.Context, target *sink.Target, s sink.Sink, p *play.Replay, err error) error {
	if a, ok := s.(sink.Abandoner); ok && p == nil {
		return errors.Join(err, a.Abandon())
	}
	if a, ok := s.(sink.Aborter); ok && err != nil {
		a.Abort()
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	cerr := s.Close(last)
	if err != nil || cerr == nil || p == nil {
		return err
	}
	err = fmt.Errorf("%s: %w", target, cerr)
	if derr := p.Doubt(sink.AsError(cerr).Repeats); derr != nil {
		err = errors.Join(err, derr)
	}
	return err
}
