package protobuf

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// noticeMessages are the messages of what is no event. Their fields are those
// of the JSON objects.
func noticeMessages() []*descriptorpb.DescriptorProto {
	return []*descriptorpb.DescriptorProto{
		withPresence(message("Gap", optional(field("cpu", 1, typeSint64)), field("count", 2, typeSint64), field("cause", 3, typeString),
			optional(field("first_seq", 4, typeSint64)), field("first_ns", 5, typeSint64), field("last_ns", 6, typeSint64),
			field("first_wall_ns", 7, typeSfixed64), field("last_wall_ns", 8, typeSfixed64), field("upper_bound", 9, typeBool))),
		withPresence(message("Damage", field("offset", 1, typeSint64), field("size_bytes", 2, typeSint64),
			optional(field("events", 3, typeSint64)), field("tail", 4, typeBool), field("error", 5, typeString))),
		message("Clock", field("boottime_ns", 1, typeSint64), field("realtime_ns", 2, typeSint64),
			field("monotonic_ns", 3, typeSint64), field("tai_ns", 4, typeSint64)),
		message("Coverage", field("from_ns", 1, typeSint64), field("to_ns", 2, typeSint64),
			repeated(ofType(field("ways", 3, typeMessage), "Way")), ofType(field("unexplained", 4, typeMessage), "Unexplained")),
		message("Way", field("path", 1, typeString), field("abi", 2, typeString), field("call", 3, typeString),
			repeated(field("hooks", 4, typeString)), field("why", 5, typeString)),
		message("Unexplained", field("counted", 1, typeBool), field("why", 2, typeString), field("sends", 3, typeSint64),
			field("unexplained", 4, typeSint64), repeated(ofType(field("processes", 5, typeMessage), "UnexplainedProcess")), field("others", 6, typeSint64)),
		message("UnexplainedProcess", field("pid", 1, typeSint64), field("comm", 2, typeString),
			field("sends", 3, typeSint64), field("bytes", 4, typeSint64)),
	}
}

// Notice appends what is no event: a *segment.Gap, *segment.Damage,
// *segment.Clock or *segment.Coverage. An id may be nil.
func (e *Encoder) Notice(dst []byte, item segment.Item, id []byte) []byte {
	e.body = e.body[:0]
	switch it := item.(type) {
	case *segment.Gap:
		e.body = e.appendGap(e.body, it)
		return e.record(dst, recordGap, e.wall, it.FirstNS, id)
	case *segment.Damage:
		e.body = appendDamage(e.body, it)
		return e.record(dst, recordDamage, nil, 0, id)
	case *segment.Clock:
		for i, v := range []int64{it.BoottimeNS, it.RealtimeNS, it.MonotonicNS, it.TAINS} {
			e.body = appendInt(e.body, protowire.Number(i+1), v)
		}
		return e.record(dst, recordClock, e.wall, it.BoottimeNS, id)
	case *segment.Coverage:
		e.body = appendCoverage(e.body, it)
		return e.record(dst, recordCoverage, e.wall, it.FromNS, id)
	}
	return dst
}

func (e *Encoder) appendGap(dst []byte, g *segment.Gap) []byte {
	if g.CPU != segment.AllCPUs {
		dst = appendInt(dst, 1, int64(g.CPU))
	}
	dst = appendInt(dst, 2, g.Count)
	dst = appendText(dst, 3, g.Cause.String())
	if g.FirstSeq >= 0 {
		dst = appendInt(dst, 4, g.FirstSeq)
	}
	dst = appendInt(dst, 5, g.FirstNS)
	dst = appendInt(dst, 6, g.LastNS)
	if e.wall != nil {
		dst = appendFixed(dst, 7, e.wall.UnixNS(g.FirstNS))
		dst = appendFixed(dst, 8, e.wall.UnixNS(g.LastNS))
	}
	return appendBool(dst, 9, g.UpperBound)
}

func appendDamage(dst []byte, d *segment.Damage) []byte {
	dst = appendInt(dst, 1, d.Offset)
	dst = appendInt(dst, 2, d.Size)
	if d.Events >= 0 {
		dst = appendInt(dst, 3, d.Events)
	}
	dst = appendBool(dst, 4, d.Tail)
	if d.Err == nil {
		return appendText(dst, 5, "unknown")
	}
	return appendText(dst, 5, d.Err.Error())
}

func appendCoverage(dst []byte, c *segment.Coverage) []byte {
	dst = appendInt(dst, 1, c.FromNS)
	dst = appendInt(dst, 2, c.ToNS)
	for i := range c.Ways {
		w := &c.Ways[i]
		way := appendText(nil, 1, w.Path)
		way = appendText(way, 2, w.ABI)
		way = appendText(way, 3, w.Call)
		for _, hook := range w.Hooks {
			way = appendText(way, 4, hook)
		}
		dst = appendBytes(dst, 3, appendText(way, 5, w.Why))
	}
	u := &c.Unexplained
	account := appendBool(nil, 1, u.Counted)
	account = appendText(account, 2, u.Why)
	account = appendInt(account, 3, u.Sends)
	account = appendInt(account, 4, u.Unexplained)
	for i := range u.Processes {
		p := appendInt(nil, 1, u.Processes[i].PID)
		p = appendText(p, 2, u.Processes[i].Comm)
		p = appendInt(p, 3, u.Processes[i].Sends)
		account = appendBytes(account, 5, appendInt(p, 4, u.Processes[i].Bytes))
	}
	return appendBytes(dst, 4, appendInt(account, 6, u.Others))
}
