package bpf

import "unsafe"

const iovecSize = 16

func align8(n int) int { return (n + 7) &^ 7 }

// Groups returns the event's task, arguments and socket, or nil when they equal
// those of the ring's last event that has them.
func (e *Event) Groups() *Groups {
	if e.Same != 0 {
		return nil
	}
	return (*Groups)(unsafe.Add(unsafe.Pointer(e), EventSize))
}

// parts returns where the variable parts begin.
func (e *Event) parts() unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(e), EventSize+GroupsSize-int(e.Same)*GroupsSize)
}

// part returns n bytes that begin offset bytes into the variable parts.
func (e *Event) part(offset, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e.parts(), offset)), n)
}

// ExtraPart returns what only some calls have, or nil; like all parts it stands
// in the ring's memory and is valid until Release.
func (e *Event) ExtraPart() *Extra {
	if e.Extra == 0 {
		return nil
	}
	return (*Extra)(e.parts())
}

// Iovecs returns the captured entries of msg_iov.
func (e *Event) Iovecs() []Iovec {
	return unsafe.Slice((*Iovec)(unsafe.Add(e.parts(), int(e.Extra)*ExtraSize)), int(e.IovCaptured))
}

// Name returns the captured bytes of msg_name.
func (e *Event) Name() []byte {
	return e.part(e.nameOffset(), int(e.NameCaptured))
}

// Control returns the captured bytes of msg_control.
func (e *Event) Control() []byte {
	return e.part(e.controlOffset(), int(e.ControlCaptured))
}

// LocalPath returns the sun_path that the Unix socket is bound to.
func (e *Event) LocalPath() []byte {
	return e.part(e.localPathOffset(), int(e.LocalPathLen))
}

// RemotePath returns the sun_path of the Unix socket's peer.
func (e *Event) RemotePath() []byte {
	return e.part(e.localPathOffset()+align8(int(e.LocalPathLen)), int(e.RemotePathLen))
}

func (e *Event) nameOffset() int {
	return int(e.Extra)*ExtraSize + int(e.IovCaptured)*iovecSize
}

func (e *Event) controlOffset() int {
	return e.nameOffset() + align8(int(e.NameCaptured))
}

func (e *Event) localPathOffset() int {
	return e.controlOffset() + align8(int(e.ControlCaptured))
}

// PartsSize returns the size of a record with its groups, without an Extra and
// with parts of these lengths.
func PartsSize(iovecs, name, control, localPath, remotePath int) int {
	return EventSize + GroupsSize + iovecs*iovecSize + align8(name) + align8(control) + align8(localPath) + align8(remotePath)
}
