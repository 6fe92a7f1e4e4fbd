package deliver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// DeadLetter is a file of JSON lines with the records that a sink refused: the
// event id, the sink's reason, and the record as it was sent.
type DeadLetter struct {
	f     *os.File
	count int64
}

// OpenDeadLetter opens the file at path to append to it; it is made with mode
// 0600 when there is none.
func OpenDeadLetter(path string) (*DeadLetter, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &DeadLetter{f: f}, nil
}

// deadLetter is a line of the file.
type deadLetter struct {
	Kind   string          `json:"kind"` // "refused"
	ID     string          `json:"id"`
	Reason string          `json:"reason"`
	Record json.RawMessage `json:"record,omitempty"` // when it is JSON
	Text   string          `json:"text,omitempty"`   // when it is other text
	Base64 string          `json:"base64,omitempty"` // when it is neither
}

// write appends one record, with one call of write.
func (l *DeadLetter) write(b *sink.Batch, r sink.Refusal) error {
	line := deadLetter{Kind: "refused", ID: b.Records[r.Index].ID.String(), Reason: r.Reason}
	switch data := b.Message(r.Index); {
	case len(data) == 0:
	case json.Valid(data):
		line.Record = data
	case utf8.Valid(data):
		line.Text = string(data)
	default:
		line.Base64 = base64.StdEncoding.EncodeToString(data)
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode dead letter: %w", err)
	}
	if _, err := l.f.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write dead letter: %w", err)
	}
	l.count++
	return nil
}

// Close closes the file.
func (l *DeadLetter) Close() error { return l.f.Close() }
