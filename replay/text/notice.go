package text

import (
	"encoding/json"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Gap appends a hole in the recording as a line of its own. CSV has no place
// for it: nothing is appended, and the caller must tell of it elsewhere.
func (p *Printer) Gap(dst []byte, g *segment.Gap) []byte {
	switch p.format {
	case JSON:
		return p.gapJSON(dst, g)
	case CSV:
		return dst
	}
	dst = append(dst, "--- gap: "...)
	if g.UpperBound {
		dst = append(dst, "up to "...)
	}
	dst = appendInt(dst, g.Count)
	dst = append(dst, plural(g.Count, " event lost", " events lost")...)
	if g.CPU != segment.AllCPUs {
		dst = append(dst, " on CPU "...)
		dst = appendInt(dst, int64(g.CPU))
	}
	dst = append(dst, " ("...)
	dst = append(dst, g.Cause.String()...)
	dst = append(dst, ") between "...)
	dst = p.appendMoment(dst, g.FirstNS)
	dst = append(dst, " and "...)
	dst = p.appendMoment(dst, g.LastNS)
	return append(dst, " ---\n"...)
}

// Coverage appends what was watched as an object of its own. Lines for people
// and CSV have no place for it (`sendmsgrec info` tells).
func (p *Printer) Coverage(dst []byte, c *segment.Coverage) []byte {
	if p.format != JSON {
		return dst
	}
	b, err := json.Marshal(struct {
		Kind string `json:"kind"`
		*segment.Coverage
	}{"coverage", c})
	if err != nil {
		panic(err) // numbers and strings: they have a JSON form
	}
	return append(append(dst, b...), '\n')
}

func (p *Printer) gapJSON(dst []byte, g *segment.Gap) []byte {
	dst = append(dst, `{"kind":"gap","cpu":`...)
	if g.CPU == segment.AllCPUs {
		dst = append(dst, "null"...)
	} else {
		dst = appendInt(dst, int64(g.CPU))
	}
	dst = append(dst, `,"count":`...)
	dst = appendInt(dst, g.Count)
	dst = append(dst, `,"cause":"`...)
	dst = append(dst, g.Cause.String()...)
	dst = append(dst, `","first_seq":`...)
	if g.FirstSeq < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendInt(dst, g.FirstSeq)
	}
	dst = append(dst, `,"first_ns":`...)
	dst = appendInt(dst, g.FirstNS)
	dst = append(dst, `,"last_ns":`...)
	dst = appendInt(dst, g.LastNS)
	dst = append(dst, `,"first_wall_time":`...)
	dst = p.momentJSON(dst, g.FirstNS)
	dst = append(dst, `,"last_wall_time":`...)
	dst = p.momentJSON(dst, g.LastNS)
	dst = append(dst, `,"upper_bound":`...)
	dst = appendBool(dst, g.UpperBound)
	return append(dst, "}\n"...)
}

// Damage appends a part of the file that could not be read as a line of its
// own; in CSV nothing, as Gap.
func (p *Printer) Damage(dst []byte, d *segment.Damage) []byte {
	message := "unknown"
	if d.Err != nil {
		message = d.Err.Error()
	}
	switch p.format {
	case JSON:
		dst = append(dst, `{"kind":"damage","offset":`...)
		dst = appendInt(dst, d.Offset)
		dst = append(dst, `,"size_bytes":`...)
		dst = appendInt(dst, d.Size)
		dst = append(dst, `,"events":`...)
		if d.Events < 0 {
			dst = append(dst, "null"...)
		} else {
			dst = appendInt(dst, d.Events)
		}
		dst = append(dst, `,"tail":`...)
		dst = appendBool(dst, d.Tail)
		dst = append(dst, `,"error":`...)
		dst = schema.AppendJSONString(dst, []byte(message))
		return append(dst, "}\n"...)
	case CSV:
		return dst
	}
	dst = append(dst, "--- damage: "...)
	dst = appendInt(dst, d.Size)
	dst = append(dst, plural(d.Size, " byte", " bytes")...)
	dst = append(dst, " at offset "...)
	dst = appendInt(dst, d.Offset)
	if d.Events > 0 {
		dst = append(dst, " with "...)
		dst = appendInt(dst, d.Events)
		dst = append(dst, plural(d.Events, " event", " events")...)
	}
	dst = append(dst, " unreadable: "...)
	dst = schema.AppendEscaped(dst, []byte(message), `\`)
	return append(dst, " ---\n"...)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func (p *Printer) momentJSON(dst []byte, ns int64) []byte {
	if p.wall == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = p.clock.append(dst, p.wall.UnixNS(ns))
	return append(dst, '"')
}
