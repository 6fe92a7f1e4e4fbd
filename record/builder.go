package record

import (
	"iter"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// eventBytes estimates what one row of the event table takes in memory.
const eventBytes = 17 * 8

// builder appends events to the columns of a block. It writes the event
// table's columns through slices of their final length and sets the vectors'
// lengths in finish; rows of the other tables are rare and appended one by
// one. A builder belongs to the drain goroutine.
type builder struct {
	block   *segment.Block
	maxRows int
	rows    int
	bytes   int // estimate of what the block holds

	seq, timeNS, duration         []int64
	cpu, outcome                  runs
	ret, requested, sndbufUsed    runs
	task, socket, call, name, ctl runs
	iov                           iovecs

	tasks, sockets, calls, names, controls internTable
	key                                    []byte // of a socket with paths, of a call with an Extra
}

// lastRows is what the previous event of a CPU was of, and the rows of that in
// the current block's tables: most events equal their predecessor there.
type lastRows struct {
	task, socket, call, name, control int32

	lengths eventLengths
	groups  bpf.Groups
}

// eventLengths is the event's first 8 bytes: the lengths of its parts.
type eventLengths uint64

// forget is for a new block, whose tables are empty.
func (l *lastRows) forget() {
	l.task, l.socket, l.call, l.name, l.control = noRow, noRow, noRow, noRow, noRow
}

func newBuilder(maxRows int) *builder {
	return &builder{
		maxRows: maxRows,
		tasks:   newInternTable(), sockets: newInternTable(), calls: newInternTable(),
		names: newInternTable(), controls: newInternTable(),
	}
}

// begin starts an empty block. The caller must have all lastRows forget.
func (b *builder) begin(block *segment.Block) {
	block.Reset()
	b.block, b.rows, b.bytes = block, 0, 0
	for column, values := range b.eventColumns() {
		*values = sized(block.Cols[column].Ints, b.maxRows)
	}
	for column, values := range b.repeating() {
		values.begin(&block.Cols[column], b.maxRows)
	}
	b.iov.begin(&block.Cols[schema.ColIovBase], &block.Cols[schema.ColIovLen], b.maxRows)
	for _, t := range b.tables() {
		t.reset()
	}
}

// finish completes the block's columns.
func (b *builder) finish() {
	for column, values := range b.eventColumns() {
		b.block.Cols[column].Ints = (*values)[:b.rows]
	}
	for column, values := range b.repeating() {
		values.finish(&b.block.Cols[column], b.rows)
	}
	cols := &b.block.Cols
	b.iov.finish(&cols[schema.ColIovBase], &cols[schema.ColIovLen], b.rows)

	// No probe tier judges TOCTOU: unknown in every row.
	cols[schema.ColTOCTOU].Ints = append(cols[schema.ColTOCTOU].Ints[:0], 0)
	b.finishExtra()

	b.block.Rows[schema.TableEvent] = b.rows
	for table, t := range b.tables() {
		b.block.Rows[schema.TableTask+schema.Table(table)] = len(t.rows)
	}
}

// eventColumns yields the columns of the event table that append writes by
// index.
func (b *builder) eventColumns() iter.Seq2[schema.ColumnID, *[]int64] {
	return func(yield func(schema.ColumnID, *[]int64) bool) {
		_ = yield(schema.ColSeq, &b.seq) && yield(schema.ColTimeNS, &b.timeNS) &&
			yield(schema.ColDurationNS, &b.duration)
	}
}

// repeating yields the columns of the event table that append sets by runs.
func (b *builder) repeating() iter.Seq2[schema.ColumnID, *runs] {
	return func(yield func(schema.ColumnID, *runs) bool) {
		_ = yield(schema.ColCPU, &b.cpu) && yield(schema.ColOutcome, &b.outcome) &&
			yield(schema.ColRet, &b.ret) && yield(schema.ColRequestedBytes, &b.requested) &&
			yield(schema.ColSndbufUsed, &b.sndbufUsed) &&
			yield(schema.ColTaskRef, &b.task) && yield(schema.ColSocketRef, &b.socket) &&
			yield(schema.ColCallRef, &b.call) && yield(schema.ColNameRef, &b.name) &&
			yield(schema.ColControlRef, &b.ctl)
	}
}

// tables returns the intern tables in the order of schema.TableTask and on.
func (b *builder) tables() [schema.NumTables - 1]*internTable {
	return [...]*internTable{&b.tasks, &b.sockets, &b.calls, &b.names, &b.controls}
}

// append adds one event as the next row. There must be room for it. last is
// the state of the event's CPU.
func (b *builder) append(cpu int, e *bpf.Event, last *lastRows) {
	row := b.rows
	b.rows++
	b.bytes += eventBytes

	b.seq[row] = int64(e.Seq)
	b.timeNS[row] = int64(e.TimeNS)
	duration, ret := int64(e.DurationNS), e.Ret
	if e.Outcome == schema.OutcomeInFlight {
		duration, ret = 0, 0
		b.block.Cols[schema.ColDurationNS].SetNull(row)
		b.block.Cols[schema.ColRet].SetNull(row)
	}
	b.duration[row] = duration
	requested, sndbufUsed := e.RequestedBytes, e.SndbufUsed
	if requested == bpf.RequestedUnknown {
		requested = 0
		b.block.Cols[schema.ColRequestedBytes].SetNull(row)
	}
	if sndbufUsed < 0 {
		sndbufUsed = 0
		b.block.Cols[schema.ColSndbufUsed].SetNull(row)
	}
	b.cpu.set(row, int64(cpu))
	b.outcome.set(row, int64(e.Outcome))
	b.ret.set(row, ret)
	b.requested.set(row, requested)
	b.sndbufUsed.set(row, sndbufUsed)
	lengths := *(*eventLengths)(unsafe.Pointer(e))
	changed := last.task == noRow || lengths != last.lengths
	if g := e.Groups(); g != nil && *words(g) != *words(&last.groups) {
		last.groups = *g
		changed = true
	}
	g := &last.groups
	b.appendIovecs(row, e, &g.Call)
	if e.Extra != 0 {
		b.appendExtra(row, e.ExtraPart(), g.Call.Call)
	}

	// Events without a name, control bytes or paths that equal their
	// predecessor need no look into the tables.
	if changed {
		last.lengths = lengths
		last.task = b.taskRow(g, last.task)
		last.call = b.callRow(e, g, last.call)
		last.socket = b.socketRow(e, g, last.socket)
		last.name = b.nameRow(e, g, last.name)
		last.control = b.controlRow(e, g, last.control)
	} else {
		if e.Extra != 0 {
			last.call = b.callRow(e, g, last.call)
		}
		if e.LocalPathLen|e.RemotePathLen != 0 {
			last.socket = b.socketRow(e, g, last.socket)
		}
		if e.NameCaptured != 0 {
			last.name = b.nameRow(e, g, last.name)
		}
		if e.ControlCaptured != 0 {
			last.control = b.controlRow(e, g, last.control)
		}
	}
	b.task.set(row, int64(last.task))
	b.call.set(row, int64(last.call))
	b.socket.set(row, int64(last.socket))
	b.name.set(row, int64(last.name))
	b.ctl.set(row, int64(last.control))
}

// appendIovecs adds the row's lists. They are null when the array was not
// read, and empty when there is none.
func (b *builder) appendIovecs(row int, e *bpf.Event, c *bpf.Call) {
	// An array that faulted after some entries has those.
	if e.IovCaptured == 0 && !has(c.IovSource) &&
		(!absent(c.IovSource) || !has(c.MsghdrSource) || c.MsgIovlen != 0) {
		b.block.Cols[schema.ColIovBase].SetNull(row)
		b.block.Cols[schema.ColIovLen].SetNull(row)
	}
	b.iov.add(row, e.Iovecs())
	b.bytes += 16 * int(e.IovCaptured)
}

// has reports whether a field with this source has a value.
func has(source uint8) bool {
	const with = 1<<schema.SourceEntry | 1<<schema.SourceKernelCopy | 1<<schema.SourceExit |
		1<<schema.SourceTruncated | 1<<schema.SourceRaced
	return with>>source&1 != 0
}

// absent reports whether there was nothing to read.
func absent(source uint8) bool { return source == uint8(schema.SourceNull) }

// bytesOf returns the memory of one of an event's groups, which has no unset
// bytes (event.h), as a key to compare.
func bytesOf[T bpf.Task | bpf.Call | bpf.Socket | callExtra](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// words returns the memory of the groups as something that compares fast.
func words(g *bpf.Groups) *[bpf.GroupsSize / 8]uint64 {
	return (*[bpf.GroupsSize / 8]uint64)(unsafe.Pointer(g))
}

// sized returns s with length n, with new memory only when s is too small.
// New memory is zero; old memory keeps what it held.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
