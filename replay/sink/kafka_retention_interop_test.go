//go:build interop

package sink_test

import (
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
	"github.com/sendmsgrec/sendmsgrec/replay/play"
)

// TestKafkaRetentionOfOldRecordings sends a recording of years ago with the
// times of its events to brokers that look for old messages twice a second.
func TestKafkaRetentionOfOldRecordings(t *testing.T) {
	c := kafkatest.New(t, kafkatest.Options{Properties: []string{
		"log.retention.check.interval.ms=500", "log.initial.task.delay.ms=500", "log.segment.delete.delay.ms=500",
	}})
	recording := generate(t, gen.Options{Events: 1000})
	for _, topic := range []string{"forever", "7d", "90m"} {
		r := replaying{to: "kafka://" + c.Addresses() + "/" + topic + "?create=yes&timestamp=event&partitions=2&retention=" + topic,
			options: play.Options{IDs: true}}
		if _, err := r.run(t, recording); err != nil {
			t.Fatal(err)
		}
	}
	// The brokers have looked at "forever" when they have emptied the topics
	// that were filled after it.
	for _, topic := range []string{"7d", "90m"} {
		for deadline := time.Now().Add(2 * time.Minute); kept(t, c.Addresses(), topic) > 0; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("retention=%s keeps a recording of years ago", topic)
			}
		}
	}
	requireAll(t, expected(t, recording), kafkatest.Consume(t, c.Addresses(), "forever"))
}
