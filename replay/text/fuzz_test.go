package text_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/sendmsgrec/sendmsgrec/replay/text"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// FuzzEvent prints events with any bytes and numbers in them, and checks that
// each is one line of its format that a terminal can be shown.
func FuzzEvent(f *testing.F) {
	for _, s := range sentences {
		e := s.event
		str := func(c schema.ColumnID) []byte { v, _ := e[c].(string); return []byte(v) }
		num := func(c schema.ColumnID) int64 { v, _ := e[c].(int); return int64(v) }
		f.Add(str(schema.ColComm), str(schema.ColName), str(schema.ColControl), str(schema.ColLocalPath), str(schema.ColLocalAddress),
			num(schema.ColRet), num(schema.ColMsgNamelen), num(schema.ColMsgControllen), num(schema.ColMsgIovlen), num(schema.ColFlags),
			num(schema.ColSocketFamily), uint8(num(schema.ColNameSource)), uint64(0))
	}
	f.Fuzz(func(t *testing.T, comm, name, control, path, address []byte, ret, namelen, controllen, iovlen, flags, family int64, source uint8, nulls uint64) {
		e := plainEvent.with(values{
			schema.ColComm: string(comm), schema.ColName: string(name), schema.ColControl: string(control),
			schema.ColLocalPath: string(path), schema.ColRemotePath: string(name), schema.ColLocalAddress: string(address), schema.ColRemoteAddress: string(address),
			schema.ColRet: int(ret), schema.ColMsgNamelen: int(namelen), schema.ColMsgControllen: int(controllen), schema.ColMsgIovlen: int(iovlen),
			schema.ColFlags: int(flags), schema.ColMsgFlags: int(ret), schema.ColSocketFamily: int(family), schema.ColSocketProtocol: int(flags),
			schema.ColMsgControlPtr: int(flags), schema.ColMsgNamePtr: int(iovlen), schema.ColTimeNS: int(ret), schema.ColDurationNS: int(namelen),
			schema.ColNameSource: int(source), schema.ColABI: int(source % 5), schema.ColIovLen: []int64{iovlen}, schema.ColCall: int(source),
			schema.ColSocketType: int(source % 7), schema.ColTOCTOU: int(source % 9), schema.ColOrigin: int(namelen),
		})
		for _, c := range schema.Columns() {
			if nulls>>(c.ID%64)&1 != 0 {
				delete(e, c.ID)
			}
		}
		b := newBlock(t, e, e)
		for _, format := range []text.Format{text.Line, text.JSON, text.CSV} {
			for _, fields := range [][]string{nil, text.FieldNames()} {
				p := newPrinter(t, format, fields...)
				p.SetBlock(b)
				out := p.Event(nil, 0)
				if again := p.Event(nil, 1); !bytes.Equal(out, again) {
					t.Fatalf("the same event printed twice:\n%s%s", out, again)
				}
				if !utf8.Valid(out) || bytes.IndexByte(out, '\n') != len(out)-1 {
					t.Fatalf("not one line of UTF-8: %q", out)
				}
				for _, r := range string(out[:len(out)-1]) {
					if r < ' ' || r == 0x7f || schema.Unprintable(r) {
						t.Fatalf("%U in %q", r, out)
					}
				}
				switch format {
				case text.JSON:
					if !json.Valid(out) {
						t.Fatalf("not JSON: %s", out)
					}
				case text.CSV:
					r := csv.NewReader(bytes.NewReader(append(p.Header(nil), out...)))
					if records, err := r.ReadAll(); err != nil || len(records) != 2 {
						t.Fatalf("%v in %s", err, out)
					}
				}
			}
		}
	})
}
