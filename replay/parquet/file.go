package parquet

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// fileWriter writes row groups and the footer. It keeps the footer's entry of
// each row group encoded: about 15 kB.
type fileWriter struct {
	w         io.Writer
	leaves    []leaf
	offset    int64
	rowGroups []byte // thrift structures one after the other
	count     int
}

func newFileWriter(w io.Writer, leaves []leaf) *fileWriter { return &fileWriter{w: w, leaves: leaves} }

func (f *fileWriter) write(b []byte) error {
	n, err := f.w.Write(b)
	f.offset += int64(n)
	if err != nil {
		return fmt.Errorf("write Parquet file at offset %d: %w", f.offset, err)
	}
	return nil
}

func (f *fileWriter) begin() error {
	if f.offset == 0 {
		return f.write([]byte(magic))
	}
	return nil
}

// maxRowGroups is what the ordinal of a row group can say.
const maxRowGroups = 1<<15 - 1

func (f *fileWriter) writeRowGroup(g *rowGroup) error {
	if f.count == maxRowGroups {
		return fmt.Errorf("more than %d row groups: convert a part of the recording, or with larger row groups", maxRowGroups)
	}
	if err := f.begin(); err != nil {
		return err
	}
	rg := format.RowGroup{
		NumRows: int64(g.rows), FileOffset: f.offset, Ordinal: int16(f.count),
		SortingColumns: []format.SortingColumn{{ColumnIdx: int32(timeLeaf)}},
	}
	for i := range g.chunks {
		c := &g.chunks[i]
		rg.Columns = append(rg.Columns, format.ColumnChunk{MetaData: c.metadata(f.offset)})
		rg.TotalByteSize += c.uncompressed
		rg.TotalCompressedSize += c.size
	}
	encoded, err := thrift.Marshal(&thrift.CompactProtocol{}, &rg)
	if err != nil {
		return fmt.Errorf("encode row group: %w", err)
	}
	f.rowGroups = append(f.rowGroups, encoded...)
	f.count++
	return f.write(g.data)
}

// metadata describes the chunk, whose row group begins at base.
func (c *chunk) metadata(base int64) format.ColumnMetaData {
	m := format.ColumnMetaData{
		Type: c.leaf.physical, PathInSchema: c.leaf.path(), Codec: zstdCodec,
		Encoding:  thrift.Slice[format.Encoding]{c.encoding},
		NumValues: c.values, TotalUncompressedSize: c.uncompressed, TotalCompressedSize: c.size,
		DataPageOffset: base + c.page,
		Statistics:     format.Statistics{NullCount: c.nulls, MinValue: c.lo, MaxValue: c.hi},
		EncodingStats:  thrift.Slice[format.PageEncodingStats]{{PageType: format.DataPage, Encoding: c.encoding, Count: 1}},
	}
	if c.leaf.list || c.leaf.optional {
		m.Encoding = append(m.Encoding, format.RLE)
	}
	if c.dictionary >= 0 {
		m.DictionaryPageOffset = base + c.dictionary
		m.Encoding = append(m.Encoding, format.Plain)
		m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1})
	}
	return m
}

// close writes the footer.
func (f *fileWriter) close(rows int64, metadata []format.KeyValue, createdBy string) error {
	if err := f.begin(); err != nil {
		return err
	}
	footer, err := f.footer(rows, metadata, createdBy)
	if err != nil {
		return fmt.Errorf("encode footer: %w", err)
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return f.write(append(footer, magic...))
}

// The fields of FileMetaData around its row groups, which are encoded already.
type metadataHead struct {
	Version int32                              `thrift:"1,required"`
	Schema  thrift.Slice[format.SchemaElement] `thrift:"2,required"`
	NumRows int64                              `thrift:"3,required"`
}

type metadataTail struct {
	KeyValueMetadata thrift.Slice[format.KeyValue]    `thrift:"1,required"`
	CreatedBy        string                           `thrift:"2,required"`
	ColumnOrders     thrift.Slice[format.ColumnOrder] `thrift:"3,required"`
}

// footer encodes FileMetaData. In the compact protocol a field begins with the
// difference of its id to the one before: with the list of row groups (field 4)
// in between, the tail's fields 1 to 3 are the structure's fields 5 to 7.
func (f *fileWriter) footer(rows int64, metadata []format.KeyValue, createdBy string) ([]byte, error) {
	head, err := thrift.Marshal(&thrift.CompactProtocol{}, &metadataHead{Version: 2, Schema: schemaElements(f.leaves), NumRows: rows})
	if err != nil {
		return nil, err
	}
	orders := make([]format.ColumnOrder, len(f.leaves))
	for i := range orders {
		orders[i].Value = &format.TypeDefinedOrder{}
	}
	tail, err := thrift.Marshal(&thrift.CompactProtocol{}, &metadataTail{metadata, createdBy, orders})
	if err != nil {
		return nil, err
	}
	const (
		stop         = 1    // length of the end of a structure
		fieldList    = 0x19 // next field id, a list
		longOfStruct = 0xfc // a list of structures whose length follows
	)
	b := append(head[:len(head)-stop], fieldList, longOfStruct)
	b = binary.AppendUvarint(b, uint64(f.count))
	b = append(b, f.rowGroups...)
	return append(b, tail...), nil
}

// schemaElements is the file's schema, depth first.
func schemaElements(leaves []leaf) []format.SchemaElement {
	root := format.SchemaElement{Name: "sendmsgrec"}
	root.NumChildren.Set(int32(len(leaves)))
	all := []format.SchemaElement{root}
	for i := range leaves {
		l := &leaves[i]
		e := format.SchemaElement{Name: l.name}
		e.RepetitionType.Set(repetition(l.optional))
		if l.list {
			e.NumChildren.Set(1)
			e.ConvertedType.Set(deprecated.List)
			e.LogicalType.Value = &format.ListType{}
			list := format.SchemaElement{Name: "list"}
			list.RepetitionType.Set(format.Repeated)
			list.NumChildren.Set(1)
			element := format.SchemaElement{Name: "element"}
			element.RepetitionType.Set(format.Required)
			element.Type.Set(l.physical)
			all = append(all, e, list, element)
			continue
		}
		e.Type.Set(l.physical)
		if l.logical != nil {
			e.LogicalType.Value = l.logical
			if _, text := l.logical.(*format.StringType); text {
				e.ConvertedType.Set(deprecated.UTF8)
			}
		}
		all = append(all, e)
	}
	return all
}

func repetition(optional bool) format.FieldRepetitionType {
	if optional {
		return format.Optional
	}
	return format.Required
}
