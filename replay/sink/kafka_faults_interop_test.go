//go:build interop

package sink_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
)

// TestKafkaThreeBrokers replays while brokers are killed, paused and restarted.
func TestKafkaThreeBrokers(t *testing.T) {
	c := kafkatest.New(t, kafkatest.Options{Brokers: 3})
	recording := generate(t, gen.Options{Events: 60_000, SegmentEvents: 5000, GapEvery: 3})
	want := expected(t, recording)
	for _, x := range []struct {
		name   string
		topic  string
		faults func()
	}{
		{"one is killed", "kill", func() {
			c.Kill(0)
			time.Sleep(4 * time.Second)
			c.Start(0)
		}},
		{"one is paused", "pause", func() {
			c.Pause(1)
			time.Sleep(6 * time.Second)
			c.Resume(1)
		}},
		{"all are restarted, one after the other", "restart", func() {
			for i := range 3 {
				c.Stop(i)
				c.Start(i)
				c.Await(i)
			}
		}},
		{"all are killed at once and come back", "crash", func() {
			var wait sync.WaitGroup
			for i := range 3 {
				wait.Go(func() { c.Kill(i) })
			}
			wait.Wait()
			for i := range 3 {
				c.Start(i)
			}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				time.Sleep(time.Second)
				x.faults()
			}()
			report, err := replaying{to: fmt.Sprintf("kafka://%s/%s?create=yes&partitions=6&replication=3", c.Addresses(), x.topic),
				options: paced(5000)}.run(t, recording)
			<-done
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				c.Await(i)
			}
			d := requireAll(t, want, kafkatest.Consume(t, c.Addresses(), x.topic))
			t.Logf("%d duplicates, %+v", d, report.Delivery)
		})
	}
}
