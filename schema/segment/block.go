package segment

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// Block is the rows of one segment, column by column. The recorder fills it
// and the reader decodes into it; either owns it until it hands it over, and
// Reset keeps its memory for the next segment.
type Block struct {
	// Rows is the number of rows of each table.
	Rows [schema.NumTables]int
	// Cols is indexed by schema.ColumnID; index 0 is unused. After
	// Reader.ReadBlock only the columns that were asked for hold rows.
	Cols [schema.MaxColumnID + 1]colblock.Vector
}

// Reset empties the block and keeps its memory.
func (b *Block) Reset() {
	b.Rows = [schema.NumTables]int{}
	for i := range b.Cols {
		b.Cols[i].Reset()
	}
}

// Has reports whether the block holds the rows of column c; a column of a
// table without rows is always there.
func (b *Block) Has(c schema.ColumnID) bool {
	rows := b.Rows[tableOf[c]]
	return rows == 0 || len(b.Cols[c].Ints) == rows || len(b.Cols[c].Offsets) == rows+1
}
