package sink

import (
	"errors"
	"fmt"
	"time"
)

// Error is a failure of a sink, with what can be done about it.
type Error struct {
	Err error
	// Hint tells the user how to mend it, or is empty.
	Hint string
	// Temporary: the same batch may be sent again and may succeed then.
	Temporary bool
	// After is how long the other side asks to wait before that; 0: no word.
	After time.Duration
	// Unsent: nothing of the batch has left (no connection was made), so that
	// another attempt cannot make duplicates.
	Unsent bool
	// Repeats is how many records of earlier batches, although acknowledged, may
	// not have arrived after all. The next attempt sends them once more; in an
	// error of Close there is none.
	Repeats int
	// Acknowledged is how many records from the start of the batch the other
	// side has in spite of the failure: the next try leaves them out.
	Acknowledged int
	// Refused are the records that the other side will never take. The others
	// of the batch are delivered when Err is nil. AllRefused says that one or
	// more of the batch are to blame and it is not known which: package deliver
	// halves the batch to find them.
	Refused    []Refusal
	AllRefused bool
}

// Refusal is a record that a sink does not take.
type Refusal struct {
	Index  int // in Batch.Records
	Reason string
}

// Error returns the failure and its hint.
func (e *Error) Error() string {
	text := ""
	switch {
	case e.Err != nil:
		text = e.Err.Error()
	case len(e.Refused) > 0:
		text = fmt.Sprintf("%d records refused: %s", len(e.Refused), e.Refused[0].Reason)
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error: one that is not, or wraps none, is final.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Err: err}
}
