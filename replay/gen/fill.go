package gen

import (
	"math/rand/v2"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Filler fills blocks from plans. One goroutine uses it at a time.
type Filler struct {
	o       Options
	tasks   *interner
	sockets *interner
	calls   *interner
	names   *interner
	control *interner
	load    load
	ranges  []segment.SeqRange
}

// load is what differs between the realistic mix and the uniform one.
type load interface {
	// start is called before the first row of every segment.
	start(rng *rand.Rand, cpus int)
	// next draws the next call that returns on cpu.
	next(rng *rand.Rand, cpu int, s *sample)
}

// sample is one call, as the load draws it.
type sample struct {
	program    *program
	thread     int64
	taskID     int
	socket     int // id, or -1
	call       callRow
	callID     int
	name       int // id, or nameNone
	durationNS int64
	noReturn   bool
	ret        int64
	iovBase    [3]int64
	iovLen     [3]int64
	sndbufUsed int64
	toctou     int64
}

// The worlds are read-only after start.
var (
	worldNames    = makeNames()
	worldControls = makeControls()
)

// NewFiller returns a filler for recordings made with o.
func NewFiller(o Options) *Filler {
	o = o.withDefaults()
	f := &Filler{
		o: o, tasks: newInterner(numTasks), sockets: newInterner(numSockets + 1),
		calls: newInterner(numCalls), names: newInterner(nameCount + 1), control: newInterner(controlCount + 1),
	}
	if o.Uniform {
		f.load = newUniform()
	} else {
		f.load = newMix()
	}
	return f
}

// batchRows is the number of events that one CPU's ring gives in a row.
const batchRows = 256

// Fill resets b and fills it with the segment of plan p. The ranges in the
// returned meta are valid until the next call.
func (f *Filler) Fill(b *segment.Block, p *Plan) segment.SegmentMeta {
	b.Reset()
	rng := rand.New(rand.NewPCG(f.o.Seed, hash(f.o.Seed+1, uint64(p.Index))))
	for _, t := range []*interner{f.tasks, f.sockets, f.calls, f.names, f.control} {
		t.reset()
	}
	f.load.start(rng, f.o.CPUs)
	span := p.EndNS - p.StartNS
	var s sample
	for done := 0; b.Rows[schema.TableEvent] < p.Events; done += batchRows {
		for cpu := range f.o.CPUs {
			rows := rowsOf(cpu, p.Events, f.o.CPUs)
			for j := done; j < min(done+batchRows, rows); j++ {
				f.load.next(rng, cpu, &s)
				exitNS := p.StartNS + (int64(j)*span+rng.Int64N(span))/int64(rows)
				f.appendEvent(b, int64(cpu), p.FirstSeq[cpu]+int64(j), exitNS, &s)
			}
		}
	}
	for _, t := range []struct {
		table schema.Table
		of    *interner
	}{
		{schema.TableTask, f.tasks}, {schema.TableSocket, f.sockets}, {schema.TableCall, f.calls},
		{schema.TableName, f.names}, {schema.TableControl, f.control},
	} {
		b.Rows[t.table] = t.of.rows
	}
	return f.meta(p)
}

func (f *Filler) meta(p *Plan) segment.SegmentMeta {
	f.ranges = f.ranges[:0]
	for cpu := range f.o.CPUs {
		if n := int64(rowsOf(cpu, p.Events, f.o.CPUs)); n > 0 {
			f.ranges = append(f.ranges, segment.SeqRange{
				CPU: cpu, First: p.FirstSeq[cpu], Last: p.FirstSeq[cpu] + n - 1, Count: n,
			})
		}
	}
	return segment.SegmentMeta{Ranges: f.ranges, Counters: countersAt(f.o, p)}
}

func (f *Filler) appendEvent(b *segment.Block, cpu, seq, exitNS int64, s *sample) {
	row := b.Rows[schema.TableEvent]
	b.Rows[schema.TableEvent] = row + 1
	t := table{b, row}
	t.int(schema.ColCPU, cpu)
	t.int(schema.ColSeq, seq)
	if s.noReturn {
		t.int(schema.ColTimeNS, exitNS)
		t.nullInt(schema.ColDurationNS)
		t.nullInt(schema.ColRet)
		t.int(schema.ColOutcome, schema.OutcomeInFlight)
	} else {
		t.int(schema.ColTimeNS, exitNS-s.durationNS)
		t.int(schema.ColDurationNS, s.durationNS)
		t.int(schema.ColRet, s.ret)
		t.int(schema.ColOutcome, schema.OutcomeReturned)
	}
	appendIov(t, s)
	if s.socket >= 0 {
		t.int(schema.ColSndbufUsed, s.sndbufUsed)
	} else {
		t.nullInt(schema.ColSndbufUsed)
	}
	t.nullInt(schema.ColAttemptOf)
	t.int(schema.ColTOCTOU, s.toctou)
	f.appendRefs(t, s)
}

func appendIov(t table, s *sample) {
	base, length := &t.b.Cols[schema.ColIovBase], &t.b.Cols[schema.ColIovLen]
	if s.call.badMsghdr {
		t.nullInt(schema.ColRequestedBytes)
		base.SetNull(t.row)
		length.SetNull(t.row)
	} else {
		requested := int64(0)
		for i := range s.call.iovlen {
			requested += s.iovLen[i]
			base.Ints = append(base.Ints, s.iovBase[i])
			length.Ints = append(length.Ints, s.iovLen[i])
		}
		t.int(schema.ColRequestedBytes, requested)
	}
	base.EndList()
	length.EndList()
}

// appendRefs sets the event's refs, and appends the table rows that it is the
// first to refer to. The null row of a table has the id after the last.
func (f *Filler) appendRefs(t table, s *sample) {
	ref := func(of *interner, c schema.ColumnID, id int) (table, bool) {
		row, fresh := of.ref(id)
		t.int(c, row)
		return table{t.b, int(row)}, fresh
	}
	if r, fresh := ref(f.tasks, schema.ColTaskRef, s.taskID); fresh {
		appendTask(r, s.program, s.thread)
	}
	if s.socket >= 0 {
		if r, fresh := ref(f.sockets, schema.ColSocketRef, s.socket); fresh {
			appendSocket(r, s.call.kind, s.socket)
		}
	} else if r, fresh := ref(f.sockets, schema.ColSocketRef, numSockets); fresh {
		appendNoSocket(r)
	}
	if r, fresh := ref(f.calls, schema.ColCallRef, s.callID); fresh {
		appendCall(r, s.call)
	}
	appendRaw(ref, f.names, schema.ColNameRef, schema.ColName, s.name, worldNames)
	appendRaw(ref, f.control, schema.ColControlRef, schema.ColControl, s.call.control, worldControls)
}

func appendRaw(ref func(*interner, schema.ColumnID, int) (table, bool), of *interner, refColumn, column schema.ColumnID, id int, values [][]byte) {
	if id < 0 {
		if r, fresh := ref(of, refColumn, len(values)); fresh {
			r.nullBytes(column)
		}
		return
	}
	if r, fresh := ref(of, refColumn, id); fresh {
		r.bytes(column, values[id])
	}
}
