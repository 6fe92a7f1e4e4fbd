//go:build interop

package sink_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// kept returns how many messages the brokers have of a topic.
func kept(t testing.TB, addresses, topic string) int64 {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(addresses, ",")...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	starts, err := admin.ListStartOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	ends, err := admin.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, end.Partition)
		n += end.Offset - start.Offset
	})
	return n
}

func header(m *kgo.Record, name string) string {
	for _, h := range m.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// requireAll requires that the messages are the recording's records, without
// duplicates once their ids are looked at, and returns the duplicates.
func requireAll(t testing.TB, want map[string]string, messages []*kgo.Record) (duplicates int) {
	t.Helper()
	got := map[string]string{}
	for _, m := range messages {
		var object struct {
			ID   string `json:"id"`
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(m.Value, &object); err != nil {
			t.Fatalf("%s: %v", m.Value, err)
		}
		if kind := header(m, "smr-kind"); kind != object.Kind {
			t.Fatalf("header smr-kind %q for %s", kind, m.Value)
		}
		if id := header(m, "smr-id"); string(m.Key) != object.ID && id != object.ID {
			t.Fatalf("key %q, header smr-id %q for %s", m.Key, id, m.Value)
		}
		if _, ok := got[object.ID]; ok {
			duplicates++
		}
		got[object.ID] = string(m.Value)
	}
	if !maps.Equal(got, want) {
		missing := 0
		for id := range want {
			if _, ok := got[id]; !ok {
				missing++
			}
		}
		t.Errorf("%d messages with %d ids of %d; %d are missing", len(messages), len(got), len(want), missing)
	}
	return duplicates
}
