package segment

import "fmt"

// ProblemKind says what is wrong.
type ProblemKind uint8

// The kinds of problem that Verify finds.
const (
	ProblemDamage     ProblemKind = iota + 1 // a part of the file is unreadable
	ProblemColumn                            // a column of a segment does not decode
	ProblemSegment                           // a segment's header does not say what its rows say
	ProblemHole                              // events are missing without a gap record
	ProblemOverlap                           // events are there twice, or there and in a gap record
	ProblemCounters                          // the counters do not add up, or not to the rows
	ProblemIndex                             // the index does not say what the segments say
	ProblemIncomplete                        // the recording has no end
	ProblemCoverage                          // a coverage contradicts itself
)

// String returns the kind's name in JSON output.
func (k ProblemKind) String() string {
	names := [...]string{"", "damage", "column", "segment", "hole", "overlap", "counters", "index", "incomplete", "coverage"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("problem(%d)", uint8(k))
}

// Problem is one thing that Verify found wrong.
type Problem struct {
	Kind   ProblemKind
	Offset int64 // in the file, -1 when the problem has no place
	Size   int64 // bytes, for damages and columns
	// CPU, FirstSeq and Count tell which events are concerned: FirstSeq is -1
	// when only their number is known, Count -1 when not even that is. CPU is
	// AllCPUs when there is no single one.
	CPU      int
	FirstSeq int64
	Count    int64
	Err      error // what is wrong, in words
}

// String returns the problem as one line without its end.
func (p *Problem) String() string {
	if p.Offset < 0 {
		return fmt.Sprintf("%v: %v", p.Kind, p.Err)
	}
	return fmt.Sprintf("%v at offset %d: %v", p.Kind, p.Offset, p.Err)
}

// MaxProblems is how many problems a report lists.
const MaxProblems = 1 << 12

// VerifyReport is the outcome of Verify.
type VerifyReport struct {
	// Summary is that of Summarize; its Lost says what is missing by record.
	Summary *Summary
	// Problems are in the order in which they were found. A mere loss that gap
	// records and counters state is no problem.
	Problems []Problem
	// More is the number of problems beyond the first MaxProblems.
	More int
	// Columns and Events count what was decoded.
	Columns int
	Events  int64
}

// OK reports whether nothing is wrong and nothing was lost.
func (v *VerifyReport) OK() bool { return len(v.Problems) == 0 && v.Summary.Lost == 0 }
