package text

import "time"

// clockText writes times as RFC 3339 in UTC with nine digits, so that text
// sorts like time. It keeps the last second's text: events are close together.
type clockText struct {
	second int64
	text   []byte // of the second, up to the dot
}

// layoutSecond is the part of the time that stays within a second.
const layoutSecond = "2006-01-02T15:04:05."

func (c *clockText) append(dst []byte, unixNS int64) []byte {
	second, ns := unixNS/1e9, unixNS%1e9
	if ns < 0 {
		second, ns = second-1, ns+1e9
	}
	if len(c.text) == 0 || second != c.second {
		c.second = second
		c.text = time.Unix(second, 0).UTC().AppendFormat(c.text[:0], layoutSecond)
	}
	dst = append(dst, c.text...)
	dst = append9(dst, uint32(ns))
	return append(dst, 'Z')
}

// appendSeconds appends nanoseconds as seconds with nine digits.
func appendSeconds(dst []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = appendUint(dst, u/1e9)
	dst = append(dst, '.')
	return append9(dst, uint32(u%1e9))
}
