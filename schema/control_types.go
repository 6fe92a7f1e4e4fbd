package schema

// Levels and types of control messages that decoders name.
const (
	solIP     = 0
	solSocket = 1
	solUDP    = 17
	solIPv6   = 41
	solSCTP   = 132
	solALG    = 279
	solTLS    = 282
)

type controlKey struct{ level, typ int32 }

// controlType is a kind of control message. The pair of level and type is the
// key: 1 is SCM_RIGHTS at SOL_SOCKET and IP_TOS at SOL_IP.
type controlType struct {
	name   string
	min    int // bytes of data that decode needs
	decode func(w *fields, m *ControlMessage)
}

// controlTypes is what a sender may give, and what receivers get where the
// layout is the same.
var controlTypes = map[controlKey]*controlType{
	{solSocket, 1}:  {"SCM_RIGHTS", 0, decodeRights},
	{solSocket, 2}:  {"SCM_CREDENTIALS", 12, decodeCredentials},
	{solSocket, 3}:  {"SCM_SECURITY", 0, decodeSecurity},
	{solSocket, 4}:  {"SCM_PIDFD", 4, decodePidfd},
	{solSocket, 12}: {"SO_PRIORITY", 4, scalar("priority")},
	{solSocket, 29}: {"SO_TIMESTAMP_OLD", 0, nil},
	{solSocket, 35}: {"SO_TIMESTAMPNS_OLD", 0, nil},
	{solSocket, 36}: {"SO_MARK", 4, scalarHex("mark")},
	{solSocket, 37}: {"SO_TIMESTAMPING_OLD", 4, decodeTimestamping},
	{solSocket, 40}: {"SO_RXQ_OVFL", 4, scalar("rxq_ovfl")},
	{solSocket, 41}: {"SO_WIFI_STATUS", 0, nil},
	{solSocket, 54}: {"SCM_TIMESTAMPING_OPT_STATS", 0, nil},
	{solSocket, 58}: {"SCM_TIMESTAMPING_PKTINFO", 0, nil},
	{solSocket, 61}: {"SO_TXTIME", 8, decodeTxtime},
	{solSocket, 63}: {"SO_TIMESTAMP_NEW", 0, nil},
	{solSocket, 64}: {"SO_TIMESTAMPNS_NEW", 0, nil},
	{solSocket, 65}: {"SO_TIMESTAMPING_NEW", 4, decodeTimestamping},
	{solSocket, 78}: {"SCM_DEVMEM_LINEAR", 0, nil},
	{solSocket, 79}: {"SCM_DEVMEM_DMABUF", 4, scalar("dmabuf_id")},
	{solSocket, 81}: {"SCM_TS_OPT_ID", 4, scalar("ts_opt_id")},

	{solIP, 1}:  {"IP_TOS", 1, decodeTOS},
	{solIP, 2}:  {"IP_TTL", 4, scalar("ttl")},
	{solIP, 6}:  {"IP_RECVOPTS", 1, byteList("options")},
	{solIP, 7}:  {"IP_RETOPTS", 1, byteList("options")},
	{solIP, 8}:  {"IP_PKTINFO", 12, decodePktinfo},
	{solIP, 11}: {"IP_RECVERR", 32, decodeRecverr},
	{solIP, 20}: {"IP_ORIGDSTADDR", 16, decodeSockaddr},
	{solIP, 23}: {"IP_CHECKSUM", 4, scalar("checksum")},
	{solIP, 52}: {"IP_PROTOCOL", 4, decodeProtocol},

	{solUDP, 103}: {"UDP_SEGMENT", 2, decodeSegment},
	{solUDP, 104}: {"UDP_GRO", 4, scalar("gso_size")},

	{solIPv6, 2}:  {"IPV6_2292PKTINFO", 20, decodePktinfo6},
	{solIPv6, 3}:  {"IPV6_2292HOPOPTS", 0, nil},
	{solIPv6, 4}:  {"IPV6_2292DSTOPTS", 0, nil},
	{solIPv6, 5}:  {"IPV6_2292RTHDR", 0, nil},
	{solIPv6, 8}:  {"IPV6_2292HOPLIMIT", 4, scalarInt("hoplimit")},
	{solIPv6, 11}: {"IPV6_FLOWINFO", 4, decodeFlowinfo},
	{solIPv6, 25}: {"IPV6_RECVERR", 0, nil},
	{solIPv6, 50}: {"IPV6_PKTINFO", 20, decodePktinfo6},
	{solIPv6, 52}: {"IPV6_HOPLIMIT", 4, scalarInt("hoplimit")},
	{solIPv6, 54}: {"IPV6_HOPOPTS", 0, nil},
	{solIPv6, 55}: {"IPV6_RTHDRDSTOPTS", 0, nil},
	{solIPv6, 57}: {"IPV6_RTHDR", 0, nil},
	{solIPv6, 59}: {"IPV6_DSTOPTS", 0, nil},
	{solIPv6, 61}: {"IPV6_PATHMTU", 0, nil},
	{solIPv6, 62}: {"IPV6_DONTFRAG", 4, scalarInt("dontfrag")},
	{solIPv6, 67}: {"IPV6_TCLASS", 4, scalarInt("tclass")},
	{solIPv6, 74}: {"IPV6_ORIGDSTADDR", 16, decodeSockaddr},

	{solSCTP, 0}: {"SCTP_INIT", 0, nil},
	{solSCTP, 1}: {"SCTP_SNDRCV", 0, nil},
	{solSCTP, 2}: {"SCTP_SNDINFO", 0, nil},
	{solSCTP, 3}: {"SCTP_RCVINFO", 0, nil},
	{solSCTP, 4}: {"SCTP_NXTINFO", 0, nil},
	{solSCTP, 5}: {"SCTP_PRINFO", 0, nil},
	{solSCTP, 6}: {"SCTP_AUTHINFO", 0, nil},
	{solSCTP, 7}: {"SCTP_DSTADDRV4", 0, nil},
	{solSCTP, 8}: {"SCTP_DSTADDRV6", 0, nil},

	{solALG, 2}: {"ALG_SET_IV", 4, decodeALGIV},
	{solALG, 3}: {"ALG_SET_OP", 4, decodeALGOp},
	{solALG, 4}: {"ALG_SET_AEAD_ASSOCLEN", 4, scalar("assoclen")},

	{solTLS, 1}: {"TLS_SET_RECORD_TYPE", 1, decodeRecordType},
	{solTLS, 2}: {"TLS_GET_RECORD_TYPE", 1, decodeRecordType},
}

// ControlTypeName returns the name of the pair of level and type, such as
// SCM_RIGHTS, or an empty string when it has none.
func ControlTypeName(level, typ int32) string {
	if t := controlTypes[controlKey{level, typ}]; t != nil {
		return t.name
	}
	return ""
}
