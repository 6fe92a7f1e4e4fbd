package segment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// load makes blocks that look like what a recorder drains: batches by CPU,
// sequence numbers without holes, entry times that are nearly in order.
type load struct {
	r     *rand.Rand
	cpus  int
	batch int
	tasks int
	seq   []int64
	now   []int64
	drift float64 // mean ns between two calls of a CPU
	nulls bool    // some rows have no value
	// related: not all calls are sendmsg, and the columns of schema version 2
	// have values.
	related bool
	// watched: the recording says what it covers, at its start and end.
	watched bool
}

// uniformLoad is one program in a loop on each of two CPUs, at full speed.
func uniformLoad() *load {
	return &load{r: rand.New(rand.NewPCG(1, 2)), cpus: 2, batch: 1500, tasks: 2, drift: 900,
		seq: make([]int64, 2), now: []int64{1e12, 1e12}}
}

// mixedLoad is a host with many programs, sockets and message sizes.
func mixedLoad() *load {
	return &load{r: rand.New(rand.NewPCG(3, 4)), cpus: 2, batch: 20, tasks: 60, drift: 20000,
		seq: make([]int64, 2), now: []int64{1e12, 1e12}}
}

func (l *load) logNormal(mean, sigma float64) int64 {
	return int64(mean * math.Exp(sigma*l.r.NormFloat64()))
}

// fill makes b a block of rows events and returns what goes with it.
func (l *load) fill(b *Block, rows int) SegmentMeta {
	b.Reset()
	var m SegmentMeta
	uniform := l.tasks <= 2
	tasks := min(l.tasks, rows)
	kinds := 1
	if !uniform {
		kinds = 5 * tasks // calls, sockets and iovecs of a task
	}
	b.Rows = [schema.NumTables]int{rows, tasks, kinds, kinds, 1, 1}
	ints := func(id schema.ColumnID, v int64) { b.Cols[id].Ints = append(b.Cols[id].Ints, v) }
	first := append([]int64(nil), l.seq...)
	cpu := l.r.IntN(l.cpus)
	left := l.batch
	for range rows {
		if left == 0 {
			cpu, left = (cpu+1)%l.cpus, 1+l.r.IntN(2*l.batch)
		}
		left--
		task, kind := cpu%tasks, 0
		if !uniform {
			task = min(tasks-1, int(float64(tasks)*l.r.ExpFloat64()/6))
			kind = 5*task + min(4, int(l.r.ExpFloat64()))
		}
		duration := l.logNormal(600, 0.3)
		size := int64(64)
		if !uniform {
			duration = l.logNormal(2000, 0.8)
			size = 32 + int64(kind*131%400)
			if kind%3 == 0 {
				size = l.logNormal(300, 0.7)
			}
		}
		l.now[cpu] += l.logNormal(l.drift, 0.2)
		ints(schema.ColCPU, int64(cpu))
		ints(schema.ColSeq, l.seq[cpu])
		l.seq[cpu]++
		ints(schema.ColTimeNS, l.now[cpu])
		ints(schema.ColDurationNS, duration)
		ints(schema.ColRet, size)
		ints(schema.ColRequestedBytes, size)
		ints(schema.ColSndbufUsed, int64(kind%4)*768)
		base, length := &b.Cols[schema.ColIovBase], &b.Cols[schema.ColIovLen]
		for i := range 1 + kind%3%2 {
			base.Ints = append(base.Ints, 0x7f0000001000+int64(kind)*0x5550+int64(i)*8)
			length.Ints = append(length.Ints, size)
		}
		base.EndList()
		length.EndList()
		ints(schema.ColTOCTOU, 0)
		ints(schema.ColTaskRef, int64(task))
		ints(schema.ColSocketRef, int64(kind))
		ints(schema.ColCallRef, int64(kind))
		ints(schema.ColNameRef, 0)
		ints(schema.ColControlRef, 0)
	}
	l.tables(b, tasks, kinds)
	if l.related {
		relate(b, rows, kinds)
	}
	for row := 7; l.nulls && row < rows; row += 97 {
		for _, id := range []schema.ColumnID{schema.ColDurationNS, schema.ColRet, schema.ColSndbufUsed} {
			b.Cols[id].Ints[row] = 0
			b.Cols[id].SetNull(row)
		}
	}
	for c := range l.cpus {
		if l.seq[c] > first[c] {
			m.Ranges = append(m.Ranges, SeqRange{c, first[c], l.seq[c] - 1, l.seq[c] - first[c]})
		}
	}
	m.Counters = &Counters{TimeNS: l.now[0]}
	for c := range l.cpus {
		m.Counters.CPUs = append(m.Counters.CPUs, CPUCounters{CPU: c, Seen: l.seq[c], Recorded: l.seq[c]})
	}
	return m
}

func (l *load) tables(b *Block, tasks, kinds int) {
	ints := func(id schema.ColumnID, v int64) { b.Cols[id].Ints = append(b.Cols[id].Ints, v) }
	for i := range tasks {
		ints(schema.ColPID, int64(4000+i*7/3))
		ints(schema.ColTID, int64(4000+i*7/2))
		ints(schema.ColUID, 1000)
		ints(schema.ColGID, 1000)
		b.Cols[schema.ColComm].AppendBytes(fmt.Appendf(nil, "worker-%d", i%9))
		ints(schema.ColStartTimeNS, 5e9+int64(i)*1234567)
		ints(schema.ColCgroupID, 77)
		ints(schema.ColNetns, 4026531840)
	}
	for i := range kinds {
		ints(schema.ColSocketFamily, 2)
		ints(schema.ColSocketType, 1)
		ints(schema.ColSocketProtocol, 6)
		ints(schema.ColSocketInode, 50000+int64(i)*13)
		if l.nulls && i%4 == 1 {
			b.Cols[schema.ColLocalAddress].AppendBytes(nil)
			b.Cols[schema.ColLocalAddress].SetNull(i)
		} else {
			b.Cols[schema.ColLocalAddress].AppendBytes([]byte{10, 0, 0, 5})
		}
		ints(schema.ColLocalPort, 33000+int64(i)*977%20000)
		b.Cols[schema.ColRemoteAddress].AppendBytes([]byte{10, 0, byte(i % 7), byte(i * 31)})
		ints(schema.ColRemotePort, 443)
		ints(schema.ColSndbufLimit, 212992)

		ints(schema.ColCall, schema.CallSendmsg)
		ints(schema.ColEntryPath, 1)
		ints(schema.ColABI, 1)
		ints(schema.ColOrigin, 1)
		ints(schema.ColSockfd, 3+int64(i)*7%90)
		ints(schema.ColMsgPtr, 0x7ffe00001000+int64(i)*0x7770)
		ints(schema.ColFlags, 0x4000)
		for _, id := range []schema.ColumnID{schema.ColMsgNamePtr, schema.ColMsgNamelen, schema.ColMsgControlPtr,
			schema.ColMsgControllen, schema.ColMsgFlags} {
			ints(id, 0)
		}
		ints(schema.ColMsgIovPtr, 0x7ffe00000f00+int64(i)*0x7770)
		ints(schema.ColMsgIovlen, 1+int64(i)%3%2)
		for _, id := range []schema.ColumnID{schema.ColMsghdrSource, schema.ColNameSource, schema.ColIovSource,
			schema.ColControlSource, schema.ColSocketSource} {
			ints(id, int64(schema.SourceEntry))
		}
	}
	// One null row each: most messages have no name and no control.
	b.Cols[schema.ColName].AppendBytes(nil)
	b.Cols[schema.ColName].SetNull(0)
	b.Cols[schema.ColControl].AppendBytes(nil)
	b.Cols[schema.ColControl].SetNull(0)
}

// relate makes each call one of those of schema.CallEnum, and gives the columns
// that came with schema version 2 values in some rows.
func relate(b *Block, rows, kinds int) {
	set := func(id schema.ColumnID, row int, present bool, v int64) {
		if !present {
			v = 0
			b.Cols[id].SetNull(row)
		}
		b.Cols[id].Ints = append(b.Cols[id].Ints, v)
	}
	call := func(kind int) int64 { return schema.CallSendmsg + int64(kind)%7 }
	for kind := range kinds {
		c := call(kind)
		b.Cols[schema.ColCall].Ints[kind] = c
		set(schema.ColVlen, kind, c == schema.CallSendmmsg || c == schema.CallRecvmmsg, 2+int64(kind))
		set(schema.ColInFd, kind, c == schema.CallSendfile, 4+int64(kind))
		set(schema.ColOffsetPtr, kind, c == schema.CallSendfile, 0x7ffe00002000+int64(kind)*8)
		set(schema.ColIOOpcode, kind, kind%5 == 0, schema.IOOpSendmsg)
	}
	for row := range rows {
		kind := int(b.Cols[schema.ColCallRef].Ints[row])
		c := call(kind)
		set(schema.ColVectorIndex, row, c == schema.CallSendmmsg || c == schema.CallRecvmmsg, int64(row%3))
		set(schema.ColOutcome, row, true, schema.OutcomeReturned+int64(row%13/11))
		set(schema.ColAttemptOf, row, row%9 == 5, int64(row/9))
		set(schema.ColAttemptOfCPU, row, row%9 == 5, int64(row%2))
		set(schema.ColTimeoutNS, row, c == schema.CallRecvmmsg && row%2 == 0, int64(row)*1e6)
		set(schema.ColOffset, row, c == schema.CallSendfile, int64(row)*4096)
		set(schema.ColOutNamelen, row, schema.Receives(c), 16)
		set(schema.ColOutControllen, row, schema.Receives(c), int64(row%4)*24)
		set(schema.ColOutMsgFlags, row, c == schema.CallRecvmsg || c == schema.CallRecvmmsg, int64(row%2)*0x20)
		set(schema.ColIOUserData, row, kind%5 == 0, 0x5550000+int64(row))
		set(schema.ColIOQueueNS, row, kind%5 == 0, 900+int64(row)*37%500)
		set(schema.ColIOExecNS, row, kind%5 == 0, 4000+int64(row)*91%3000)
		set(schema.ColIOWorkerTID, row, kind%10 == 0, 5000+int64(row%2))
	}
}
