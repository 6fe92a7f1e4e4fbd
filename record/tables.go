package record

import (
	"bytes"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// Numbers of address families whose sockets have addresses of a kind of
// their own.
const (
	afUnix  = 1
	afInet  = 2
	afInet6 = 10
)

// rowWriter appends one row to a table of the block, column by column.
type rowWriter struct {
	b   *builder
	row int
}

func (w rowWriter) int(c schema.ColumnID, v int64) {
	col := &w.b.block.Cols[c]
	col.Ints = append(col.Ints, v)
	w.b.bytes += 8
}

func (w rowWriter) null(c schema.ColumnID) {
	col := &w.b.block.Cols[c]
	col.SetNull(w.row)
	col.Ints = append(col.Ints, 0)
	w.b.bytes += 8
}

func (w rowWriter) intIf(c schema.ColumnID, present bool, v int64) {
	if present {
		w.int(c, v)
	} else {
		w.null(c)
	}
}

func (w rowWriter) bytes(c schema.ColumnID, v []byte) {
	w.b.block.Cols[c].AppendBytes(v)
	w.b.bytes += 4 + len(v)
}

func (w rowWriter) bytesIf(c schema.ColumnID, present bool, v []byte) {
	if present {
		w.bytes(c, v)
		return
	}
	w.b.block.Cols[c].SetNull(w.row)
	w.bytes(c, nil)
}

// taskRow returns the row of the event's task.
func (b *builder) taskRow(g *bpf.Groups, last int32) int32 {
	key := bytesOf(&g.Task)
	if b.tasks.is(last, key) {
		return last
	}
	row, isNew := b.tasks.find(key)
	if !isNew {
		return row
	}
	t, w := &g.Task, rowWriter{b, int(row)}
	comm, _, _ := bytes.Cut(t.Comm[:], []byte{0})
	w.int(schema.ColPID, int64(t.PID))
	w.int(schema.ColTID, int64(t.TID))
	w.int(schema.ColUID, int64(t.UID))
	w.int(schema.ColGID, int64(t.GID))
	w.bytes(schema.ColComm, comm)
	w.int(schema.ColStartTimeNS, int64(t.StartTimeNS))
	w.int(schema.ColCgroupID, int64(t.CgroupID))
	w.int(schema.ColNetns, int64(t.Netns))
	return row
}

// socketRow returns the row of the event's socket. Paths of a Unix socket
// belong to it, so they are part of its key.
func (b *builder) socketRow(e *bpf.Event, g *bpf.Groups, last int32) int32 {
	// A raced descriptor may have named no socket at entry.
	if !has(g.Call.SocketSource) || g.Socket.Inode == 0 {
		row, isNew := b.sockets.findNull()
		if isNew {
			b.appendSocket(rowWriter{b, int(row)}, e, g, false)
		}
		return row
	}
	key := bytesOf(&g.Socket)
	if e.LocalPathLen|e.RemotePathLen != 0 {
		b.key = append(append(b.key[:0], key...), e.LocalPathLen)
		b.key = append(append(b.key, e.LocalPath()...), e.RemotePath()...)
		key = b.key
	}
	if b.sockets.is(last, key) {
		return last
	}
	row, isNew := b.sockets.find(key)
	if isNew {
		b.appendSocket(rowWriter{b, int(row)}, e, g, true)
	}
	return row
}

func (b *builder) appendSocket(w rowWriter, e *bpf.Event, g *bpf.Groups, present bool) {
	s := &g.Socket
	inet := present && (s.Family == afInet || s.Family == afInet6)
	unix := present && s.Family == afUnix
	size := 16
	if s.Family == afInet {
		size = 4
	}
	w.intIf(schema.ColSocketFamily, present, int64(s.Family))
	w.intIf(schema.ColSocketType, present, int64(s.Type))
	w.intIf(schema.ColSocketProtocol, present, int64(s.Protocol))
	w.intIf(schema.ColSocketInode, present, int64(s.Inode))
	w.bytesIf(schema.ColLocalAddress, inet, s.LocalAddress[:size])
	w.intIf(schema.ColLocalPort, inet, int64(s.LocalPort))
	w.bytesIf(schema.ColRemoteAddress, inet, s.RemoteAddress[:size])
	w.intIf(schema.ColRemotePort, inet, int64(s.RemotePort))
	w.bytesIf(schema.ColLocalPath, unix, e.LocalPath())
	w.bytesIf(schema.ColRemotePath, unix && s.HasPeer != 0, e.RemotePath())
	w.intIf(schema.ColPeerPID, unix && s.PeerPID != 0, int64(s.PeerPID))
	w.intIf(schema.ColSndbufLimit, present, int64(s.SndbufLimit))
}

// nameRow returns the row of what stands behind msg_name.
func (b *builder) nameRow(e *bpf.Event, g *bpf.Groups, last int32) int32 {
	c := &g.Call
	if !has(c.NameSource) {
		return b.missingRow(&b.names, schema.ColName, absent(c.NameSource) && c.MsgNamePtr != 0 && !schema.Receives(int64(c.Call)))
	}
	return b.valueRow(&b.names, schema.ColName, e.Name(), last)
}

// controlRow returns the row of what stands behind msg_control.
func (b *builder) controlRow(e *bpf.Event, g *bpf.Groups, last int32) int32 {
	c := &g.Call
	if !has(c.ControlSource) {
		return b.missingRow(&b.controls, schema.ColControl, absent(c.ControlSource) && c.MsgControlPtr != 0 && !schema.Receives(int64(c.Call)))
	}
	return b.valueRow(&b.controls, schema.ColControl, e.Control(), last)
}

// missingRow returns the row of a value that was not read: empty when there is
// a pointer to a zero length, else null. A receive that found nothing has none.
func (b *builder) missingRow(t *internTable, c schema.ColumnID, empty bool) int32 {
	if empty {
		return b.valueRow(t, c, nil, noRow)
	}
	row, isNew := t.findNull()
	if isNew {
		rowWriter{b, int(row)}.bytesIf(c, false, nil)
	}
	return row
}

func (b *builder) valueRow(t *internTable, c schema.ColumnID, value []byte, last int32) int32 {
	if t.is(last, value) {
		return last
	}
	row, isNew := t.find(value)
	if isNew {
		rowWriter{b, int(row)}.bytes(c, value)
	}
	return row
}
