package sink

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// kafka produces each record as a message of one topic, with an idempotent
// producer that waits for all in-sync replicas. A batch is acknowledged when
// each of its messages is.
//
//	value      the record in the format of the replay, without the line's end
//	key        see kafkaKey
//	timestamp  the time of production, or the event's (timestamp=event)
//	headers    smr-kind (event, gap, damage, …), smr-schema (version of the
//	           columns), smr-host (the recording's host, when it names one),
//	           smr-id (the event id, when the key is not it)
//
// Within one run of the client the producer's sequence numbers keep a message
// that is sent again from being stored twice. A batch that package deliver
// sends again, and a replay that is resumed, can repeat messages: they have the
// same id.
type kafka struct {
	client *kgo.Client
	admin  *kadm.Client
	topic  string
	key    kafkaKey
	create *kafkaTopic // nil: the topic must exist
	// eventTime: messages have the time of their event.
	eventTime bool
	secured   kafkaSecurity
	ready     atomic.Bool // the topic was seen since the last failure
	lastDial  atomic.Pointer[error]
	flights   sync.Pool // of *kafkaFlight
}

// kafkaKey is what a message's key is; messages of one key are in one
// partition, in order.
type kafkaKey int

const (
	// keyID: the event id. Spreads the load evenly and lets a compacted topic
	// or a consumer remove duplicates.
	keyID kafkaKey = iota
	// keyProcess: BOOT_ID-PID-START_TIME_NS, the same for a process in all
	// recordings of a boot. Notices have the recording's id.
	keyProcess
	// keyNone: no key; partitions are filled by turns.
	keyNone
)

// kafkaSecurity is what the client was told, for hints.
type kafkaSecurity struct{ tls, sasl bool }

// Bounds of waiting. A batch that is not acknowledged after kafkaDelivery goes
// back to package deliver, which waits and sends it again.
const (
	kafkaDelivery = 30 * time.Second
	kafkaRequest  = 5 * time.Second
	kafkaConnect  = 5 * time.Second
	kafkaMetadata = 250 * time.Millisecond
)

var kafkaCodecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression().WithLevel(1),
}

// openKafka is for kafka://HOST:PORT[,HOST:PORT…]/TOPIC.
func openKafka(_ context.Context, t *Target, o *Options) (Sink, error) {
	brokers, topic, _ := strings.Cut(strings.TrimPrefix(t.Rest, "//"), "/")
	if !strings.HasPrefix(t.Rest, "//") || brokers == "" || topic == "" || strings.Contains(topic, "/") {
		return nil, usageErrorf("want kafka://HOST:PORT[,HOST:PORT...]/TOPIC")
	}
	s := &kafka{topic: topic}
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ClientID("sendmsgrec"), kgo.DisableClientMetrics(),
		kgo.DefaultProduceTopic(topic), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(5 * time.Millisecond),
		kgo.WithHooks(s),
		// What is under way is bounded by the flights. One more than these: the
		// client counts a message that it has answered for a moment longer.
		kgo.MaxBufferedRecords((kafkaInFlight + 1) * kafkaRecords),
		kgo.ProduceRequestTimeout(kafkaRequest),
		// What is given up here is sent again by package deliver; the event ids
		// make that harmless, and a lost cluster must not hang the replay.
		kgo.AllowIdempotentProduceCancellation(),
		kgo.RequestTimeoutOverhead(kafkaRequest), kgo.RetryTimeout(kafkaConnect), kgo.DialTimeout(kafkaConnect),
		// What the client knows of the cluster may be so old, and is asked for
		// again no more often than this.
		kgo.MetadataMinAge(kafkaMetadata),
	}
	more, err := s.parameters(t, o)
	if err != nil {
		return nil, err
	}
	if s.client, err = kgo.NewClient(append(options, more...)...); err != nil {
		return nil, usageErrorf("%v", err)
	}
	s.admin = kadm.NewClient(s.client)
	return s, nil
}

// parameters takes what stands behind "?" in the URL.
func (s *kafka) parameters(t *Target, o *Options) ([]kgo.Opt, error) {
	var options []kgo.Opt
	keys := []string{"id", "process", "none"}
	key, err := t.choice("key", keys)
	if err != nil {
		return nil, err
	}
	s.key = kafkaKey(slices.Index(keys, key))
	switch s.key {
	case keyNone:
		options = append(options, kgo.RecordPartitioner(kgo.StickyPartitioner()))
	default:
		// The Java client's way to find a key's partition, so that messages of
		// other producers join ours.
		options = append(options, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	}
	codec, err := t.choice("compression", []string{"lz4", "none", "gzip", "snappy", "zstd"})
	if err != nil {
		return nil, err
	}
	options = append(options, kgo.ProducerBatchCompression(kafkaCodecs[codec]))
	when, err := t.choice("timestamp", []string{"now", "event"})
	if err != nil {
		return nil, err
	}
	s.eventTime = when == "event"
	if s.create, err = kafkaTopicOf(t, s.eventTime); err != nil {
		return nil, err
	}
	secure, err := s.security(t, &o.Security)
	return append(options, secure...), err
}

// security takes tls=yes and sasl=MECHANISM; the credentials are not in the
// URL.
func (s *kafka) security(t *Target, from *Security) ([]kgo.Opt, error) {
	var options []kgo.Opt
	useTLS, err := t.choice("tls", []string{"no", "yes"})
	if err != nil {
		return nil, err
	}
	if s.secured.tls = useTLS == "yes"; s.secured.tls {
		// The name to check is the broker's that is dialed.
		config, err := from.TLS("")
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	name, err := t.choice("sasl", []string{"none", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"})
	if err != nil || name == "none" {
		return options, err
	}
	s.secured.sasl = true
	if !s.secured.tls && (name == "plain" || name == "oauthbearer") && !kafkaLoopback(t.Rest) {
		return nil, usageErrorf("sasl=%s without tls=yes would send the password readable by all", name)
	}
	mechanism, err := kafkaMechanism(name, from)
	if err != nil {
		return nil, err
	}
	return append(options, kgo.SASL(mechanism)), nil
}

func kafkaMechanism(name string, from *Security) (sasl.Mechanism, error) {
	if name == "oauthbearer" {
		token, err := from.Token()
		if err == nil && token == "" {
			err = usageErrorf("sasl=%s needs a token: --token-file FILE or $%s", name, tokenVariable)
		}
		return oauth.Auth{Token: token}.AsMechanism(), err
	}
	user, password, ok, err := from.User()
	if err == nil && !ok {
		err = usageErrorf("sasl=%s needs name and password: --user-file FILE or $%s", name, userVariable)
	}
	switch name {
	case "scram-sha-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), err
	case "scram-sha-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), err
	}
	return plain.Auth{User: user, Pass: password}.AsMechanism(), err
}

// kafkaLoopback reports whether all brokers of //HOST:PORT,…/TOPIC are on this
// host.
func kafkaLoopback(rest string) bool {
	brokers, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "/")
	for broker := range strings.SplitSeq(brokers, ",") {
		host, _, err := net.SplitHostPort(broker)
		if err != nil {
			host = broker
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// How much is under way at once: enough that the brokers always have a batch
// to write while others are made and acknowledged.
const (
	kafkaInFlight = 8
	kafkaRecords  = 8192
)

func (s *kafka) Traits() Traits {
	t := Traits{Bytes: true, Formats: []string{"json", "text", "protobuf"}, InFlight: kafkaInFlight, MaxRecords: kafkaRecords, Reconnects: true}
	if s.key == keyProcess {
		t.Rows = true
		t.Columns = []string{schema.ByID(schema.ColTaskRef).Name, schema.ByID(schema.ColPID).Name, schema.ByID(schema.ColStartTimeNS).Name}
	}
	return t
}

// OnBrokerConnect keeps the last error, which the client's own errors do not
// always tell.
func (s *kafka) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		s.lastDial.Store(nil)
		return
	}
	s.lastDial.Store(&err)
}

func (s *kafka) Close(context.Context) error {
	s.client.Close()
	return nil
}
