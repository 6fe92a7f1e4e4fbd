//go:build interop

package sink_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sys/unix"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
)

// benchRounds is how often ours and theirs take turns; medians are to be taken.
const benchRounds = 3

// BenchmarkKafka replays into one local broker, acks=all, four partitions, and
// has Kafka's own kafka-producer-perf-test send as many messages of the same
// size to the same broker with the same compression, by turns. Broker and
// producers share the machine. The perf test's random messages do not compress,
// so without compression is the fair comparison.
func BenchmarkKafka(b *testing.B) {
	c := kafkatest.New(b, kafkatest.Options{})
	for _, x := range []struct {
		name   string
		events int64
		format string
		fields []string
	}{
		{"all columns, JSON", 150_000, "", nil},
		{"all columns, protobuf", 1_000_000, "protobuf", nil},
		{"ten columns, JSON", 1_000_000, "", []string{"cpu", "seq", "call_text", "time_ns", "duration_ns", "pid", "comm", "sockfd", "ret", "remote_endpoint"}},
	} {
		recording := generate(b, gen.Options{Events: x.events})
		warmUp(b, c, recording, play.Options{Format: x.format, Fields: x.fields})
		for _, compression := range []string{"none", "lz4", "zstd"} {
			for round := range benchRounds {
				var size int64
				b.Run(fmt.Sprintf("%s/%s/sendmsgrec/%d", x.name, compression, round), func(b *testing.B) {
					topic := fmt.Sprintf("ours-%s%d-%s-%d", x.format, len(x.fields), compression, round)
					to := fmt.Sprintf("kafka://%s/%s?create=yes&partitions=4&compression=%s", c.Addresses(), topic, compression)
					b.ResetTimer()
					started, own, brokers := time.Now(), ownCPUTime(b), c.CPUTime()
					report, err := replaying{to: to, options: play.Options{Format: x.format, Fields: x.fields}}.run(b, recording)
					if err != nil {
						b.Fatal(err)
					}
					took := time.Since(started)
					size = report.Delivery.Bytes / report.Delivery.Acknowledged
					b.ReportMetric(float64(report.Delivery.Events)/took.Seconds(), "events/s")
					b.ReportMetric(float64(size), "bytes/event")
					b.ReportMetric(float64(ownCPUTime(b)-own)/float64(x.events), "cpu-ns/event")
					b.ReportMetric(float64(c.CPUTime()-brokers)/float64(x.events), "broker-cpu-ns/event")
					b.ReportMetric(storedBytes(b, c, topic)/float64(x.events), "stored-bytes/event")
				})
				b.Run(fmt.Sprintf("%s/%s/kafka-producer-perf-test/%d", x.name, compression, round), func(b *testing.B) {
					if size == 0 {
						b.Skip("the size of a record is not known without the benchmark before")
					}
					brokers := c.CPUTime()
					rate, cpu := perfTest(b, c, fmt.Sprintf("theirs-%s%d-%s-%d", x.format, len(x.fields), compression, round), x.events, size, compression)
					b.ReportMetric(rate, "events/s")
					b.ReportMetric(float64(size), "bytes/event")
					b.ReportMetric(float64(cpu)/float64(x.events), "cpu-ns/event")
					b.ReportMetric(float64(c.CPUTime()-brokers)/float64(x.events), "broker-cpu-ns/event")
				})
			}
		}
	}
}

var perfTestRate = regexp.MustCompile(`records sent, ([0-9.]+) records/sec .* ms avg latency, .* 99\.9th`)

// BenchmarkKafkaPartitions tells what the key costs where a topic has as many
// partitions as a fleet needs: how much each event takes, and how fast.
func BenchmarkKafkaPartitions(b *testing.B) {
	c := kafkatest.New(b, kafkatest.Options{})
	const events = 150_000
	recording := generate(b, gen.Options{Events: events})
	for _, partitions := range []int{4, 256} {
		for _, key := range []string{"id", "process"} {
			b.Run(fmt.Sprintf("%d partitions/key=%s", partitions, key), func(b *testing.B) {
				topic := fmt.Sprintf("%s-%d", key, partitions)
				own := ownCPUTime(b)
				if _, err := (replaying{to: fmt.Sprintf("kafka://%s/%s?create=yes&partitions=%d&key=%s&compression=zstd",
					c.Addresses(), topic, partitions, key)}).run(b, recording); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(ownCPUTime(b)-own)/events, "cpu-ns/event")
				b.ReportMetric(storedBytes(b, c, topic)/events, "stored-bytes/event")
			})
		}
	}
}

// warmUp lets the broker compile what it runs, so that the first round is like
// the others.
func warmUp(b *testing.B, c *kafkatest.Cluster, recording []byte, o play.Options) {
	b.Helper()
	to := fmt.Sprintf("kafka://%s/warm-up-%s%d?create=yes&partitions=4&compression=none", c.Addresses(), o.Format, len(o.Fields))
	if _, err := (replaying{to: to, options: o}).run(b, recording); err != nil {
		b.Fatal(err)
	}
}

// storedBytes returns what the topic takes on the broker's disk. It is what was
// sent over the wire, too: brokers store batches as they come.
func storedBytes(b *testing.B, c *kafkatest.Cluster, topic string) float64 {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Addresses()))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	logs, err := kadm.NewClient(client).DescribeAllLogDirs(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	logs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
			if p.Topic == topic {
				size += p.Size
			}
		})
	})
	return float64(size)
}

// ownCPUTime returns how long this process has used processors.
func ownCPUTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perfTest runs kafka-producer-perf-test and returns messages a second and the
// time that it has used processors.
func perfTest(b *testing.B, c *kafkatest.Cluster, topic string, messages, size int64, compression string) (rateHz float64, cpu time.Duration) {
	b.Helper()
	// Makes the topic as ours is made.
	if _, err := (replaying{to: fmt.Sprintf("kafka://%s/%s?create=yes&partitions=4", c.Addresses(), topic)}).run(b, generate(b, gen.Options{Events: 1})); err != nil {
		b.Fatal(err)
	}
	cmd := c.Java("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", fmt.Sprint(messages),
		"--record-size", fmt.Sprint(size), "--throughput", "-1", "--bootstrap-server", c.Addresses(),
		"--command-property", "acks=all", "compression.type="+compression, "batch.size=262144", "linger.ms=5")
	out, err := cmd.CombinedOutput()
	found := perfTestRate.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("%v: %s", err, out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
