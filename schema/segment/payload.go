package segment

import (
	"encoding/binary"
	"errors"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// The payloads of the small records, encode and decode side by side. Bytes
// behind what is known here are ignored: later writers may append fields.

var errPayload = errors.New("record payload ends early or is out of range")

const (
	flagUpperBound = 1
	flagStatus     = 2
	// MaxReasonBytes limits End.Reason.
	MaxReasonBytes = 1 << 10
)

func appendGap(b []byte, g *Gap) []byte {
	flags := byte(0)
	if g.UpperBound {
		flags = flagUpperBound
	}
	b = append(b, flags, byte(g.Cause))
	b = binary.AppendVarint(b, int64(g.CPU))
	b = binary.AppendVarint(b, g.FirstSeq)
	b = binary.AppendVarint(b, g.Count)
	b = binary.AppendVarint(b, g.FirstNS)
	return binary.AppendVarint(b, g.LastNS)
}

func parseGap(b []byte) (*Gap, error) {
	c := colblock.Cursor{Rest: b}
	g := &Gap{UpperBound: c.Byte()&flagUpperBound != 0, Cause: Cause(c.Byte())}
	cpu := c.Varint()
	g.FirstSeq, g.Count, g.FirstNS, g.LastNS = c.Varint(), c.Varint(), c.Varint(), c.Varint()
	if c.Bad || !validCPU(cpu) || !g.inRange() {
		return nil, errPayload
	}
	g.CPU = int(cpu)
	return g, nil
}

// inRange holds that the gap's last sequence number is one.
func (g *Gap) inRange() bool {
	return g.Count >= 0 && g.Count < 1<<62 && g.FirstSeq >= -1 && g.FirstSeq < 1<<62
}

func validCPU(cpu int64) bool { return cpu >= AllCPUs && cpu < MaxCPUs }

func appendClock(b []byte, k *Clock) []byte {
	for _, v := range [...]int64{k.BoottimeNS, k.RealtimeNS, k.MonotonicNS, k.TAINS} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}

func parseClock(c *colblock.Cursor) (k Clock, err error) {
	b := c.Take(32)
	if c.Bad {
		return k, errPayload
	}
	le := binary.LittleEndian
	return Clock{
		BoottimeNS:  int64(le.Uint64(b)),
		RealtimeNS:  int64(le.Uint64(b[8:])),
		MonotonicNS: int64(le.Uint64(b[16:])),
		TAINS:       int64(le.Uint64(b[24:])),
	}, nil
}

func appendCounters(b []byte, n *Counters) []byte {
	flags := byte(0)
	if n.UpperBound {
		flags = flagUpperBound
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, n.TimeNS)
	b = binary.AppendVarint(b, n.UnderWay)
	b = binary.AppendVarint(b, n.Self)
	b = binary.AppendUvarint(b, NumCauses-1)
	b = binary.AppendUvarint(b, uint64(len(n.CPUs)))
	for i := range n.CPUs {
		p := &n.CPUs[i]
		b = binary.AppendVarint(b, int64(p.CPU))
		b = binary.AppendVarint(b, p.Seen)
		b = binary.AppendVarint(b, p.Filtered)
		b = binary.AppendVarint(b, p.Recorded)
		b = binary.AppendVarint(b, p.InFlight)
		for _, l := range p.Lost[1:] {
			b = binary.AppendVarint(b, l)
		}
	}
	return b
}

func parseCounters(c *colblock.Cursor) (*Counters, error) {
	n := &Counters{UpperBound: c.Byte()&flagUpperBound != 0}
	n.TimeNS, n.UnderWay, n.Self = c.Varint(), c.Varint(), c.Varint()
	causes, cpus := c.Uvarint(), c.Uvarint()
	// Each counter takes at least a byte, so this bounds the memory too.
	if c.Bad || causes > 64 || cpus > MaxCPUs || cpus*(causes+5) > uint64(len(c.Rest)) {
		return nil, errPayload
	}
	n.CPUs = make([]CPUCounters, cpus)
	for i := range n.CPUs {
		p := &n.CPUs[i]
		cpu := c.Varint()
		p.Seen, p.Filtered, p.Recorded, p.InFlight = c.Varint(), c.Varint(), c.Varint(), c.Varint()
		for cause := range causes {
			lost := c.Varint()
			// A cause of a later format counts as lost, by a cause unknown here.
			if cause+1 < NumCauses {
				p.Lost[cause+1] += lost
			} else {
				p.Lost[0] += lost
			}
		}
		if !validCPU(cpu) {
			return nil, errPayload
		}
		p.CPU = int(cpu)
	}
	if c.Bad {
		return nil, errPayload
	}
	return n, nil
}

func appendEnd(b []byte, e *End) []byte {
	flags, status := byte(0), 0
	if e.CommandStatus != nil {
		flags, status = flagStatus, *e.CommandStatus
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, int64(status))
	b = binary.AppendUvarint(b, uint64(len(e.Reason)))
	b = append(b, e.Reason...)
	b = appendClock(b, &e.Clock)
	return appendCounters(b, &e.Counters)
}

func parseEnd(b []byte) (*End, error) {
	c := colblock.Cursor{Rest: b}
	e := &End{}
	flags, status := c.Byte(), int(c.Varint())
	if flags&flagStatus != 0 {
		e.CommandStatus = &status
	}
	n := c.Uvarint()
	if n > MaxReasonBytes {
		return nil, errPayload
	}
	e.Reason = string(c.Take(n))
	var err error
	if e.Clock, err = parseClock(&c); err != nil {
		return nil, err
	}
	counters, err := parseCounters(&c)
	if err != nil {
		return nil, err
	}
	e.Counters = *counters
	return e, nil
}
