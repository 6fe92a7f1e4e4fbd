package fields

import (
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestEveryFieldIsKnownByItsName(t *testing.T) {
	for _, c := range schema.Columns() {
		if f := ByName(c.Name); f == nil || f.Column != c || f.Decoded != nil || f.Table != c.Table {
			t.Errorf("column %s: %+v", c.Name, f)
		}
	}
	for i := range schema.AllDecoded() {
		d := &schema.AllDecoded()[i]
		f := ByName(d.Name)
		if f == nil || f.Decoded != d {
			t.Errorf("decoded field %s: %+v", d.Name, f)
			continue
		}
		if wall := d.Name == "wall_time" || d.Name == "start_wall_time"; f.HasText() == wall {
			t.Errorf("%s has a text: %v", d.Name, f.HasText())
		}
	}
	if ByName("task_ref") != nil {
		t.Error("a ref is a field")
	}
}

// TestTexts decodes one event. The texts of all kinds of values are in the
// goldens of package text.
func TestTexts(t *testing.T) {
	b := &segment.Block{}
	for table := range b.Rows {
		b.Rows[table] = 1
		if table > 0 {
			b.Cols[schema.RefOf(schema.Table(table))].Ints = []int64{0}
		}
	}
	for id, v := range map[schema.ColumnID]int64{
		schema.ColRet: -11, schema.ColFlags: 0x4040, schema.ColSocketFamily: schema.FamilyInet, schema.ColSocketProtocol: 17,
		schema.ColLocalPort: 53, schema.ColRemotePort: 0, schema.ColMsgNamelen: 4, schema.ColCall: schema.CallSendmsg,
	} {
		b.Cols[id].Ints = []int64{v}
	}
	for id, v := range map[schema.ColumnID]string{
		schema.ColLocalAddress: "\x0a\x00\x00\x01", schema.ColRemoteAddress: "\x00\x00\x00\x00", schema.ColName: "\x01\x00/x/longer", schema.ColComm: "a\xff",
	} {
		b.Cols[id].AppendBytes([]byte(v))
	}
	e := &Event{Block: b}
	e.Seek(0)
	for name, want := range map[string]string{
		"errno": "EAGAIN", "error": "Resource temporarily unavailable", "flags_text": "MSG_DONTWAIT|MSG_NOSIGNAL", "call_text": "sendmsg",
		"socket_protocol_text": "IPPROTO_UDP", "local_address_text": "10.0.0.1", "local_endpoint": "10.0.0.1:53", "remote_endpoint": "",
		"name_text": "/x", "comm": "a\xff", "comm_hex": "61ff", "msg_flags_text": "", "local_path_text": "",
	} {
		got, ok := ByName(name).AppendText(nil, e)
		if string(got) != want || ok != (want != "") {
			t.Errorf("%s is %q, %v; want %q", name, got, ok, want)
		}
	}
	if ip, ok := ByName("local_endpoint").IP(e); !ok || ip.String() != "10.0.0.1" {
		t.Errorf("the local address is %v, %v", ip, ok)
	}
	if ip, ok := ByName("remote_endpoint").IP(e); ok {
		t.Errorf("a socket that is not connected has the remote address %v", ip)
	}
	if ip, ok := ByName("name").IP(e); ok {
		t.Errorf("a path is the address %v", ip)
	}
}
