package text

import "github.com/sendmsgrec/sendmsgrec/schema/segment"

// Clock appends the clocks of the recording's host at one moment as a line of
// its own; in CSV nothing, as Gap.
func (p *Printer) Clock(dst []byte, c *segment.Clock) []byte {
	switch p.format {
	case JSON:
		dst = append(dst, `{"kind":"clock","boottime_ns":`...)
		dst = appendInt(dst, c.BoottimeNS)
		dst = append(dst, `,"realtime_ns":`...)
		dst = appendInt(dst, c.RealtimeNS)
		dst = append(dst, `,"monotonic_ns":`...)
		dst = appendInt(dst, c.MonotonicNS)
		dst = append(dst, `,"tai_ns":`...)
		dst = appendInt(dst, c.TAINS)
		dst = append(dst, `,"wall_time":"`...)
		dst = p.clock.append(dst, c.RealtimeNS)
		return append(dst, "\"}\n"...)
	case CSV:
		return dst
	}
	dst = append(dst, "--- clock: boot time "...)
	dst = appendSeconds(dst, c.BoottimeNS)
	dst = append(dst, " was "...)
	dst = p.clock.append(dst, c.RealtimeNS)
	return append(dst, " ---\n"...)
}
