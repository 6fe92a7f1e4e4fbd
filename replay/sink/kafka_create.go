package sink

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// kafkaTopic is how to create the topic.
type kafkaTopic struct {
	// -1 leaves a number to the brokers.
	partitions  int32
	replication int16
	// retentionMS is the topic's retention.ms, where -1 keeps messages for ever;
	// 0 leaves it to the brokers.
	retentionMS int64
}

// kafkaTopicOf takes create=yes, partitions=N, replication=N and retention=TIME.
// With eventTime messages carry the times of their events.
func kafkaTopicOf(t *Target, eventTime bool) (*kafkaTopic, error) {
	create, err := t.choice("create", []string{"no", "yes"})
	if err != nil {
		return nil, err
	}
	c := &kafkaTopic{partitions: -1, replication: -1}
	for _, p := range []struct {
		name string
		set  func(string) error
	}{
		{"partitions", func(text string) error { return kafkaNumber(text, 100_000, &c.partitions) }},
		{"replication", func(text string) error { return kafkaNumber(text, 1000, &c.replication) }},
		{"retention", func(text string) (err error) { c.retentionMS, err = kafkaRetention(text); return }},
	} {
		text := t.Param(p.name)
		if text == "" {
			continue
		}
		if create != "yes" {
			return nil, usageErrorf("%s= is for a topic that is created: add create=yes", p.name)
		}
		if err := p.set(text); err != nil {
			return nil, usageErrorf("%s=%s: %v", p.name, text, err)
		}
	}
	if create != "yes" {
		return nil, nil
	}
	if eventTime && c.retentionMS == 0 {
		return nil, usageErrorf("brokers delete messages whose time is older than the topic's retention, recordings included: add retention=forever or, for example, retention=7d")
	}
	return c, nil
}

// kafkaNumber sets n to the number from 1 to most that text is.
func kafkaNumber[N int16 | int32](text string, most int64, n *N) error {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 1 || v > most {
		return fmt.Errorf("want a number from 1 to %d", most)
	}
	*n = N(v)
	return nil
}

// kafkaRetention returns the milliseconds of "forever" (-1), "7d" or a duration
// as Go writes it.
func kafkaRetention(text string) (int64, error) {
	if text == "forever" {
		return -1, nil
	}
	d, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n int64
		n, err = strconv.ParseInt(days, 10, 64)
		if n > int64(math.MaxInt64/(24*time.Hour)) {
			n = 0
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < time.Millisecond {
		return 0, fmt.Errorf("want forever or a time such as 7d, 12h or 90m")
	}
	return d.Milliseconds(), nil
}

// settings returns the topic's configuration. With three and more replicas an
// acknowledgement means that a majority has the message, so that the loss of a
// broker loses nothing that was acknowledged.
func (c *kafkaTopic) settings() map[string]*string {
	settings := map[string]*string{}
	set := func(name string, value int64) {
		text := strconv.FormatInt(value, 10)
		settings[name] = &text
	}
	if c.replication >= 3 {
		set("min.insync.replicas", int64(c.replication/2+1))
	}
	if c.retentionMS != 0 {
		set("retention.ms", c.retentionMS)
	}
	return settings
}
