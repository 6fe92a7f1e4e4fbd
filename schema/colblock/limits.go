package colblock

import (
	"errors"
	"fmt"
)

// Limits of a column chunk (docs/format.md, "Limits"). Both sides hold them:
// the encoder refuses to write what a reader would refuse to read.
const (
	MaxRows        = 1 << 18 // rows of one table
	MaxListValues  = 1 << 21 // values of one int_list column
	MaxColumnBytes = 1 << 27 // bytes of one bytes column
	InlineBytes    = 256     // areas up to this size are stored in the directory
	MaxDictionary  = 1 << 8  // distinct values of a dictionary
)

// ErrCorrupt is the root of all errors about bytes that cannot be decoded.
var ErrCorrupt = errors.New("corrupt column chunk")

// ErrLimit is the root of all errors about sizes beyond the format's limits.
var ErrLimit = errors.New("beyond the limit of the format")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

func limit(what string, n, limit uint64) error {
	return fmt.Errorf("%s %d above %d: %w", what, n, limit, ErrLimit)
}
