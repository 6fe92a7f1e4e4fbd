package text

// cache holds what was rendered for rows of one table of a block. It is small:
// an event's rows are mostly those of events shortly before, and what was rendered
// long ago would have to come from far memory, which takes as long as rendering
// it again.
type cache struct {
	slots [cacheSlots]slot
}

// slot is the text of one row.
type slot struct {
	row   int
	class int32 // of the event's call
	valid bool
	text  []byte
}

const cacheSlots = 256

func (c *cache) reset() {
	for i := range c.slots {
		c.slots[i].valid = false
	}
}

// get returns what was put for the row and the class, or nil.
func (c *cache) get(row int, class int32) []byte {
	s := &c.slots[uint(row)%cacheSlots]
	if !s.valid || s.row != row || s.class != class {
		return nil
	}
	return s.text
}

func (c *cache) put(row int, class int32, text []byte) {
	s := &c.slots[uint(row)%cacheSlots]
	s.row, s.class, s.valid = row, class, true
	s.text = append(s.text[:0], text...)
}
