package deliver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Checkpoint is how far a replay has come: everything before Position is with
// the sink. The file is replaced as a whole, so that it is there whole at any
// moment.
type Checkpoint struct {
	Version int               `json:"version"`
	Inputs  []CheckpointInput `json:"inputs"`
	// Stream is what decides which records there are, in which order, and where
	// they go: flags by name. A resumed replay must have the same.
	Stream   map[string]string `json:"stream"`
	Position Position          `json:"position"`
	// Sink is sink.Positioner's word, empty for other sinks.
	Sink string `json:"sink,omitempty"`
	// Done: the replay ended in order; there is nothing to resume.
	Done bool `json:"done"`
}

// CheckpointInput is a recording as it was when the replay began.
type CheckpointInput struct {
	RecordingID string `json:"recording_id"`
	// SizeBytes is the part of the file that the replay reads. What a recorder
	// appended later does not belong to it.
	SizeBytes int64 `json:"size_bytes"`
}

const checkpointVersion = 1

// ErrNoCheckpoint says that there is no file.
var ErrNoCheckpoint = errors.New("no checkpoint yet")

// LoadCheckpoint reads the file at path.
func LoadCheckpoint(path string) (*Checkpoint, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNoCheckpoint)
	}
	if err != nil {
		return nil, err
	}
	return ParseCheckpoint(text, path)
}

// ParseCheckpoint reads what Text has written; name is for errors.
func ParseCheckpoint(text []byte, name string) (*Checkpoint, error) {
	c := &Checkpoint{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s: not a checkpoint: %w", name, err)
	}
	if c.Version != checkpointVersion {
		return nil, fmt.Errorf("%s: checkpoint of version %d, known is %d", name, c.Version, checkpointVersion)
	}
	return c, nil
}

// Text returns the checkpoint as it stands in a file.
func (c *Checkpoint) Text() ([]byte, error) {
	c.Version = checkpointVersion
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	return append(text, '\n'), nil
}

// Save replaces the file at path.
func (c *Checkpoint) Save(path string) error {
	text, err := c.Text()
	if err != nil {
		return err
	}
	// One name beside it, not a new one each time: a kill leaves at most that.
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// Differences returns in words how another replay differs from the one of the
// checkpoint; empty when it can go on.
func (c *Checkpoint) Differences(inputs []CheckpointInput, stream map[string]string) string {
	var words []string
	if len(inputs) != len(c.Inputs) {
		words = append(words, fmt.Sprintf("it has %d recordings, not %d", len(c.Inputs), len(inputs)))
	} else {
		for i, in := range c.Inputs {
			switch {
			case in.RecordingID != inputs[i].RecordingID:
				words = append(words, fmt.Sprintf("its recording %d is %s, not %s", i+1, in.RecordingID, inputs[i].RecordingID))
			case inputs[i].SizeBytes < in.SizeBytes:
				words = append(words, fmt.Sprintf("recording %d had %d bytes and has %d", i+1, in.SizeBytes, inputs[i].SizeBytes))
			}
		}
	}
	names := slices.Sorted(maps.Keys(c.Stream))
	for name := range stream {
		if _, ok := c.Stream[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if c.Stream[name] != stream[name] {
			words = append(words, fmt.Sprintf("its %s is %q, not %q", name, c.Stream[name], stream[name]))
		}
	}
	return strings.Join(words, "; ")
}
