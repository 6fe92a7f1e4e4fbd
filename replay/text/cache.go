package text

// cache holds what was rendered for the rows of one table of a block, for each
// row as it was rendered last.
type cache struct {
	text    []byte
	entries []entry
}

type entry struct {
	span
	class int32 // of the event's call
	valid bool
}

// span is a part of a text.
type span struct{ start, end uint32 }

// maxCache bounds a cache's text, in bytes; what comes after is rendered
// anew each time.
const maxCache = 8 << 20

func (c *cache) reset(rows int) {
	c.text = c.text[:0]
	if cap(c.entries) < rows {
		c.entries = make([]entry, rows)
		return
	}
	c.entries = c.entries[:rows]
	clear(c.entries)
}

// get returns what was put for the row and the class, or nil.
func (c *cache) get(row int, class int32) []byte {
	if row >= len(c.entries) {
		return nil
	}
	e := &c.entries[row]
	if !e.valid || e.class != class {
		return nil
	}
	return c.text[e.start:e.end]
}

func (c *cache) put(row int, class int32, text []byte) {
	if row >= len(c.entries) || len(c.text)+len(text) > maxCache {
		return
	}
	start := len(c.text)
	c.text = append(c.text, text...)
	c.entries[row] = entry{span{uint32(start), uint32(len(c.text))}, class, true}
}
