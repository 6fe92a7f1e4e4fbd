package segment

import "fmt"

var causeNames = [NumCauses]string{
	CauseRingFull:     "ring_full",
	CauseNoState:      "no_state",
	CauseSkippedEntry: "skipped_entry",
	CauseSkippedExit:  "skipped_exit",
	CauseNotWritten:   "not_written",
	CauseDamaged:      "damaged",
	CausePreempted:    "preempted",
	CauseSpillFull:    "spill_full",
}

// String returns the cause's name as docs/format.md and JSON output spell it.
func (c Cause) String() string {
	if int(c) < len(causeNames) && causeNames[c] != "" {
		return causeNames[c]
	}
	return fmt.Sprintf("cause(%d)", uint8(c))
}
