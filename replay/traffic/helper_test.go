package traffic_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
	"github.com/sendmsgrec/sendmsgrec/replay/order"
	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// event is the columns of a recorded call that are not null: int64, []byte or
// []int64.
type event map[schema.ColumnID]any

// with returns the event with other values; nil is null.
func (e event) with(id schema.ColumnID, v any) event {
	e = maps.Clone(e)
	if e[id] = v; v == nil {
		delete(e, id)
	}
	return e
}

// The recorded addresses of the tests.
var (
	recordedIP   = []byte{192, 0, 2, 7}
	recordedName = append(binary.NativeEndian.AppendUint16(nil, schema.FamilyInet), 0, 53, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0)
)

// send is a sendmsg of one iovec by a thread on a connected socket.
func send(family, socketType, tid, inode, size int64) event {
	e := event{
		schema.ColDurationNS: int64(1000), schema.ColRet: size, schema.ColRequestedBytes: size, schema.ColIovLen: []int64{size},
		schema.ColPID: int64(100), schema.ColTID: tid, schema.ColStartTimeNS: int64(5),
		schema.ColCall: int64(schema.CallSendmsg), schema.ColABI: int64(schema.ABI64), schema.ColFlags: int64(0), schema.ColMsgIovlen: int64(1),
		schema.ColSocketFamily: family, schema.ColSocketType: socketType, schema.ColSocketInode: inode,
	}
	if family == schema.FamilyUnix {
		return e.with(schema.ColRemotePath, []byte("/recorded"))
	}
	e[schema.ColSocketProtocol] = int64(6)
	if socketType == schema.SocketDgram {
		e[schema.ColSocketProtocol] = int64(17)
	}
	e[schema.ColLocalPort], e[schema.ColRemoteAddress], e[schema.ColRemotePort] = 30000+inode, recordedIP, int64(80)
	return e
}

// iovecs makes the event one of so many iovecs.
func (e event) iovecs(lens ...int64) event {
	total := int64(0)
	for _, n := range lens {
		total += n
	}
	e = e.with(schema.ColIovLen, lens[:min(len(lens), 8)]).with(schema.ColMsgIovlen, int64(len(lens)))
	return e.with(schema.ColRequestedBytes, total).with(schema.ColRet, total)
}

// control gives the event control messages.
func (e event) control(control []byte) event {
	return e.with(schema.ColMsgControlPtr, int64(0x1000)).with(schema.ColControl, control).with(schema.ColMsgControllen, int64(len(control)))
}

// cmsg returns a control message as a 64-bit program writes it.
func cmsg(level, typ uint32, data []byte) []byte {
	n := 16 + len(data)
	b := make([]byte, (n+7)&^7)
	binary.NativeEndian.PutUint64(b, uint64(n))
	binary.NativeEndian.PutUint32(b[8:], level)
	binary.NativeEndian.PutUint32(b[12:], typ)
	copy(b[16:], data)
	return b
}

// recording returns a recording of the events, gapNS apart where they say no
// time.
func recording(t testing.TB, gapNS int64, events ...event) order.Input {
	t.Helper()
	b := &segment.Block{}
	for i, e := range events {
		for table := range schema.NumTables {
			b.Rows[table] = i + 1
		}
		e = e.with(schema.ColCPU, int64(0)).with(schema.ColSeq, int64(i))
		if e[schema.ColTimeNS] == nil {
			e[schema.ColTimeNS] = 3_600_000_000_000 + int64(i)*gapNS
		}
		for _, c := range schema.All() {
			v := &b.Cols[c.ID]
			value, ok := e[c.ID]
			if c.IsRef() {
				value, ok = int64(i), true
			}
			if !ok {
				v.SetNull(i)
			}
			switch c.Kind {
			case schema.KindBytes:
				raw, _ := value.([]byte)
				v.AppendBytes(raw)
			case schema.KindIntList:
				list, _ := value.([]int64)
				v.Ints = append(v.Ints, list...)
				v.EndList()
			default:
				n, _ := value.(int64)
				v.Ints = append(v.Ints, n)
			}
		}
	}
	var out bytes.Buffer
	w, err := segment.NewWriter(&out, gen.Options{}.Header())
	if err != nil {
		t.Fatal(err)
	}
	var encoded segment.Encoded
	meta := segment.SegmentMeta{Ranges: []segment.SeqRange{{CPU: 0, First: 0, Last: int64(len(events) - 1), Count: int64(len(events))}}}
	if err := segment.NewEncoder(w.FileID()).Encode(&encoded, b, meta); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSegment(&encoded); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(&segment.End{Reason: "duration"}); err != nil {
		t.Fatal(err)
	}
	return open(t, out.Bytes())
}

// open opens a recording in memory.
func open(t testing.TB, file []byte) order.Input {
	t.Helper()
	r, err := segment.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := order.Scan(r)
	if err != nil {
		t.Fatal(err)
	}
	return order.Input{Reader: r, Directory: d}
}

// generated returns a recording of the realistic mix.
func generated(t testing.TB, events int64) order.Input {
	t.Helper()
	var b bytes.Buffer
	if _, err := gen.Write(&b, gen.Options{Events: events, Seed: 3, SegmentEvents: 500, CPUs: 3}); err != nil {
		t.Fatal(err)
	}
	return open(t, b.Bytes())
}

// options are those of a replay of the input, as fast as it goes.
func options(t testing.TB, in order.Input, maps ...string) traffic.Options {
	t.Helper()
	o := traffic.Options{Inputs: []order.Input{in}}
	o.Pace.Unpaced = true
	for _, text := range maps {
		if err := o.Map.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// account checks that every event is accounted for.
func account(t testing.TB, r *traffic.Report) {
	t.Helper()
	sum := r.All.Sent + r.All.Failed + r.Unsent
	for _, n := range r.LeftOut {
		sum += n
	}
	if sum != r.Events {
		t.Errorf("%d events, but %d sent, %d failed, %d unsent, left out: %v", r.Events, r.All.Sent, r.All.Failed, r.Unsent, r.LeftOut)
	}
	var sent, failed int64
	for i := range r.Maps {
		sent, failed = sent+r.Maps[i].Sent, failed+r.Maps[i].Failed
	}
	if sent != r.All.Sent || failed != r.All.Failed {
		t.Errorf("%d sent and %d failed in all, %d and %d of the mappings", r.All.Sent, r.All.Failed, sent, failed)
	}
}
