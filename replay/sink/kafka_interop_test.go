//go:build interop

package sink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sendmsgrec/sendmsgrec/replay/deliver"
	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestKafkaOneBroker(t *testing.T) {
	certificate := newCertificate(t, "127.0.0.1")
	c := kafkatest.New(t, kafkatest.Options{CertificatePEM: certificate.cert, KeyPEM: certificate.key, User: "recorder", Password: "from-a-file"})
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca, user := file("ca.pem", certificate.cert), file("user", "recorder:from-a-file\n")
	recording := generate(t, gen.Options{Events: 20_000, SegmentEvents: 3000, GapEvery: 2})
	want := expected(t, recording)
	ids := play.Options{IDs: true}

	for _, x := range []struct {
		name, query string
		secure      bool
		login       string
		keys        func(m *kgo.Record) bool
	}{
		{name: "the key is the event id", query: "partitions=4"},
		{name: "the key is the process", query: "key=process&compression=zstd", keys: func(m *kgo.Record) bool {
			return header(m, "smr-kind") != "event" || strings.Count(string(m.Key), "-") == 6
		}},
		{name: "no key", query: "key=none&compression=none&partitions=2", keys: func(m *kgo.Record) bool { return m.Key == nil }},
		{name: "gzip, and times of the events", query: "compression=gzip&timestamp=event&retention=forever", keys: func(m *kgo.Record) bool {
			return m.Timestamp.Year() < time.Now().Year() || header(m, "smr-kind") == "damage"
		}},
		{name: "snappy", query: "compression=snappy"},
		{name: "TLS and SCRAM", query: "tls=yes&sasl=scram-sha-512", secure: true},
		{name: "TLS and PLAIN", query: "tls=yes&sasl=plain", secure: true},
	} {
		t.Run(x.name, func(t *testing.T) {
			topic := strings.NewReplacer(" ", "-", ",", "").Replace(x.name)
			addresses := c.Addresses()
			r := replaying{options: ids}
			if x.secure {
				addresses = c.SecureAddresses()
				r.security = sink.Security{CAFile: ca, UserFile: user}
			}
			r.to = fmt.Sprintf("kafka://%s/%s?create=yes&%s", addresses, topic, x.query)
			report, err := r.run(t, recording)
			if err != nil {
				t.Fatal(err)
			}
			messages := kafkatest.Consume(t, c.Addresses(), topic)
			if d := requireAll(t, want, messages); d > 0 {
				t.Errorf("%d duplicates without a failure", d)
			}
			if int(report.Delivery.Acknowledged) != len(want) {
				t.Errorf("%d acknowledged of %d", report.Delivery.Acknowledged, len(want))
			}
			for _, m := range messages {
				if x.keys != nil && !x.keys(m) {
					t.Fatalf("key %q, time %v of %s", m.Key, m.Timestamp, m.Value)
				}
				if v := header(m, "smr-schema"); v == "" || v == "0" {
					t.Fatalf("header smr-schema %q", v)
				}
				if v := header(m, "smr-host"); v != "generated" {
					t.Fatalf("header smr-host %q", v)
				}
			}
		})
	}

	t.Run("messages of a process are in one partition, in order", func(t *testing.T) {
		partition, last := map[string]int32{}, map[string]int64{}
		for _, m := range kafkatest.Consume(t, c.Addresses(), "the-key-is-the-process") {
			var object struct {
				TimeNS int64 `json:"time_ns"`
			}
			if err := json.Unmarshal(m.Value, &object); err != nil {
				t.Fatal(err)
			}
			if header(m, "smr-kind") != "event" {
				continue
			}
			key := string(m.Key)
			if p, ok := partition[key]; ok && (p != m.Partition || object.TimeNS < last[key]) {
				t.Fatalf("%s: partition %d and %d, time %d after %d", key, p, m.Partition, object.TimeNS, last[key])
			}
			partition[key], last[key] = m.Partition, object.TimeNS
		}
		if len(partition) < 2 {
			t.Errorf("%d processes", len(partition))
		}
	})

	other := newCertificate(t, "127.0.0.1")
	wrongCA, wrongUser := file("other.pem", other.cert), file("wrong", "recorder:guess\n")
	one := deliver.Options{Retry: deliver.Retry{Attempts: 1}}
	secure := "kafka://" + c.SecureAddresses() + "/t"
	for _, x := range []struct {
		name, to string
		security sink.Security
		want     []string
	}{
		{name: "the topic is not there", to: "kafka://" + c.Addresses() + "/absent",
			want: []string{"UNKNOWN_TOPIC_OR_PARTITION", "create=yes"}},
		{name: "more replicas than brokers", to: "kafka://" + c.Addresses() + "/absent?create=yes&replication=3",
			want: []string{"INVALID_REPLICATION_FACTOR", "replication="}},
		{name: "nothing listens", to: "kafka://127.0.0.1:1/t", want: []string{"connection refused", "nothing listens there"}},
		{name: "an unknown authority", to: secure + "?tls=yes&sasl=plain", security: sink.Security{CAFile: wrongCA, UserFile: user},
			want: []string{"certificate", "--tls-ca"}},
		{name: "plain text to a port with TLS", to: secure, want: []string{"tls=yes"}},
		{name: "TLS to a port without", to: "kafka://" + c.Addresses() + "/t?tls=yes", want: []string{"TLS"}},
		{name: "TLS without a login", to: secure + "?tls=yes", security: sink.Security{CAFile: ca}, want: []string{"sasl="}},
		{name: "a wrong password", to: secure + "?tls=yes&sasl=plain", security: sink.Security{CAFile: ca, UserFile: wrongUser},
			want: []string{"SASL_AUTHENTICATION_FAILED", "--user-file"}},
		{name: "a wrong password, SCRAM", to: secure + "?tls=yes&sasl=scram-sha-512", security: sink.Security{CAFile: ca, UserFile: wrongUser},
			want: []string{"SASL_AUTHENTICATION_FAILED", "--user-file"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			started := time.Now()
			report, err := replaying{to: x.to, security: x.security, options: play.Options{Deliver: one}}.run(t, recording)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range x.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v\nwant %q in it", err, w)
				}
			}
			if strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "from-a-file") {
				t.Errorf("the error has the password: %v", err)
			}
			if report.Delivery.Acknowledged != 0 {
				t.Errorf("%d records acknowledged", report.Delivery.Acknowledged)
			}
			t.Logf("%v after %v", err, time.Since(started).Round(time.Millisecond))
		})
	}

	t.Run("messages that are too large go to the dead-letter file, the others arrive", func(t *testing.T) {
		client, err := kgo.NewClient(kgo.SeedBrokers(c.Addresses()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		limit := "1500"
		if _, err := kadm.NewClient(client).CreateTopic(context.Background(), 2, 1, map[string]*string{"max.message.bytes": &limit}, "small"); err != nil {
			t.Fatal(err)
		}
		few := generate(t, gen.Options{Events: 60, GapEvery: 1})
		path := filepath.Join(dir, "dead.jsonl")
		dead, err := deliver.OpenDeadLetter(path)
		if err != nil {
			t.Fatal(err)
		}
		o := play.Options{IDs: true, Deliver: deliver.Options{DeadLetter: dead}}
		report, err := replaying{to: "kafka://" + c.Addresses() + "/small?compression=none", options: o}.run(t, few)
		if err != nil {
			t.Fatal(err)
		}
		left := expected(t, few)
		n := len(left)
		for line := range strings.Lines(readFile(t, path)) {
			var letter struct{ ID, Reason string }
			if err := json.Unmarshal([]byte(line), &letter); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(letter.Reason, "TOO_LARGE") || left[letter.ID] == "" {
				t.Errorf("dead letter %s: %s", letter.ID, letter.Reason)
			}
			delete(left, letter.ID)
		}
		if len(left) == n || len(left) == 0 || report.Delivery.Refused != int64(n-len(left)) {
			t.Errorf("%d of %d are not refused; report: %+v", len(left), n, report.Delivery)
		}
		requireAll(t, left, kafkatest.Consume(t, c.Addresses(), "small"))
	})

	t.Run("the broker is killed and comes back", func(t *testing.T) {
		again := time.AfterFunc(time.Second, func() {
			c.Kill(0)
			c.Start(0)
		})
		defer again.Stop()
		report, err := replaying{to: "kafka://" + c.Addresses() + "/killed?create=yes&partitions=4", options: paced(5000)}.run(t, recording)
		if err != nil {
			t.Fatal(err)
		}
		d := requireAll(t, want, kafkatest.Consume(t, c.Addresses(), "killed"))
		t.Logf("%d duplicates, %+v", d, report.Delivery)
	})
}
