package traffic

// Reason says why an event is not made again.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	made Reason = iota // none: it is made again
	Receive
	Sendfile
	NotReturned
	FailedThen
	NoMessage
	NoSocket
	OtherProtocol
	NoDestination
	Unreadable
	TooLarge
	Dropped
	numReasons
)

var reasonNames = [numReasons]string{
	Receive: "receives", Sendfile: "sendfile", NotReturned: "had not returned when the recording ended",
	FailedThen: "failed when recorded", NoMessage: "sendmmsg of no message", NoSocket: "on no socket", OtherProtocol: "another protocol",
	NoDestination: "no destination", Unreadable: "arguments were not readable", TooLarge: "larger than 64 MiB",
	Dropped: "mapped to drop",
}

// String returns the words for the reason.
func (r Reason) String() string { return reasonNames[r] }
