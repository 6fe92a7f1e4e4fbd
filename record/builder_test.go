package record

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// builtRow builds a block of one event and returns its values by column name,
// as a reader has them.
func builtRow(t *testing.T, edit func(*testEvent)) map[string]any {
	t.Helper()
	e := newTestEvent()
	e.Seq, e.TimeNS, e.DurationNS = 7, 1e9, 500
	edit(e)
	b, block, last := newBuilder(8), new(segment.Block), lastRows{}
	last.forget()
	b.begin(block)
	b.append(1, e.record(nil), &last)
	b.finish()
	var file bytes.Buffer
	var out segment.Encoded
	w, err := segment.NewWriter(&file, &segment.Header{})
	if err == nil {
		seq := int64(e.Seq)
		err = segment.NewEncoder(w.FileID()).Encode(&out, block, segment.SegmentMeta{Ranges: []segment.SeqRange{{CPU: 1, First: seq, Last: seq, Count: 1}}})
	}
	if err == nil {
		err = w.WriteSegment(&out)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := segment.NewStreamReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	return readRows(t, r)[0]
}

func rowOf(block *segment.Block, row int) map[string]any {
	values := map[string]any{}
	for _, c := range schema.Columns() {
		var v any
		var ok bool
		switch c.Kind {
		case schema.KindInt:
			v, ok = block.Int(c.ID, row)
		case schema.KindBytes:
			var b []byte
			b, ok = block.Bytes(c.ID, row)
			v = string(b)
		case schema.KindIntList:
			var l []int64
			l, ok = block.List(c.ID, row)
			v = fmt.Sprint(l)
		}
		if !ok {
			v = nil
		}
		values[c.Name] = v
	}
	return values
}

func source(s schema.Source) uint8 { return uint8(s) }

// What an event says and what the columns say of it: absent is null, and null
// is not zero and not empty.
func TestColumnsOfAnEvent(t *testing.T) {
	type values = map[string]any
	for _, c := range []struct {
		name string
		edit func(*testEvent)
		want values
	}{
		{"an ordinary call has its values", func(*testEvent) {}, values{
			"cpu": int64(1), "seq": int64(7), "time_ns": int64(1e9), "duration_ns": int64(500), "ret": int64(64),
			"requested_bytes": int64(64), "sndbuf_used_bytes": int64(768), "iov_base": "[139637976731648]", "iov_len": "[64]",
			"attempt_of": nil, "toctou": int64(0), "pid": int64(100), "tid": int64(101), "uid": int64(1000), "gid": int64(1000),
			"comm": "client", "start_time_ns": int64(5e9), "cgroup_id": int64(77), "netns": int64(4026531840),
			"call": int64(1), "entry_path": int64(1), "abi": int64(1), "origin": int64(1), "sockfd": int64(3),
			"flags": int64(0x4000), "msg_ptr": int64(0x7ffd_0000_0100), "msg_name_ptr": int64(0x7ffd_0000_0200), "msg_namelen": int64(16),
			"msg_iov_ptr": int64(0x7ffd_0000_0300), "msg_iovlen": int64(1), "msg_control_ptr": int64(0), "msg_controllen": int64(0),
			"msg_flags": int64(0), "name": string(newTestEvent().name), "control": nil,
			"socket_family": int64(2), "socket_type": int64(2), "socket_protocol": int64(17), "socket_inode": int64(999),
			"local_address": "\x00\x00\x00\x00", "local_port": int64(40000), "remote_address": "\x00\x00\x00\x00", "remote_port": int64(0),
			"local_path": nil, "remote_path": nil, "peer_pid": nil, "sndbuf_limit_bytes": int64(212992),
		}},
		{"an unreadable msghdr has no fields", func(e *testEvent) {
			e.Call.MsghdrSource, e.Call.NameSource, e.Call.IovSource, e.Call.ControlSource = source(schema.SourceFaulted), source(schema.SourceFaulted), source(schema.SourceFaulted), source(schema.SourceFaulted)
			e.name, e.iov, e.RequestedBytes = nil, nil, bpf.RequestedUnknown
		}, values{"msg_ptr": int64(0x7ffd_0000_0100), "msg_name_ptr": nil, "msg_namelen": nil, "msg_iov_ptr": nil, "msg_iovlen": nil,
			"msg_control_ptr": nil, "msg_controllen": nil, "msg_flags": nil, "name": nil, "control": nil, "iov_base": nil, "iov_len": nil,
			"requested_bytes": nil, "msghdr_source": int64(schema.SourceFaulted), "flags": int64(0x4000)}},
		{"a null name pointer is null", func(e *testEvent) {
			e.Call.NameSource, e.Call.MsgNamePtr, e.name = source(schema.SourceNull), 0, nil
		}, values{"name": nil, "msg_name_ptr": int64(0)}},
		{"a name of zero length is empty", func(e *testEvent) {
			e.Call.NameSource, e.Call.MsgNamelen, e.name = source(schema.SourceNull), 0, nil
		}, values{"name": "", "msg_namelen": int64(0)}},
		{"a truncated name has its first bytes", func(e *testEvent) {
			e.Call.NameSource, e.Call.MsgNamelen, e.name = source(schema.SourceTruncated), 300, bytes.Repeat([]byte{2}, 128)
		}, values{"name": string(bytes.Repeat([]byte{2}, 128)), "msg_namelen": int64(300)}},
		{"an unreadable name is null", func(e *testEvent) {
			e.Call.NameSource, e.name = source(schema.SourceFaulted), nil
		}, values{"name": nil, "msg_name_ptr": int64(0x7ffd_0000_0200)}},
		{"control bytes are kept", func(e *testEvent) {
			e.Call.ControlSource, e.Call.MsgControlPtr, e.Call.MsgControllen, e.control = source(schema.SourceEntry), 9, 5, []byte("ctrl!")
		}, values{"control": "ctrl!", "msg_controllen": int64(5), "msg_control_ptr": int64(9)}},
		{"a control pointer to a zero length is empty", func(e *testEvent) { e.Call.MsgControlPtr = 9 },
			values{"control": "", "msg_controllen": int64(0)}},
		{"no iovecs are an empty list", func(e *testEvent) {
			e.Call.IovSource, e.Call.MsgIovlen, e.iov, e.RequestedBytes = source(schema.SourceNull), 0, nil, 0
		}, values{"iov_base": "[]", "iov_len": "[]", "requested_bytes": int64(0)}},
		{"a null iovec pointer with a length is null", func(e *testEvent) {
			e.Call.IovSource, e.Call.MsgIovPtr, e.iov, e.RequestedBytes = source(schema.SourceFaulted), 0, nil, bpf.RequestedUnknown
		}, values{"iov_base": nil, "iov_len": nil, "requested_bytes": nil, "msg_iovlen": int64(1)}},
		{"too many iovecs are not read", func(e *testEvent) {
			e.Call.IovSource, e.Call.MsgIovlen, e.iov, e.RequestedBytes = source(schema.SourceInvalid), 1025, nil, bpf.RequestedUnknown
		}, values{"iov_base": nil, "msg_iovlen": int64(1025), "iov_source": int64(schema.SourceInvalid)}},
		{"a negative iov_len is shown negative", func(e *testEvent) {
			e.iov, e.RequestedBytes = []bpf.Iovec{{Base: 1 << 63, Len: 1<<64 - 1}}, bpf.RequestedUnknown
		}, values{"iov_base": "[-9223372036854775808]", "iov_len": "[-1]", "requested_bytes": nil}},
		{"without a socket all its columns are null", func(e *testEvent) {
			e.Call.SocketSource, e.Socket, e.SndbufUsed, e.Ret = source(schema.SourceNull), bpf.Socket{}, -1, -88
		}, values{"socket_family": nil, "socket_type": nil, "socket_protocol": nil, "socket_inode": nil, "local_address": nil, "local_port": nil,
			"remote_address": nil, "remote_port": nil, "local_path": nil, "remote_path": nil, "peer_pid": nil, "sndbuf_limit_bytes": nil,
			"sndbuf_used_bytes": nil, "socket_source": int64(schema.SourceNull), "ret": int64(-88)}},
		{"a raced socket is that of entry", func(e *testEvent) { e.Call.SocketSource = source(schema.SourceRaced) },
			values{"socket_inode": int64(999), "socket_source": int64(schema.SourceRaced)}},
		{"IPv6 addresses have 16 bytes", func(e *testEvent) {
			e.Socket.Family, e.Socket.LocalAddress[15], e.Socket.RemotePort = afInet6, 1, 53
		}, values{"local_address": "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "remote_port": int64(53), "local_path": nil}},
		{"an unnamed Unix socket has empty paths and no addresses", func(e *testEvent) {
			e.Socket = bpf.Socket{Family: afUnix, Type: 1, Inode: 5, HasPeer: 1, PeerPID: 44}
		}, values{"local_path": "", "remote_path": "", "peer_pid": int64(44), "local_address": nil, "local_port": nil, "remote_port": nil, "remote_address": nil}},
		{"a Unix socket without a peer has no remote path", func(e *testEvent) {
			e.Socket, e.localPath = bpf.Socket{Family: afUnix, Type: 2, Inode: 5}, []byte("\x00abstract")
		}, values{"local_path": "\x00abstract", "remote_path": nil, "peer_pid": nil}},
		{"a Unix peer's path is its own", func(e *testEvent) {
			e.Socket, e.remotePath = bpf.Socket{Family: afUnix, Type: 2, Inode: 5, HasPeer: 1}, []byte("/run/x")
		}, values{"local_path": "", "remote_path": "/run/x"}},
		{"another family has no address", func(e *testEvent) { e.Socket.Family = 16 },
			values{"socket_family": int64(16), "local_address": nil, "local_port": nil, "local_path": nil, "remote_path": nil}},
		{"ids above 2^31 stay positive", func(e *testEvent) { e.Task.UID, e.Call.Flags = 1<<32-2, 1<<31 },
			values{"uid": int64(1<<32 - 2), "flags": int64(1 << 31)}},
		{"a full thread name has 15 bytes", func(e *testEvent) { copy(e.Task.Comm[:], "fifteen-letters\x00") },
			values{"comm": "fifteen-letters"}},
		{"a returned call has its outcome and nothing of other calls", func(*testEvent) {}, values{"outcome": int64(schema.OutcomeReturned),
			"vector_index": nil, "vlen": nil, "attempt_of_cpu": nil, "in_fd": nil, "offset_ptr": nil, "offset": nil, "timeout_ns": nil,
			"out_namelen": nil, "out_controllen": nil, "out_msg_flags": nil, "io_user_data": nil, "io_opcode": nil}},
		{"a message of sendmmsg has its place", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource = schema.CallSendmmsg, source(schema.SourceExit)
			e.extra = &bpf.Extra{Present: bpf.ExtraVector, VectorIndex: 3, Vlen: 9}
		}, values{"vector_index": int64(3), "vlen": int64(9), "msg_namelen": int64(16), "msg_ptr": int64(0x7ffd_0000_0100)}},
		{"a sendmmsg of no message has no place", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource, e.Call.NameSource, e.Call.IovSource = schema.CallSendmmsg, 0, 0, 0
			e.name, e.iov, e.Ret, e.RequestedBytes = nil, nil, 0, bpf.RequestedUnknown
			e.extra = &bpf.Extra{Present: bpf.ExtraVector, VectorIndex: -1}
		}, values{"vector_index": nil, "vlen": int64(0), "msg_namelen": nil, "iov_len": nil, "name": nil, "ret": int64(0)}},
		{"a sendto has an address and a buffer, and no msghdr", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource = schema.CallSendto, source(schema.SourceNull)
		}, values{"msg_ptr": nil, "msg_namelen": int64(16), "msg_iovlen": nil, "msg_control_ptr": nil, "msg_controllen": nil, "msg_flags": nil,
			"flags": int64(0x4000), "iov_len": "[64]", "name": string(newTestEvent().name)}},
		{"a recvmsg keeps the room that was given apart from what was received", func(e *testEvent) {
			e.Call.Call, e.Call.MsgNamelen, e.Call.NameSource, e.Call.MsgControlPtr = schema.CallRecvmsg, 128, source(schema.SourceExit), 9
			e.extra = &bpf.Extra{Present: bpf.ExtraOutName | bpf.ExtraOutMsghdr, OutNamelen: 16, OutMsgFlags: 0x20}
		}, values{"msg_namelen": int64(128), "out_namelen": int64(16), "out_controllen": int64(0), "out_msg_flags": int64(0x20), "vlen": nil,
			"name": string(newTestEvent().name), "control": nil}},
		{"a receive of no address has an empty one", func(e *testEvent) {
			e.Call.Call, e.Call.NameSource, e.name = schema.CallRecvmsg, source(schema.SourceExit), nil
			e.extra = &bpf.Extra{Present: bpf.ExtraOutName | bpf.ExtraOutMsghdr}
		}, values{"name": "", "out_namelen": int64(0)}},
		{"a receive that failed has none", func(e *testEvent) {
			e.Call.Call, e.Call.NameSource, e.name, e.Ret = schema.CallRecvmsg, source(schema.SourceNull), nil, -11
		}, values{"name": nil, "msg_namelen": int64(16), "out_namelen": nil, "out_msg_flags": nil}},
		{"of a receive whose msghdr was read late the room is not known", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource, e.Call.NameSource = schema.CallRecvmmsg, source(schema.SourceExit), source(schema.SourceExit)
			e.extra = &bpf.Extra{Present: bpf.ExtraVector | bpf.ExtraOffset | bpf.ExtraOutName | bpf.ExtraOutMsghdr, Vlen: 4, Offset: 1e9, OutNamelen: 16}
		}, values{"msg_namelen": nil, "msg_controllen": nil, "msg_flags": nil, "msg_iovlen": int64(1), "out_namelen": int64(16),
			"timeout_ns": int64(1e9), "offset": nil, "vector_index": int64(0)}},
		{"a recvfrom without a readable addrlen does not know it", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource, e.Call.NameSource, e.name = schema.CallRecvfrom, source(schema.SourceFaulted), source(schema.SourceFaulted), nil
		}, values{"msg_ptr": nil, "msg_name_ptr": int64(0x7ffd_0000_0200), "msg_namelen": nil, "name": nil, "iov_len": "[64]"}},
		{"a sendfile has a file and no flags", func(e *testEvent) {
			e.Call.Call, e.Call.MsghdrSource, e.Call.NameSource, e.Call.IovSource = schema.CallSendfile, source(schema.SourceNull), source(schema.SourceNull), source(schema.SourceNull)
			e.name, e.iov = nil, nil
			e.extra = &bpf.Extra{Present: bpf.ExtraFile | bpf.ExtraOffset, InFD: 7, OffsetPtr: 0x7ffd_0000_0400, Offset: 4096}
		}, values{"flags": nil, "msg_ptr": nil, "msg_name_ptr": nil, "iov_len": nil, "in_fd": int64(7), "offset_ptr": int64(0x7ffd_0000_0400), "offset": int64(4096),
			"timeout_ns": nil, "requested_bytes": int64(64), "vlen": nil}},
		{"a second attempt names its first", func(e *testEvent) {
			e.extra = &bpf.Extra{Present: bpf.ExtraAttempt, AttemptOf: 5, AttemptOfCPU: 3}
		}, values{"attempt_of": int64(5), "attempt_of_cpu": int64(3)}},
		{"a request of io_uring has its times", func(e *testEvent) {
			e.Call.EntryPath = 3
			e.extra = &bpf.Extra{Present: bpf.ExtraIO | bpf.ExtraIOExec, IOUserData: 1 << 63, IOQueueNS: 900, IOExecNS: 4000, IOWorkerTID: 77, IOOpcode: 9}
		}, values{"io_user_data": int64(-1 << 63), "io_queue_ns": int64(900), "io_exec_ns": int64(4000), "io_worker_tid": int64(77), "io_opcode": int64(9)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := builtRow(t, c.edit)
			for column, want := range c.want {
				if got[column] != want {
					t.Errorf("%s is %#v, want %#v", column, got[column], want)
				}
			}
		})
	}
}

// Every row refers to what its event said, whatever its neighbours were (some
// leave out the groups that they share with the one before, also over the end
// of a segment), after the encoder and back.
func TestRowsKeepTheirOwnValues(t *testing.T) {
	edits := []func(*testEvent){
		func(*testEvent) {},
		func(e *testEvent) { e.Task.TID = 5 },
		func(e *testEvent) { e.Call.Sockfd = 9 },
		func(e *testEvent) { e.name = []byte{1, 2, 3} },
		func(e *testEvent) { e.Call.NameSource, e.Call.MsgNamePtr, e.name = source(schema.SourceNull), 0, nil },
		func(e *testEvent) { e.Call.NameSource, e.name = source(schema.SourceNull), nil },
		func(e *testEvent) { e.Socket.Inode = 4 },
		func(e *testEvent) { e.Call.SocketSource, e.Socket = source(schema.SourceFaulted), bpf.Socket{} },
		func(e *testEvent) { e.Socket.Family, e.localPath, e.remotePath = afUnix, []byte("ab"), []byte("c") },
		func(e *testEvent) { e.Socket.Family, e.localPath, e.remotePath = afUnix, []byte("a"), []byte("bc") },
		func(e *testEvent) { e.Call.ControlSource, e.control = source(schema.SourceEntry), []byte("x") },
		func(e *testEvent) { e.iov = nil },
		func(e *testEvent) { e.extra = &bpf.Extra{Present: bpf.ExtraVector, VectorIndex: 1, Vlen: 4} },
		func(e *testEvent) { e.extra = &bpf.Extra{Present: bpf.ExtraVector, VectorIndex: 2, Vlen: 4} },
		func(e *testEvent) { e.extra = &bpf.Extra{Present: bpf.ExtraVector, VectorIndex: 2, Vlen: 5} },
		func(e *testEvent) { e.extra = &bpf.Extra{Present: bpf.ExtraFile, InFD: 4} },
		func(e *testEvent) { e.extra = &bpf.Extra{Present: bpf.ExtraAttempt, AttemptOf: 4} },
		func(e *testEvent) { e.Ret, e.RequestedBytes, e.SndbufUsed = 0, 0, 0 },
		func(e *testEvent) { e.Ret, e.RequestedBytes, e.SndbufUsed = 0, bpf.RequestedUnknown, -1 },
		func(e *testEvent) { e.Ret, e.Outcome = 0, schema.OutcomeInFlight },
	}
	var want []map[string]any
	s := newScript(2)
	for i := range 600 {
		edit := edits[i*i%7*5%len(edits)]
		if i%3 == 0 {
			edit = edits[i%len(edits)]
		}
		s.steps = append(s.steps, send(i%2, edit))
	}
	for _, cpu := range []int{0, 1} { // one batch of each
		seq := 0
		for i := cpu; i < 600; i += 2 {
			edit := edits[i*i%7*5%len(edits)]
			if i%3 == 0 {
				edit = edits[i%len(edits)]
			}
			row := builtRow(t, func(e *testEvent) {
				edit(e)
				e.Seq = uint64(seq)
			})
			row["cpu"] = int64(cpu)
			delete(row, "time_ns")
			delete(row, "duration_ns")
			want = append(want, row)
			seq++
		}
	}
	path := filepath.Join(t.TempDir(), "x.smr")
	out, err := CreateOutput(path, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(s, out, &segment.Header{}, Options{Clock: s.clock, SegmentEvents: 256})
	if err != nil {
		t.Fatal(err)
	}
	s.ended = func() { r.Stop("script-end") }
	if _, err := r.Run(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := segment.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := readRows(t, file)
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i := range want {
		for column, value := range want[i] {
			if rows[i][column] != value {
				t.Errorf("row %d: %s is %#v, want %#v", i, column, rows[i][column], value)
			}
		}
	}
}

func readRows(t *testing.T, r *segment.Reader) (rows []map[string]any) {
	t.Helper()
	decoder, block := r.NewDecoder(), new(segment.Block)
	for {
		item, err := r.Next()
		if err != nil {
			return rows
		}
		if s, ok := item.(*segment.Segment); ok {
			if err := decoder.ReadBlock(s, nil, block); err != nil {
				t.Fatal(err)
			}
			for row := range s.Rows {
				rows = append(rows, rowOf(block, row))
			}
		}
	}
}
