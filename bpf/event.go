package bpf

// Limits of a record, as in event.h.
const (
	NameMax    = 128
	IovMax     = 8
	ControlMax = 4096
	PathMax    = 108
	CommLen    = 16

	// RequestedUnknown is RequestedBytes of a call whose iovecs could not be
	// summed.
	RequestedUnknown = -1
)

// Iovec mirrors struct event_iovec.
type Iovec struct {
	Base uint64
	Len  uint64
}

// Task mirrors struct event_task. It has no unset bytes and can be compared.
type Task struct {
	PID, TID    uint32
	UID, GID    uint32
	Comm        [CommLen]byte
	StartTimeNS uint64
	CgroupID    uint64
	Netns       uint64
}

// Call mirrors struct event_call_args. The sources are schema.Source values.
type Call struct {
	Sockfd        int32
	Flags         uint32
	MsgPtr        uint64
	MsgNamePtr    uint64
	MsgNamelen    int32
	MsgFlags      uint32
	MsgIovPtr     uint64
	MsgIovlen     uint64
	MsgControlPtr uint64
	MsgControllen uint64
	MsghdrSource  uint8
	NameSource    uint8
	IovSource     uint8
	ControlSource uint8
	SocketSource  uint8
	Call          uint8
	EntryPath     uint8
	ABI           uint8
	Origin        uint8
	_             [7]uint8
}

// Socket mirrors struct event_socket: all zero without a socket.
type Socket struct {
	Family        uint16
	Type          uint16
	Protocol      uint16
	LocalPort     uint16 // host byte order
	RemotePort    uint16 // host byte order
	HasPeer       uint8
	_             uint8
	PeerPID       uint32 // 0 is none
	Inode         uint64
	SndbufLimit   uint32
	_             uint32
	LocalAddress  [16]byte
	RemoteAddress [16]byte
}

// The bits of Extra.Present, as enum event_extra_present.
const (
	ExtraAttempt   = 1   // AttemptOf, AttemptOfCPU
	ExtraVector    = 2   // VectorIndex, Vlen
	ExtraFile      = 4   // InFD, OffsetPtr
	ExtraOffset    = 8   // Offset
	ExtraOutName   = 16  // OutNamelen
	ExtraOutMsghdr = 32  // OutMsgFlags, OutControllen
	ExtraIO        = 64  // IOUserData, IOQueueNS, IOOpcode
	ExtraIOExec    = 128 // IOExecNS, IOWorkerTID
)

// Extra mirrors struct event_extra: what only some calls have. Present says
// which fields mean something.
type Extra struct {
	AttemptOf     int64
	AttemptOfCPU  int32
	VectorIndex   int32
	Vlen          uint32
	InFD          int32
	OffsetPtr     uint64
	Offset        int64
	OutControllen uint64
	OutNamelen    int32
	OutMsgFlags   uint32
	IOUserData    uint64
	IOQueueNS     uint64
	IOExecNS      uint64
	IOWorkerTID   uint32
	IOOpcode      uint8
	Present       uint8
	_             [2]uint8
}

// Groups mirrors struct event_groups: what mostly repeats from a call to the
// next one on its CPU.
type Groups struct {
	Task   Task
	Call   Call
	Socket Socket
}

// Event mirrors struct event: the fixed part of a record. The others follow it
// in memory (see event.h).
type Event struct {
	ControlCaptured uint16
	NameCaptured    uint8
	IovCaptured     uint8
	LocalPathLen    uint8
	RemotePathLen   uint8
	Extra           uint8 // 1: there is an Extra
	Outcome         uint8 // schema.OutcomeReturned and so on
	Size            uint32
	Same            uint8 // 1: there are no Groups
	_               [3]uint8
	Seq             uint64
	TimeNS          uint64 // entry, CLOCK_BOOTTIME
	DurationNS      uint64
	Ret             int64
	RequestedBytes  int64 // or RequestedUnknown
	SndbufUsed      int64 // -1 without a socket
}

// The sizes of an Event, of its Groups, and of an Extra, in bytes.
const (
	EventSize  = 64
	GroupsSize = 200
	ExtraSize  = 88
)

// Counters mirrors struct counters; event.h says how they add up.
type Counters struct {
	Entered         uint64
	Filtered        uint64
	Returned        uint64
	Seq             uint64
	LostRingFull    uint64
	LostNoState     uint64
	LostSkippedExit uint64
	MovedIn         uint64
	MovedOut        uint64
	UnderWay        uint64
	Self            uint64
	Unmarked        uint64
	LostPreempted   uint64
	// PreemptedNumbered is how many of LostPreempted Seq counts; in what
	// Ring.Counters returns, all.
	PreemptedNumbered uint64
	Sends             uint64
	UnexplainedOthers uint64
}
