package colblock

import "encoding/binary"

// Cursor reads varints and bytes off a slice. After the first short read Bad
// is set and everything else returns zero, so that a decoder checks once.
type Cursor struct {
	Rest []byte
	Bad  bool
}

// Byte takes one byte.
func (c *Cursor) Byte() byte {
	if len(c.Rest) == 0 {
		c.Bad = true
		return 0
	}
	b := c.Rest[0]
	c.Rest = c.Rest[1:]
	return b
}

// Uvarint takes an unsigned varint (LEB128, at most 10 bytes).
func (c *Cursor) Uvarint() uint64 {
	v, n := binary.Uvarint(c.Rest)
	if n <= 0 {
		c.Bad = true
		c.Rest = nil
		return 0
	}
	c.Rest = c.Rest[n:]
	return v
}

// Varint takes a signed varint (zigzag).
func (c *Cursor) Varint() int64 {
	u := c.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Take takes n bytes, which alias the slice.
func (c *Cursor) Take(n uint64) []byte {
	if n > uint64(len(c.Rest)) {
		c.Bad = true
		c.Rest = nil
		return nil
	}
	b := c.Rest[:n]
	c.Rest = c.Rest[n:]
	return b
}
