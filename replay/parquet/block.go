package parquet

import (
	"bytes"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"github.com/sendmsgrec/sendmsgrec/replay/rows"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Constant is a column that has the same value in all rows, for what events
// from many recordings have to say besides.
type Constant struct {
	Name string
	// Text is the value of a STRING column, Int that of an INT32 column when
	// IsInt is set.
	Text  string
	Int   int32
	IsInt bool
}

// BlockEncoder writes blocks of events as Parquet files of one row group, with
// the columns of Convert and constant ones behind them. It is for one
// goroutine.
type BlockEncoder struct {
	e         *encoder
	createdBy string
	copier    rows.Copier
	part      segment.Block
	group     rowGroup
	file      bytes.Buffer
}

// NewBlockEncoder returns an encoder whose files name the writing program.
func NewBlockEncoder(createdBy string) *BlockEncoder {
	return &BlockEncoder{createdBy: createdBy, e: &encoder{out: newChunkWriter(), pairs: map[uint64]int32{}}}
}

// Encode returns a file with these rows of the block, sorted by time; it is
// valid until the next call. The block has all columns and is not changed.
func (b *BlockEncoder) Encode(block *segment.Block, events []int32, wall *segment.WallClock, constants ...Constant) ([]byte, error) {
	e := b.e
	e.rows = *block
	if len(events) != block.Rows[schema.TableEvent] {
		b.copier.Reset(&b.part)
		b.copier.Source(block)
		for _, row := range events {
			b.copier.Copy(int(row))
		}
		e.rows = b.part
	}
	defer func() { e.rows = segment.Block{} }() // the memory is not ours
	if err := checkRows(&e.rows); err != nil {
		return nil, err
	}
	b.group.reset()
	e.wall, e.out.group = wall, &b.group
	b.group.rows = len(events)
	e.order = e.rows.TimeOrder(e.order[:0])
	for t := schema.TableTask; t < schema.NumTables; t++ {
		e.followRefs(t)
	}
	all := slices.Clone(leaves)
	for _, c := range constants {
		all = append(all, c.leaf())
	}
	for i := range all {
		if err := all[i].encode(e, &all[i]); err != nil {
			return nil, err
		}
	}
	b.file.Reset()
	out := newFileWriter(&b.file, all)
	if err := out.writeRowGroup(&b.group); err != nil {
		return nil, err
	}
	if err := out.close(int64(len(events)), nil, b.createdBy); err != nil {
		return nil, err
	}
	return b.file.Bytes(), nil
}

// leaf returns the column of the constant.
func (c Constant) leaf() leaf {
	zeros := func(e *encoder) []int32 {
		e.indexes = append(e.indexes[:0], make([]int32, len(e.order))...)
		return e.indexes
	}
	if c.IsInt {
		return leaf{name: c.Name, physical: format.Int32, encode: func(e *encoder, l *leaf) error {
			e.ints.reset()
			e.ints.index(int64(c.Int))
			return e.out.intDictionary(l, &e.ints, zeros(e), levels{values: len(e.order)})
		}}
	}
	return leaf{name: c.Name, physical: format.ByteArray, logical: &format.StringType{}, encode: func(e *encoder, l *leaf) error {
		e.bytes.reset()
		e.bytes.index([]byte(c.Text))
		return e.out.bytesDictionary(l, &e.bytes, zeros(e), levels{values: len(e.order)})
	}}
}

// Kind is the type of a column of the files.
type Kind int

// The types.
const (
	KindInt32 Kind = iota
	KindInt64
	KindTime // nanoseconds since 1970, UTC
	KindText
	KindBytes
	KindInts // a list of 64-bit integers
)

// Column describes a column of the files.
type Column struct {
	Name string
	Kind Kind
	// Optional: there may be nulls. A list that may be null counts as optional.
	Optional bool
	// Schema is the column of the schema, nil for what is decoded from others.
	Schema *schema.Column
}

// Columns returns the columns of the files that Convert writes, in order.
func Columns() []Column {
	var all []Column
	for i := range leaves {
		l := &leaves[i]
		c := Column{Name: l.name, Optional: l.optional, Schema: schema.ByName(l.name)}
		switch {
		case l.list:
			c.Kind = KindInts
		case l.logical == timestamp:
			c.Kind = KindTime
		case l.physical == format.ByteArray && l.logical != nil:
			c.Kind = KindText
		case l.physical == format.ByteArray:
			c.Kind = KindBytes
		case l.physical == format.Int64:
			c.Kind = KindInt64
		}
		all = append(all, c)
	}
	return all
}
