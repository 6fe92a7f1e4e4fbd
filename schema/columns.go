package schema

// The ids of the columns, in the order of docs/schema.md. Append only.
const (
	ColCPU            ColumnID = 1
	ColSeq            ColumnID = 2
	ColTimeNS         ColumnID = 3
	ColDurationNS     ColumnID = 4
	ColRet            ColumnID = 5
	ColRequestedBytes ColumnID = 6
	ColSndbufUsed     ColumnID = 7
	ColIovBase        ColumnID = 8
	ColIovLen         ColumnID = 9
	ColAttemptOf      ColumnID = 10
	ColTOCTOU         ColumnID = 11

	ColTaskRef    ColumnID = 12
	ColSocketRef  ColumnID = 13
	ColCallRef    ColumnID = 14
	ColNameRef    ColumnID = 15
	ColControlRef ColumnID = 16

	ColPID         ColumnID = 17
	ColTID         ColumnID = 18
	ColUID         ColumnID = 19
	ColGID         ColumnID = 20
	ColComm        ColumnID = 21
	ColStartTimeNS ColumnID = 22
	ColCgroupID    ColumnID = 23
	ColNetns       ColumnID = 24

	ColCall          ColumnID = 25
	ColEntryPath     ColumnID = 26
	ColABI           ColumnID = 27
	ColOrigin        ColumnID = 28
	ColSockfd        ColumnID = 29
	ColMsgPtr        ColumnID = 30
	ColFlags         ColumnID = 31
	ColMsgNamePtr    ColumnID = 32
	ColMsgNamelen    ColumnID = 33
	ColMsgIovPtr     ColumnID = 34
	ColMsgIovlen     ColumnID = 35
	ColMsgControlPtr ColumnID = 36
	ColMsgControllen ColumnID = 37
	ColMsgFlags      ColumnID = 38
	ColMsghdrSource  ColumnID = 39
	ColNameSource    ColumnID = 40
	ColIovSource     ColumnID = 41
	ColControlSource ColumnID = 42
	ColSocketSource  ColumnID = 43

	ColName    ColumnID = 44
	ColControl ColumnID = 45

	ColSocketFamily   ColumnID = 46
	ColSocketType     ColumnID = 47
	ColSocketProtocol ColumnID = 48
	ColSocketInode    ColumnID = 49
	ColLocalAddress   ColumnID = 50
	ColLocalPort      ColumnID = 51
	ColRemoteAddress  ColumnID = 52
	ColRemotePort     ColumnID = 53
	ColLocalPath      ColumnID = 54
	ColRemotePath     ColumnID = 55
	ColPeerPID        ColumnID = 56
	ColSndbufLimit    ColumnID = 57

	// Since schema version 2.
	ColVectorIndex   ColumnID = 58
	ColVlen          ColumnID = 59
	ColOutcome       ColumnID = 60
	ColAttemptOfCPU  ColumnID = 61
	ColInFd          ColumnID = 62
	ColOffsetPtr     ColumnID = 63
	ColOffset        ColumnID = 64
	ColOutNamelen    ColumnID = 65
	ColOutControllen ColumnID = 66
	ColOutMsgFlags   ColumnID = 67
	ColIOUserData    ColumnID = 68
	ColIOQueueNS     ColumnID = 69
	ColIOExecNS      ColumnID = 70
	ColIOWorkerTID   ColumnID = 71
	ColIOOpcode      ColumnID = 72
	ColTimeoutNS     ColumnID = 73

	// MaxColumnID is the largest id that this build knows.
	MaxColumnID = ColTimeoutNS
)

const (
	tagsK    = TagKernel
	tagsKOpt = TagKernel | TagOptional
	// What stands behind a user pointer: from user space, changeable by
	// another thread until the kernel has copied it, absent when unreadable.
	tagsUser = TagUser | TagTOCTOU | TagOptional
	// An argument that not every call has.
	tagsArgument = TagUser | TagOptional
)

var columns = []Column{
	{ID: ColCPU, Name: "cpu", Kind: KindInt, Type: TypeInt32, Tags: tagsK, Group: "identity",
		Doc: "CPU on which the call returned; with seq it identifies the event within the recording."},
	{ID: ColSeq, Name: "seq", Kind: KindInt, Type: TypeInt64, Tags: tagsK, Group: "identity",
		Doc: "Number of the event on its CPU, from 0, taken before anything can be lost: a missing number is a lost event."},
	{ID: ColTimeNS, Name: "time_ns", Kind: KindInt, Type: TypeTimestamp, Unit: "ns", Tags: tagsK, Group: "time",
		Doc: "Entry into the call, CLOCK_BOOTTIME."},
	{ID: ColDurationNS, Name: "duration_ns", Kind: KindInt, Type: TypeDuration, Unit: "ns", Tags: tagsKOpt, Group: "time",
		Doc: "Time from entry to return. Null when the call had not returned."},
	{ID: ColRet, Name: "ret", Kind: KindInt, Type: TypeInt64, Tags: tagsKOpt, Group: "result",
		Doc: "Return value: bytes sent or received, or a negative errno (the kernel-internal 512 to 530 included). Of a message of sendmmsg or recvmmsg: its msg_len. Null when the call had not returned."},
	{ID: ColRequestedBytes, Name: "requested_bytes", Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsUser, Group: "msghdr",
		Doc: "Sum of iov_len over all msg_iovlen entries, read at entry; the length argument of sendto, recvfrom and sendfile. Null when an entry was unreadable or 2^52 or more (a negative one included), or msg_iovlen exceeds 1024."},
	{ID: ColSndbufUsed, Name: "sndbuf_used_bytes", Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsKOpt, Group: "socket",
		Doc: "Send-buffer use at entry: sk_wmem_queued for TCP, sk_wmem_alloc for other protocols. Null without a socket."},
	{ID: ColIovBase, Name: "iov_base", Kind: KindIntList, Type: TypePointer, Tags: tagsUser, Group: "msghdr",
		Doc: "iov_base of the first 8 entries of msg_iov; the buffer of sendto and recvfrom."},
	{ID: ColIovLen, Name: "iov_len", Kind: KindIntList, Type: TypeInt64, Unit: "bytes", Tags: tagsUser, Group: "msghdr",
		Doc: "iov_len of the first 8 entries of msg_iov; the length of sendto and recvfrom; a length above 2^63-1 is shown negative."},
	{ID: ColAttemptOf, Name: "attempt_of", Kind: KindInt, Type: TypeInt64, Tags: tagsKOpt, Group: "identity",
		Doc: "For a call restarted after a signal: seq of its first attempt, on the CPU in attempt_of_cpu. Null on probe tiers that do not link attempts."},
	{ID: ColTOCTOU, Name: "toctou", Kind: KindInt, Type: TypeEnum, Enum: &TOCTOUEnum, Tags: tagsK, Group: "trust",
		Doc: "Whether what was read at entry is what the kernel used; unknown where the probe tier cannot see the kernel's copy."},

	{ID: ColTaskRef, Name: "task_ref", Kind: KindInt, Type: TypeInt32, Ref: TableTask, Group: "storage", Doc: "Row in the task table."},
	{ID: ColSocketRef, Name: "socket_ref", Kind: KindInt, Type: TypeInt32, Ref: TableSocket, Group: "storage", Doc: "Row in the socket table."},
	{ID: ColCallRef, Name: "call_ref", Kind: KindInt, Type: TypeInt32, Ref: TableCall, Group: "storage", Doc: "Row in the call table."},
	{ID: ColNameRef, Name: "name_ref", Kind: KindInt, Type: TypeInt32, Ref: TableName, Group: "storage", Doc: "Row in the name table."},
	{ID: ColControlRef, Name: "control_ref", Kind: KindInt, Type: TypeInt32, Ref: TableControl, Group: "storage", Doc: "Row in the control table."},

	{ID: ColPID, Name: "pid", Table: TableTask, Kind: KindInt, Type: TypeInt32, Tags: tagsK, Group: "task",
		Doc: "Process (thread group) id, in the recorder's PID namespace."},
	{ID: ColTID, Name: "tid", Table: TableTask, Kind: KindInt, Type: TypeInt32, Tags: tagsK, Group: "task",
		Doc: "Thread id, in the recorder's PID namespace."},
	{ID: ColUID, Name: "uid", Table: TableTask, Kind: KindInt, Type: TypeInt64, Tags: tagsK, Group: "task",
		Doc: "Real user id, in the initial user namespace (up to 2^32-1)."},
	{ID: ColGID, Name: "gid", Table: TableTask, Kind: KindInt, Type: TypeInt64, Tags: tagsK, Group: "task",
		Doc: "Real group id, in the initial user namespace (up to 2^32-1)."},
	{ID: ColComm, Name: "comm", Table: TableTask, Kind: KindBytes, Type: TypeString, Tags: TagKernel | TagUser, Group: "task",
		Doc: "Thread name, up to 15 bytes; a thread can set it to anything."},
	{ID: ColStartTimeNS, Name: "start_time_ns", Table: TableTask, Kind: KindInt, Type: TypeTimestamp, Unit: "ns", Tags: tagsK, Group: "task",
		Doc: "Start of the thread group leader, CLOCK_BOOTTIME: with pid it tells a process from a later one with the same pid."},
	{ID: ColCgroupID, Name: "cgroup_id", Table: TableTask, Kind: KindInt, Type: TypeInt64, Tags: tagsK, Group: "task",
		Doc: "Id of the task's cgroup in the v2 hierarchy (its directory's inode number)."},
	{ID: ColNetns, Name: "netns", Table: TableTask, Kind: KindInt, Type: TypeInt64, Tags: tagsK, Group: "task",
		Doc: "Inode number of the task's network namespace."},

	{ID: ColCall, Name: "call", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &CallEnum, Tags: tagsK, Group: "identity",
		Doc: "Which call this is."},
	{ID: ColEntryPath, Name: "entry_path", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &EntryPathEnum, Tags: tagsK, Group: "identity",
		Doc: "How the call came into the kernel."},
	{ID: ColABI, Name: "abi", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &ABIEnum, Tags: tagsK, Group: "identity",
		Doc: "Binary interface of the caller."},
	{ID: ColOrigin, Name: "origin", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &OriginEnum, Tags: tagsK, Group: "identity",
		Doc: "Whether user space (U) or the kernel itself (K) sent the message."},
	{ID: ColSockfd, Name: "sockfd", Table: TableCall, Kind: KindInt, Type: TypeInt32, Tags: TagUser, Group: "arguments",
		Doc: "The file descriptor: the first argument. Of sendfile: out_fd."},
	{ID: ColMsgPtr, Name: "msg_ptr", Table: TableCall, Kind: KindInt, Type: TypePointer, Tags: tagsArgument, Group: "arguments",
		Doc: "The address of the user's struct msghdr (user addresses fit 63 bits; others are shown negative); of a message of sendmmsg or recvmmsg that of its struct mmsghdr. Null for sendto, recvfrom and sendfile."},
	{ID: ColFlags, Name: "flags", Table: TableCall, Kind: KindInt, Type: TypeInt64, Tags: tagsArgument, Group: "arguments",
		Doc: "The call's MSG_ flags, 0 to 2^32-1. Null for sendfile."},
	{ID: ColMsgNamePtr, Name: "msg_name_ptr", Table: TableCall, Kind: KindInt, Type: TypePointer, Tags: tagsUser, Group: "msghdr",
		Doc: "msg_name: address of the destination address; 0 is a null pointer; sendto's and recvfrom's address argument. Null when the msghdr was unreadable."},
	{ID: ColMsgNamelen, Name: "msg_namelen", Table: TableCall, Kind: KindInt, Type: TypeInt32, Unit: "bytes", Tags: tagsUser, Group: "msghdr",
		Doc: "msg_namelen as the caller gave it; of recvfrom what its addrlen argument pointed to at entry."},
	{ID: ColMsgIovPtr, Name: "msg_iov_ptr", Table: TableCall, Kind: KindInt, Type: TypePointer, Tags: tagsUser, Group: "msghdr",
		Doc: "msg_iov: address of the iovec array."},
	{ID: ColMsgIovlen, Name: "msg_iovlen", Table: TableCall, Kind: KindInt, Type: TypeInt64, Tags: tagsUser, Group: "msghdr",
		Doc: "msg_iovlen: number of iovec entries."},
	{ID: ColMsgControlPtr, Name: "msg_control_ptr", Table: TableCall, Kind: KindInt, Type: TypePointer, Tags: tagsUser, Group: "msghdr",
		Doc: "msg_control: address of the control buffer; 0 is a null pointer."},
	{ID: ColMsgControllen, Name: "msg_controllen", Table: TableCall, Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsUser, Group: "msghdr",
		Doc: "msg_controllen as the caller gave it."},
	{ID: ColMsgFlags, Name: "msg_flags", Table: TableCall, Kind: KindInt, Type: TypeInt64, Tags: tagsUser, Group: "msghdr",
		Doc: "msg_flags inside the msghdr as the caller left it; the kernel ignores it."},
	{ID: ColMsghdrSource, Name: "msghdr_source", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &SourceEnum, Tags: tagsK, Group: "trust",
		Doc: "Where the msghdr fields come from, or why they are absent."},
	{ID: ColNameSource, Name: "name_source", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &SourceEnum, Tags: tagsK, Group: "trust",
		Doc: "Where name comes from, or why it is absent or short."},
	{ID: ColIovSource, Name: "iov_source", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &SourceEnum, Tags: tagsK, Group: "trust",
		Doc: "Where iov_base, iov_len and requested_bytes come from, or why they are absent or short."},
	{ID: ColControlSource, Name: "control_source", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &SourceEnum, Tags: tagsK, Group: "trust",
		Doc: "Where control comes from, or why it is absent or short."},
	{ID: ColSocketSource, Name: "socket_source", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &SourceEnum, Tags: tagsK, Group: "trust",
		Doc: "Where the socket columns come from; raced when the descriptor named another file at exit than at entry."},

	{ID: ColName, Name: "name", Table: TableName, Kind: KindBytes, Type: TypeBytes, Tags: tagsUser, Group: "msghdr",
		Doc: "The socket address behind msg_name, raw, first 128 bytes; of receives what the kernel put there. Null for a null pointer and when nothing was received, empty for a zero length."},
	{ID: ColControl, Name: "control", Table: TableControl, Kind: KindBytes, Type: TypeBytes, Tags: tagsUser, Group: "msghdr",
		Doc: "The control messages behind msg_control, raw, first 4096 bytes; of receives what the kernel put there. Null for a null pointer and when nothing was received, empty for a zero length."},

	{ID: ColSocketFamily, Name: "socket_family", Table: TableSocket, Kind: KindInt, Type: TypeEnum, Enum: &FamilyEnum, Tags: tagsKOpt, Group: "socket",
		Doc: "Address family of the socket. Null, as all socket columns, when the descriptor was no socket."},
	{ID: ColSocketType, Name: "socket_type", Table: TableSocket, Kind: KindInt, Type: TypeEnum, Enum: &SocketTypeEnum, Tags: tagsKOpt, Group: "socket",
		Doc: "Socket type."},
	{ID: ColSocketProtocol, Name: "socket_protocol", Table: TableSocket, Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "socket",
		Doc: "Protocol number within the family (IPPROTO_, NETLINK_ or Ethernet protocol)."},
	{ID: ColSocketInode, Name: "socket_inode", Table: TableSocket, Kind: KindInt, Type: TypeInt64, Tags: tagsKOpt, Group: "socket",
		Doc: "Inode number of the socket, the N of socket:[N] in /proc/PID/fd."},
	{ID: ColLocalAddress, Name: "local_address", Table: TableSocket, Kind: KindBytes, Type: TypeBytes, Tags: tagsKOpt, Group: "socket",
		Doc: "Local address: 4 bytes for AF_INET, 16 for AF_INET6. Null for other families."},
	{ID: ColLocalPort, Name: "local_port", Table: TableSocket, Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "socket",
		Doc: "Local port of an AF_INET or AF_INET6 socket, host byte order; 0 when unbound."},
	{ID: ColRemoteAddress, Name: "remote_address", Table: TableSocket, Kind: KindBytes, Type: TypeBytes, Tags: tagsKOpt, Group: "socket",
		Doc: "Connected peer's address: 4 bytes for AF_INET, 16 for AF_INET6. Null for other families."},
	{ID: ColRemotePort, Name: "remote_port", Table: TableSocket, Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "socket",
		Doc: "Connected peer's port, host byte order; 0 when not connected."},
	{ID: ColLocalPath, Name: "local_path", Table: TableSocket, Kind: KindBytes, Type: TypeBytes, Tags: tagsKOpt, Group: "socket",
		Doc: "sun_path that an AF_UNIX socket is bound to (a leading NUL: abstract); empty when unnamed. Null for other families."},
	{ID: ColRemotePath, Name: "remote_path", Table: TableSocket, Kind: KindBytes, Type: TypeBytes, Tags: tagsKOpt, Group: "socket",
		Doc: "sun_path of the AF_UNIX peer; empty when unnamed. Null without a peer and for other families."},
	{ID: ColPeerPID, Name: "peer_pid", Table: TableSocket, Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "socket",
		Doc: "Process at the other end of a connected AF_UNIX socket when it was connected (SO_PEERCRED). Null otherwise."},
	{ID: ColSndbufLimit, Name: "sndbuf_limit_bytes", Table: TableSocket, Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsKOpt, Group: "socket",
		Doc: "Send-buffer limit, sk_sndbuf."},

	{ID: ColVectorIndex, Name: "vector_index", Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "identity",
		Doc: "Place of the message among those of its sendmmsg or recvmmsg call, from 0. Null for other calls."},
	{ID: ColVlen, Name: "vlen", Table: TableCall, Kind: KindInt, Type: TypeInt64, Tags: tagsArgument, Group: "arguments",
		Doc: "vlen argument of sendmmsg and recvmmsg: number of messages asked for. Null for other calls."},
	{ID: ColOutcome, Name: "outcome", Kind: KindInt, Type: TypeEnum, Enum: &OutcomeEnum, Tags: tagsKOpt, Group: "result",
		Doc: "How the call ended: returned; killed (a fatal signal was pending when it returned to be restarted); in_flight (it had not returned when the recording ended: ret and duration_ns are null). Null where it is not known."},
	{ID: ColAttemptOfCPU, Name: "attempt_of_cpu", Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "identity",
		Doc: "CPU of the event that attempt_of numbers."},
	{ID: ColInFd, Name: "in_fd", Table: TableCall, Kind: KindInt, Type: TypeInt32, Tags: tagsArgument, Group: "arguments",
		Doc: "in_fd argument of sendfile: the file descriptor that it reads. Null for other calls."},
	{ID: ColOffsetPtr, Name: "offset_ptr", Table: TableCall, Kind: KindInt, Type: TypePointer, Tags: tagsArgument, Group: "arguments",
		Doc: "offset argument of sendfile: the address of the offset; 0 is a null pointer. Null for other calls."},
	{ID: ColOffset, Name: "offset", Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsUser, Group: "arguments",
		Doc: "What sendfile's offset argument pointed to at entry. Null for a null pointer, unreadable memory and other calls."},
	{ID: ColOutNamelen, Name: "out_namelen", Kind: KindInt, Type: TypeInt32, Unit: "bytes", Tags: tagsUser, Group: "received",
		Doc: "msg_namelen (recvfrom: what addrlen points to) as the kernel left it; more than msg_namelen when the address was cut. Null for sends, failed receives and without a place for an address."},
	{ID: ColOutControllen, Name: "out_controllen", Kind: KindInt, Type: TypeInt64, Unit: "bytes", Tags: tagsUser, Group: "received",
		Doc: "msg_controllen as the kernel left it: bytes of control messages received. Null for sends and failed receives."},
	{ID: ColOutMsgFlags, Name: "out_msg_flags", Kind: KindInt, Type: TypeInt64, Tags: tagsUser, Group: "received",
		Doc: "msg_flags as the kernel left it: MSG_TRUNC, MSG_CTRUNC and so on. Null for sends and failed receives, and for recvfrom."},
	{ID: ColIOUserData, Name: "io_user_data", Kind: KindInt, Type: TypePointer, Tags: tagsArgument, Group: "io_uring",
		Doc: "user_data of the io_uring request, by which the program knows it; often an address. Null for other entry paths, as all columns of this group."},
	{ID: ColIOQueueNS, Name: "io_queue_ns", Kind: KindInt, Type: TypeDuration, Unit: "ns", Tags: tagsKOpt, Group: "io_uring",
		Doc: "Time from the submission of the request to the begin of its execution. Null where the probe tier does not see it."},
	{ID: ColIOExecNS, Name: "io_exec_ns", Kind: KindInt, Type: TypeDuration, Unit: "ns", Tags: tagsKOpt, Group: "io_uring",
		Doc: "Time that the execution took. Null where the probe tier does not see it."},
	{ID: ColIOWorkerTID, Name: "io_worker_tid", Kind: KindInt, Type: TypeInt32, Tags: tagsKOpt, Group: "io_uring",
		Doc: "Thread that executed the request when it was not the one that submitted it."},
	{ID: ColIOOpcode, Name: "io_opcode", Table: TableCall, Kind: KindInt, Type: TypeEnum, Enum: &IOOpcodeEnum, Tags: tagsArgument, Group: "io_uring",
		Doc: "Operation of the request."},
	{ID: ColTimeoutNS, Name: "timeout_ns", Kind: KindInt, Type: TypeDuration, Unit: "ns", Tags: tagsUser, Group: "arguments",
		Doc: "timeout argument of recvmmsg at entry. Null for a null pointer, unreadable memory and other calls."},
}

var (
	byID   [MaxColumnID + 1]*Column
	byName = map[string]*Column{}
	public []*Column
)

func init() {
	for i := range columns {
		c := &columns[i]
		byID[c.ID] = c
		byName[c.Name] = c
		if !c.IsRef() {
			public = append(public, c)
		}
	}
}

// All returns every column, refs included, in id order. The slice is shared:
// callers must not change it.
func All() []Column { return columns }

// Columns returns the columns of the event, without the refs, in id order.
// The slice is shared: callers must not change it.
func Columns() []*Column { return public }

// ByID returns the column with the id, or nil when this build does not know it.
func ByID(id ColumnID) *Column {
	if int(id) < len(byID) {
		return byID[id]
	}
	return nil
}

// ByName returns the column with the name, or nil.
func ByName(name string) *Column { return byName[name] }

// RefOf returns the id of the event column that holds row indexes into t;
// t must not be TableEvent.
func RefOf(t Table) ColumnID { return ColTaskRef + ColumnID(t-TableTask) }
