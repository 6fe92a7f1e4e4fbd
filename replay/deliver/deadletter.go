package deliver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/replay/sink"
)

// DeadLetter is a file of JSON lines with the records that a sink refused: the
// event id, the sink's reason, and the record as it was sent.
type DeadLetter struct {
	f       *os.File
	created bool
	count   int64
}

// OpenDeadLetter opens the file at path to append to it; it is made with mode
// 0600 when there is none, so that one that cannot be written is known before
// anything is refused.
func OpenDeadLetter(path string) (*DeadLetter, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	f, err := os.OpenFile(path, flags|os.O_EXCL, 0o600)
	created := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(path, flags, 0o600)
	}
	if err != nil {
		return nil, err
	}
	return &DeadLetter{f: f, created: created}, nil
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

// Close closes the file. One that it has made and nothing was written to goes
// again: an empty file would look like a refusal.
func (l *DeadLetter) Close() error {
	err := l.f.Close()
	if l.created && l.count == 0 {
		err = errors.Join(err, os.Remove(l.f.Name()))
	}
	return err
}
