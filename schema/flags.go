package schema

import "strconv"

// FlagSet gives names to the bits of a flags word.
type FlagSet struct {
	names  []flagName // ascending by bit
	common string     // prefix of all names, for ParseFlag
}

type flagName struct {
	bit  uint64
	name string
}

// MsgFlags is the MSG_ flags, with the kernel's values
// (include/linux/socket.h), those that only the kernel itself sets included.
var MsgFlags = FlagSet{names: []flagName{
	{0x1, "MSG_OOB"},
	{0x2, "MSG_PEEK"},
	{0x4, "MSG_DONTROUTE"},
	{0x8, "MSG_CTRUNC"},
	{0x10, "MSG_PROBE"},
	{0x20, "MSG_TRUNC"},
	{0x40, "MSG_DONTWAIT"},
	{0x80, "MSG_EOR"},
	{0x100, "MSG_WAITALL"},
	{0x200, "MSG_FIN"},
	{0x400, "MSG_SYN"},
	{0x800, "MSG_CONFIRM"},
	{0x1000, "MSG_RST"},
	{0x2000, "MSG_ERRQUEUE"},
	{0x4000, "MSG_NOSIGNAL"},
	{0x8000, "MSG_MORE"},
	{0x10000, "MSG_WAITFORONE"},
	{0x20000, "MSG_SENDPAGE_NOTLAST"},
	{0x40000, "MSG_BATCH"},
	{0x80000, "MSG_NO_SHARED_FRAGS"},
	{0x2000000, "MSG_SOCK_DEVMEM"},
	{0x4000000, "MSG_ZEROCOPY"},
	{0x8000000, "MSG_SPLICE_PAGES"},
	{0x20000000, "MSG_FASTOPEN"},
	{0x40000000, "MSG_CMSG_CLOEXEC"},
	{0x80000000, "MSG_CMSG_COMPAT"},
}, common: "MSG_"}

// TimestampingFlags is the SOF_TIMESTAMPING_ flags
// (include/uapi/linux/net_tstamp.h).
var TimestampingFlags = FlagSet{names: []flagName{
	{1 << 0, "SOF_TIMESTAMPING_TX_HARDWARE"},
	{1 << 1, "SOF_TIMESTAMPING_TX_SOFTWARE"},
	{1 << 2, "SOF_TIMESTAMPING_RX_HARDWARE"},
	{1 << 3, "SOF_TIMESTAMPING_RX_SOFTWARE"},
	{1 << 4, "SOF_TIMESTAMPING_SOFTWARE"},
	{1 << 5, "SOF_TIMESTAMPING_SYS_HARDWARE"},
	{1 << 6, "SOF_TIMESTAMPING_RAW_HARDWARE"},
	{1 << 7, "SOF_TIMESTAMPING_OPT_ID"},
	{1 << 8, "SOF_TIMESTAMPING_TX_SCHED"},
	{1 << 9, "SOF_TIMESTAMPING_TX_ACK"},
	{1 << 10, "SOF_TIMESTAMPING_OPT_CMSG"},
	{1 << 11, "SOF_TIMESTAMPING_OPT_TSONLY"},
	{1 << 12, "SOF_TIMESTAMPING_OPT_STATS"},
	{1 << 13, "SOF_TIMESTAMPING_OPT_PKTINFO"},
	{1 << 14, "SOF_TIMESTAMPING_OPT_TX_SWHW"},
	{1 << 15, "SOF_TIMESTAMPING_BIND_PHC"},
	{1 << 16, "SOF_TIMESTAMPING_OPT_ID_TCP"},
	{1 << 17, "SOF_TIMESTAMPING_OPT_RX_FILTER"},
	{1 << 18, "SOF_TIMESTAMPING_TX_COMPLETION"},
}, common: "SOF_TIMESTAMPING_"}

// Append appends the names of the bits of v, ascending by value and joined by
// |, with the bits that have no name at the end in hexadecimal; 0 for no bits.
func (s *FlagSet) Append(dst []byte, v uint64) []byte {
	if v == 0 {
		return append(dst, '0')
	}
	start := len(dst)
	for _, f := range s.names {
		if v&f.bit == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, '|')
		}
		dst = append(dst, f.name...)
		v &^= f.bit
	}
	if v != 0 {
		if len(dst) > start {
			dst = append(dst, '|')
		}
		dst = AppendHex(dst, v)
	}
	return dst
}

// Parse returns the value of what Append writes: names with or without their
// common prefix, or numbers, joined by |; and whether all were known.
func (s *FlagSet) Parse(text string) (uint64, bool) {
	var v uint64
	for start, i := 0, 0; i <= len(text); i++ {
		if i < len(text) && text[i] != '|' {
			continue
		}
		bit, ok := s.value(text[start:i])
		if !ok {
			return 0, false
		}
		v |= bit
		start = i + 1
	}
	return v, true
}

func (s *FlagSet) value(word string) (uint64, bool) {
	for _, f := range s.names {
		if word == f.name || s.common+word == f.name {
			return f.bit, true
		}
	}
	v, err := strconv.ParseUint(word, 0, 64)
	return v, err == nil
}

// Names returns the bits and their names, ascending by bit.
func (s *FlagSet) Names() (bits []uint64, names []string) {
	for _, f := range s.names {
		bits, names = append(bits, f.bit), append(names, f.name)
	}
	return bits, names
}

// FormatFlags returns the names of MSG_ flags as FlagSet.Append writes them.
func FormatFlags(v uint64) string { return string(MsgFlags.Append(nil, v)) }
