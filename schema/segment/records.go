package segment

import (
	"time"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Cause says why an event was lost. Values are part of the file format.
type Cause uint8

// The causes of loss.
const (
	// CauseRingFull: the ring between kernel and recorder had no room.
	CauseRingFull Cause = 1
	// CauseNoState: the kernel gave no task storage for the call's entry.
	CauseNoState Cause = 2
	// CauseSkippedEntry: the kernel did not run the entry program, because a
	// bpf() map update held bpf_prog_active on that CPU (recursion_misses).
	CauseSkippedEntry Cause = 3
	// CauseSkippedExit: the same at exit; the call's entry had been seen.
	CauseSkippedExit Cause = 4
	// CauseNotWritten: the recorder had the event and could not write it.
	CauseNotWritten Cause = 5
	// CauseDamaged: the segment that holds the events is unreadable. Readers
	// report it; writers never write it.
	CauseDamaged Cause = 6
	// CausePreempted: the event's program found that another one, which it had
	// preempted, was writing to the CPU's ring (fentry tier).
	CausePreempted Cause = 7
	// CauseSpillFull: the event was recorded, but there was no room for it on
	// its way to a sink.
	CauseSpillFull Cause = 8
)

// NumCauses is one more than the largest cause; cause 0 is none that this
// build knows.
const NumCauses = 9

// AllCPUs is the CPU of gaps that cannot be told apart by CPU.
const AllCPUs = -1

// Header is the environment of a recording, written once at the start of the
// file as JSON. Times are CLOCK_BOOTTIME nanoseconds unless named otherwise.
type Header struct {
	FormatVersion int            `json:"format_version"`
	SchemaVersion int            `json:"schema_version"`
	RecordingID   string         `json:"recording_id"` // UUID; event id = (recording_id, cpu, seq)
	Recorder      string         `json:"recorder"`     // name and version of the writing program
	Columns       []HeaderColumn `json:"columns"`
	Host          string         `json:"host,omitempty"`
	Kernel        string         `json:"kernel,omitempty"` // uname -r and -v
	Machine       string         `json:"machine,omitempty"`
	BootID        string         `json:"boot_id,omitempty"`
	CPUs          int            `json:"cpus,omitempty"`
	PIDNamespace  uint64         `json:"pid_namespace,omitempty"`
	Start         Clock          `json:"start"`
	Probe         Probe          `json:"probe"`
	Filters       []string       `json:"filters,omitempty"` // as given, one expression each; events outside were not recorded
	CommandLine   []string       `json:"command_line,omitempty"`
	Limits        Limits         `json:"limits"`
}

// HeaderColumn is a column as the file describes itself.
type HeaderColumn struct {
	ID    schema.ColumnID `json:"id"`
	Name  string          `json:"name"`
	Table schema.Table    `json:"table"`
	Kind  schema.Kind     `json:"kind"`
	Type  string          `json:"type"`
	Unit  string          `json:"unit,omitempty"`
	Tags  string          `json:"tags,omitempty"`
}

// Probe is what watched, and what it could not see.
type Probe struct {
	Tier        string            `json:"tier"`
	Build       string            `json:"build,omitempty"` // of the tier's programs: typed, mixed or portable
	Calls       []string          `json:"calls,omitempty"` // names of the calls that were watched; none: sendmsg
	Paths       []string          `json:"paths,omitempty"` // ways into the kernel on which they were watched; none: unknown
	Hooks       []string          `json:"hooks,omitempty"`
	Unavailable map[string]string `json:"unavailable,omitempty"` // what this tier cannot see, and why
	Rejected    map[string]string `json:"rejected,omitempty"`    // better tiers that failed, and the kernel's words
}

// Limits are the recorder's bounds, in the units of their names.
type Limits struct {
	RingBytesPerCPU int           `json:"ring_bytes_per_cpu,omitempty"`
	NameBytes       int           `json:"name_bytes,omitempty"`
	ControlBytes    int           `json:"control_bytes,omitempty"`
	Iovecs          int           `json:"iovecs,omitempty"`
	SegmentEvents   int           `json:"segment_events,omitempty"`
	SegmentBytes    int           `json:"segment_bytes,omitempty"`
	FlushInterval   time.Duration `json:"flush_interval_ns,omitempty"`
}

// Clock pairs the clocks of the recording host at one moment, in nanoseconds.
// Wall time of an event is interpolated between the records around it.
type Clock struct {
	BoottimeNS  int64 `json:"boottime_ns"`
	RealtimeNS  int64 `json:"realtime_ns"`
	MonotonicNS int64 `json:"monotonic_ns"`
	TAINS       int64 `json:"tai_ns"`
}

// Gap is a hole in the recording.
type Gap struct {
	CPU      int   // or AllCPUs
	FirstSeq int64 // first missing seq; -1 when CPU is AllCPUs
	Count    int64 // number of missing events
	Cause    Cause
	// FirstNS and LastNS bound the time at which the missing calls returned
	// (or, for CauseNoState and CauseSkippedEntry, were entered).
	FirstNS, LastNS int64
	// UpperBound: Count may include events that the filter would have dropped.
	UpperBound bool
}

// CPUCounters is the account of one CPU since the start of the recording. A
// call is accounted on the CPU where it returned; while in flight, where it
// entered. Exactly, at any moment:
//
//	Seen = Filtered + Recorded + sum(Lost) + InFlight
type CPUCounters struct {
	CPU      int // or AllCPUs, for causes that the kernel does not count by CPU
	Seen     int64
	Filtered int64
	Recorded int64
	InFlight int64
	Lost     [NumCauses]int64
}

// Counters is a snapshot of all accounts.
type Counters struct {
	TimeNS int64
	CPUs   []CPUCounters
	// UpperBound: the SkippedEntry causes may include events that the filter
	// would have dropped.
	UpperBound bool
	// UnderWay is the number of calls that had entered before the probes were
	// attached and returned after; they are not part of Seen.
	UnderWay int64
	// Self is the number of the recorder's own calls, not part of Seen.
	Self int64
}

// SeqRange is the events of one CPU in a segment: First <= seq <= Last, Count
// of them present.
type SeqRange struct {
	CPU         int
	First, Last int64
	Count       int64
}
