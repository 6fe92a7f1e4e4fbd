package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// prepare sees that the cluster answers and that the topic is there, or makes
// it. It fails within seconds, where producing would wait.
func (s *kafka) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*kafkaConnect)
	defer cancel()
	err := s.seen(ctx)
	if !errors.Is(err, kerr.UnknownTopicOrPartition) || s.create == nil {
		return err
	}
	_, err = s.admin.CreateTopic(ctx, s.create.partitions, s.create.replication, s.create.settings(), s.topic)
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", s.topic, err)
	}
	// The brokers tell each other of a new topic after they have answered.
	for started := time.Now(); ; {
		if err := s.seen(ctx); err == nil || time.Since(started) > kafkaConnect {
			return err
		}
		select {
		case <-time.After(kafkaMetadata):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// seen asks for the topic.
func (s *kafka) seen(ctx context.Context) error {
	topics, err := s.admin.ListTopics(ctx, s.topic)
	if err != nil {
		return err
	}
	topic := topics[s.topic]
	if topic.Err != nil {
		return topic.Err
	}
	for _, p := range topic.Partitions {
		if p.Err != nil {
			return p.Err
		}
	}
	if len(topic.Partitions) == 0 {
		return kerr.LeaderNotAvailable
	}
	return nil
}

// failure says what an error of the client or the brokers means for a batch.
func (s *kafka) failure(ctx context.Context, err error) *Error {
	s.ready.Store(false)
	if ctx.Err() != nil {
		return &Error{Err: context.Cause(ctx)}
	}
	e := &Error{Err: err, Temporary: true}
	var broker *kerr.Error
	if errors.As(err, &broker) {
		e.Err = fmt.Errorf("the broker answers %s: %s", broker.Message, broker.Description)
		e.Hint, e.Temporary = kafkaHint(broker, s)
		return e
	}
	if last := s.lastDial.Load(); last != nil && !errors.Is(err, *last) {
		err = fmt.Errorf("%w (last attempt to connect: %w)", err, *last)
	}
	var eof *kgo.ErrFirstReadEOF
	switch {
	case strings.Contains(err.Error(), "tls alert record"): // the client has no value for it
		e.Err, e.Temporary = errors.New("the broker speaks TLS on this port"), false
		e.Hint = "add tls=yes to the URL"
		return e
	case errors.As(err, &eof), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = errors.New("the broker closed the connection without an answer")
		switch {
		case !s.secured.tls:
			e.Hint = "it may want TLS (tls=yes in the URL) or a login (sasl=scram-sha-512)"
		case !s.secured.sasl:
			e.Hint = "it may want a login (sasl=scram-sha-512 in the URL), or speak no TLS on this port"
		}
		return e
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kgo.ErrRecordRetries), errors.Is(err, context.DeadlineExceeded):
		e.Err = err
		if b := broken(err, ctx); b.Hint != "" {
			return b
		}
		e.Hint = "the brokers do not answer in time, or too few of them are there"
		return e
	}
	return broken(err, ctx)
}

// kafkaHint returns what to do about a broker's error, and whether it can go
// away by itself.
func kafkaHint(e *kerr.Error, s *kafka) (hint string, temporary bool) {
	switch e {
	case kerr.UnknownTopicOrPartition:
		return fmt.Sprintf("there is no topic %s; create=yes in the URL makes it (with partitions=N and replication=N)", s.topic), false
	case kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState:
		return "check sasl= in the URL, and name and password in --user-file or $" + userVariable, false
	case kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed:
		return "the user needs the right to describe, write and, with create=yes, create the topic", false
	case kerr.InvalidTopicException:
		return "names of topics consist of letters, digits and . _ -", false
	case kerr.InvalidReplicationFactor, kerr.InvalidPartitions, kerr.PolicyViolation:
		return "check partitions= and replication= in the URL; there cannot be more replicas than brokers", false
	case kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend:
		return "fewer brokers are in sync than min.insync.replicas of the topic asks for", true
	case kerr.KafkaStorageError:
		return "look at the disk and the log of the broker", true
	}
	return "", e.Retriable
}
