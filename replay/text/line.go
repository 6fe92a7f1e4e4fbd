package text

import "github.com/sendmsgrec/sendmsgrec/schema"

// lineColumns returns the columns that appendLine reads, ascending.
func lineColumns() []schema.ColumnID {
	skip := map[schema.ColumnID]bool{
		schema.ColSeq: true, schema.ColSndbufUsed: true, schema.ColCPU: true,
		schema.ColUID: true, schema.ColGID: true, schema.ColStartTimeNS: true, schema.ColCgroupID: true,
		schema.ColNetns: true, schema.ColSndbufLimit: true,
	}
	var cols []schema.ColumnID
	for _, c := range schema.Columns() {
		if !skip[c.ID] {
			cols = append(cols, c.ID)
		}
	}
	return cols
}

// appendLine appends the event as a line in the way of strace:
//
//	TIME PID[/TID]<COMM> sendmsg(FD<SOCKET>, {msg_name=…}, FLAGS) = RESULT <SECONDS>
//
// and the other calls likewise (appendArguments).
//
// The differences: iov_base is an address, since a recording holds no payload;
// no more than the captured iovecs are shown, and none that the kernel does not
// look at (msg_iovlen above 1024); and comments say where a value is not what
// was read at entry.
func (p *Printer) appendLine(dst []byte) []byte {
	e := &p.event
	dst = p.appendTime(dst)
	dst = append(dst, ' ')
	dst = e.appendTask(dst)
	dst = append(dst, ' ')
	call, _ := e.int(schema.ColCall)
	dst = append(dst, schema.CallEnum.Name(call)...)
	dst = append(dst, '(')
	fd, _ := e.int(schema.ColSockfd)
	dst = appendInt(dst, fd)
	dst = p.appendSocket(dst)
	dst = e.appendSource(dst, schema.ColSocketSource, plainSocket)
	dst = append(dst, ", "...)
	dst = e.appendArguments(dst, call)
	dst = append(dst, ") = "...)
	if ret, ok := e.int(schema.ColRet); ok {
		dst = schema.AppendResult(dst, ret)
	} else {
		dst = append(dst, '?')
	}
	if ns, ok := e.int(schema.ColDurationNS); ok {
		dst = append(dst, " <"...)
		dst = appendSeconds(dst, ns)
		dst = append(dst, '>')
	}
	dst = e.appendRemarks(dst)
	return append(dst, '\n')
}

// appendTime appends the wall time of entry, or CLOCK_BOOTTIME in seconds.
func (p *Printer) appendTime(dst []byte) []byte {
	ns, _ := p.event.int(schema.ColTimeNS)
	return p.appendMoment(dst, ns)
}

func (p *Printer) appendMoment(dst []byte, ns int64) []byte {
	if p.wall == nil {
		return appendSeconds(dst, ns)
	}
	return p.clock.append(dst, p.wall.UnixNS(ns))
}

// appendTask appends 1234<comm>, or 1234/1235<comm> in a thread that is not
// the process's first.
func (e *event) appendTask(dst []byte) []byte {
	pid, _ := e.int(schema.ColPID)
	dst = appendUint(dst, uint64(pid))
	if tid, ok := e.int(schema.ColTID); ok && tid != pid {
		dst = append(dst, '/')
		dst = appendUint(dst, uint64(tid))
	}
	comm, _ := e.bytes(schema.ColComm)
	dst = append(dst, '<')
	dst = schema.AppendEscaped(dst, comm, `\<>`)
	return append(dst, '>')
}

// appendRemarks appends comments on what is unusual about the call.
func (e *event) appendRemarks(dst []byte) []byte {
	remark := func(s, more string) {
		dst = append(dst, " /* "...)
		dst = append(dst, s...)
		dst = append(dst, more...)
		dst = append(dst, " */"...)
	}
	if v, ok := e.int(schema.ColABI); ok && v != schema.ABI64 {
		remark("", schema.ABIEnum.Name(v))
	}
	if v, ok := e.int(schema.ColEntryPath); ok && v != 1 {
		remark("", schema.EntryPathEnum.Name(v))
	}
	if v, ok := e.int(schema.ColOrigin); ok && v != 1 {
		remark("origin ", schema.OriginEnum.Name(v))
	}
	if v, ok := e.int(schema.ColTOCTOU); ok && v > 1 {
		remark("changed under way: ", schema.TOCTOUEnum.Name(v))
	}
	if v, ok := e.int(schema.ColAttemptOf); ok {
		dst = append(dst, " /* restart of seq "...)
		dst = appendUint(dst, uint64(v))
		dst = append(dst, " */"...)
	}
	return dst
}

// sourceSet is a set of schema.Source values.
type sourceSet uint

func sources(list ...schema.Source) (s sourceSet) {
	for _, v := range list {
		s |= 1 << v
	}
	return s
}

// The sources that need no comment: the value is what it seems, or its absence
// shows.
var (
	plainSource = sources(schema.SourceEntry, schema.SourceKernelCopy, schema.SourceNull)
	// Truncated lists end in "..." and need no further comment.
	plainListSource = plainSource | sources(schema.SourceTruncated)
	plainSocket     = plainSource | sources(schema.SourceExit)
)

// appendSource appends a comment with the source in column c, unless it is
// plain.
func (e *event) appendSource(dst []byte, c schema.ColumnID, plain sourceSet) []byte {
	v, ok := e.int(c)
	if e.filledIn() {
		plain |= sources(schema.SourceExit)
	}
	if !ok || v >= 0 && v < 32 && plain>>v&1 != 0 {
		return dst
	}
	dst = append(dst, " /* "...)
	dst = append(dst, schema.SourceEnum.Name(v)...)
	return append(dst, " */"...)
}
