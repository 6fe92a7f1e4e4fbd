//go:build interop

package record

import (
	"testing"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/kafkatest"
	"github.com/sendmsgrec/sendmsgrec/replay/spill"
)

// TestEveryRecordedEventReachesKafkaWhateverHappensToTheBrokers records for
// half a minute while a broker is killed and started again, another one is
// stopped for longer than sessions live, and at the end all three restart.
func TestEveryRecordedEventReachesKafkaWhateverHappensToTheBrokers(t *testing.T) {
	c := kafkatest.New(t, kafkatest.Options{Brokers: 3})
	dir := openSpill(t, t.TempDir())
	s := busy(3000, 10*time.Millisecond)
	url := "kafka://" + c.Addresses() + "/live?create=yes&partitions=6&replication=3"
	result := make(chan liveResult, 1)
	go func() { result <- playLive(t.Context(), t, s, nil, dir, spill.DefaultLimitBytes, url) }()
	time.Sleep(4 * time.Second)
	c.Kill(0)
	time.Sleep(3 * time.Second)
	c.Start(0)
	c.Await(0)
	c.Pause(1)
	time.Sleep(12 * time.Second)
	c.Resume(1)
	for i := range 3 {
		c.Kill(i)
	}
	for i := range 3 {
		c.Start(i)
	}
	for i := range 3 {
		c.Await(i)
	}
	r := <-result
	if r.err != nil {
		t.Error(r.err)
	}
	if r.stats.Dropped != 0 || r.counts.Events != r.stats.Kept {
		t.Errorf("%+v, delivery %+v", r.stats, r.counts)
	}
	got := &received{events: map[eventID]int{}, gaps: map[string]gapLine{}}
	messages := 0
	for _, m := range kafkatest.Consume(t, c.Addresses(), "live") {
		got.add(string(m.Value))
		messages++
	}
	r.check(t, s, got)
	t.Logf("%d events and %d gaps in %d messages, %d retries; the spill had up to %d bytes",
		len(got.events), len(got.gaps), messages, r.counts.Retries, mostBytes(dir))
}

func mostBytes(d *spill.Dir) int64 {
	_, most := d.Bytes()
	return most
}
