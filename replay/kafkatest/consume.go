//go:build interop

package kafkatest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Consume returns all messages of a topic, in their order within each partition.
func Consume(t testing.TB, addresses, topic string) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addresses, ",")...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	left := int64(0)
	// After a fault it takes a while until every partition has a leader again.
	for {
		ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
		if err == nil {
			err = ends.Error()
		}
		if err == nil {
			ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	var messages []*kgo.Record
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("%d messages are missing: %v", left, err)
		}
		fetches.EachRecord(func(m *kgo.Record) {
			messages = append(messages, m)
			left--
		})
	}
	return messages
}
