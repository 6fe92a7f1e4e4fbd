package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// kafkaFlight is a batch whose messages are under way. The slices are used again
// for another batch when the client has answered for all messages.
type kafkaFlight struct {
	sink     *kafka
	ctx      context.Context // Send's
	cancel   context.CancelFunc
	batch    *Batch
	ack      func(error)
	messages []kgo.Record
	at       []int  // the batch's record of each message
	bytes    []byte // keys and ids
	started  time.Time

	left   atomic.Int64
	mu     sync.Mutex
	failed map[*kgo.Record]error
}

func (s *kafka) Send(ctx context.Context, b *Batch, ack func(error)) {
	if !s.ready.Load() {
		if err := s.prepare(ctx); err != nil {
			ack(s.failure(ctx, err))
			return
		}
		s.ready.Store(true)
	}
	f, _ := s.flights.Get().(*kafkaFlight)
	if f == nil {
		f = &kafkaFlight{sink: s}
	}
	f.ctx, f.batch, f.ack, f.started, f.failed = ctx, b, ack, time.Now(), nil
	f.fill()
	if len(f.messages) == 0 {
		f.end(nil) // only notices for which the format has no place
		return
	}
	f.left.Store(int64(len(f.messages)))
	// Not kgo.RecordDeliveryTimeout, which counts from the time that a message
	// carries.
	ctx, f.cancel = context.WithTimeout(ctx, kafkaDelivery)
	// Not to be read from f, which the last answer may give to another batch.
	messages, done := f.messages, f.done
	for i := range messages {
		s.client.Produce(ctx, &messages[i], done)
	}
}

// end tells the result of the batch. The flight is over.
func (f *kafkaFlight) end(err error) {
	ack := f.ack
	f.ctx, f.batch, f.ack, f.cancel = nil, nil, nil, nil
	f.sink.flights.Put(f)
	ack(err)
}

// fill makes the messages of the batch.
func (f *kafkaFlight) fill() {
	s, b := f.sink, f.batch
	f.messages = slices.Grow(f.messages[:0], len(b.Records))
	f.at = slices.Grow(f.at[:0], len(b.Records))
	f.bytes = slices.Grow(f.bytes[:0], len(b.Records)*64)
	var timestamp time.Time
	if !s.eventTime {
		timestamp = f.started
	}
	// Most records share their headers.
	shared := map[kafkaHeaders][]kgo.RecordHeader{}
	for i := range b.Records {
		r := &b.Records[i]
		value := b.Message(i)
		if len(value) == 0 {
			continue
		}
		kind := kafkaHeaders{r.Kind, r.Source}
		headers := shared[kind]
		if headers == nil {
			headers = kind.headers(b)
			shared[kind] = headers
		}
		m := kgo.Record{Value: value, Timestamp: timestamp, Headers: headers}
		switch s.key {
		case keyID:
			m.Key = f.keep(func(dst []byte) []byte { return r.ID.Append(dst) })
		case keyProcess:
			m.Key = f.keep(func(dst []byte) []byte { return appendProcess(dst, b, r) })
		}
		if s.key != keyID {
			id := f.keep(func(dst []byte) []byte { return r.ID.Append(dst) })
			m.Headers = append(headers[:len(headers):len(headers)], kgo.RecordHeader{Key: "smr-id", Value: id})
		}
		if s.eventTime {
			m.Timestamp = time.Unix(0, r.WallNS)
			if r.WallNS == 0 {
				m.Timestamp = f.started
			}
		}
		f.messages, f.at = append(f.messages, m), append(f.at, i)
	}
}

// keep appends to the flight's bytes and returns what was appended.
func (f *kafkaFlight) keep(add func([]byte) []byte) []byte {
	start := len(f.bytes)
	f.bytes = add(f.bytes)
	return f.bytes[start:len(f.bytes):len(f.bytes)]
}

// kafkaHeaders is what the headers of a message depend on.
type kafkaHeaders struct {
	kind   Kind
	source int32
}

func (h kafkaHeaders) headers(b *Batch) []kgo.RecordHeader {
	version, host := 0, ""
	if header := b.Sources[h.source].Header; header != nil {
		version, host = header.SchemaVersion, header.Host
	}
	headers := []kgo.RecordHeader{
		{Key: "smr-kind", Value: []byte(h.kind.String())},
		{Key: "smr-schema", Value: strconv.AppendInt(nil, int64(version), 10)},
		{Key: "smr-format", Value: []byte(b.Format)},
	}
	if host != "" {
		headers = append(headers, kgo.RecordHeader{Key: "smr-host", Value: []byte(host)})
	}
	return headers
}

// appendProcess appends BOOT_ID-PID-START_TIME_NS of an event, the recording's
// id for other records.
func appendProcess(dst []byte, b *Batch, r *Record) []byte {
	if r.Row < 0 {
		return appendUUID(dst, &r.Recording)
	}
	boot := ""
	if header := b.Sources[r.Source].Header; header != nil {
		boot = header.BootID
	}
	if boot == "" {
		dst = appendUUID(dst, &r.Recording)
	}
	dst = append(dst, boot...)
	task := b.Block.Cols[schema.ColTaskRef].Ints[r.Row]
	for _, c := range []schema.ColumnID{schema.ColPID, schema.ColStartTimeNS} {
		dst = append(dst, '-')
		dst = strconv.AppendInt(dst, b.Block.Cols[c].Ints[task], 10)
	}
	return dst
}

// done is called by the client for each message.
func (f *kafkaFlight) done(m *kgo.Record, err error) {
	if err != nil {
		f.mu.Lock()
		if f.failed == nil {
			f.failed = map[*kgo.Record]error{}
		}
		f.failed[m] = err
		f.mu.Unlock()
	}
	if f.left.Add(-1) > 0 {
		return
	}
	f.cancel()
	if f.failed == nil {
		f.end(nil)
		return
	}
	// The client calls this from the goroutine that serves all promises.
	go func() { f.end(f.settle()) }()
}

// settle says what the failures of a batch mean. Messages that the brokers
// refuse for what they are, are sent once more, each alone: a refusal counts
// for all messages that were written together.
func (f *kafkaFlight) settle() error {
	var refused []Refusal
	for i := range f.messages {
		m := &f.messages[i]
		err := f.failed[m]
		if err != nil && kafkaRefusal(err) {
			again := *m
			again.Context, again.Partition, again.Offset = nil, 0, 0 // the context has ended
			ctx, cancel := context.WithTimeout(f.ctx, kafkaDelivery)
			err = f.sink.client.ProduceSync(ctx, &again).FirstErr()
			cancel()
		}
		switch {
		case err == nil:
		case kafkaRefusal(err):
			refused = append(refused, Refusal{Index: f.at[i], Reason: kafkaWords(err)})
		default:
			e := f.sink.failure(f.ctx, err)
			e.Acknowledged = f.at[i]
			if len(refused) > 0 {
				e.Acknowledged = refused[0].Index
			}
			return e
		}
	}
	if len(refused) > 0 {
		return &Error{Refused: refused, Hint: "--fields makes messages smaller, max.message.bytes of the topic lets larger ones in"}
	}
	return nil
}

// kafkaRefusal reports whether the brokers will never take the message.
func kafkaRefusal(err error) bool {
	for _, e := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// kafkaWords returns an error in fewer words than the protocol's.
func kafkaWords(err error) string {
	var e *kerr.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s: %s", e.Message, e.Description)
	}
	return err.Error()
}
