package sink

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// broken turns an error of a connection into an Error. The connection is gone;
// a new one may work, unless the hint says why not.
func broken(err error, ctx context.Context) *Error {
	if ctx.Err() != nil {
		return &Error{Err: context.Cause(ctx)}
	}
	e := &Error{Err: err, Temporary: true}
	var dns *net.DNSError
	var op *net.OpError
	e.Unsent = errors.As(err, &op) && op.Op == "dial"
	switch {
	case TLSHint(err) != "":
		e.Hint, e.Temporary = TLSHint(err), false
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Hint, e.Temporary = "check the name of the host", false
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = "nothing listens there"
	case errors.Is(err, os.ErrNotExist):
		e.Hint = "there is no such socket"
	case errors.Is(err, os.ErrPermission):
		e.Hint, e.Temporary = "it needs the right to write to the socket", false
	case errors.Is(err, syscall.EPROTOTYPE):
		e.Hint, e.Temporary = "the socket is of the other type: unix:PATH?type=dgram or without type", false
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		// Not EPIPE itself: for a command it means that the reader of its own
		// output is content.
		e.Err = errors.New("the other side closed the connection")
		e.Hint = "what it had not read by then is lost to it"
	}
	return e
}
