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
	name string
	min  int // bytes of data that the form needs
	form controlForm
	json string // key of the forms that are a single value
}

// controlForm is the layout of a message's data. (A switch over it, and not a
// function in the table, keeps messages and writers off the heap.)
type controlForm uint8

const (
	formNone controlForm = iota // shown in hexadecimal
	formUint8
	formUint16
	formUint32
	formInt32
	formHex32 // unsigned, shown in hexadecimal
	formUint64
	formBytes
	formRights
	formCredentials
	formSecurity
	formPidfd
	formTimestamping
	formTOS
	formPktinfo
	formPktinfo6
	formRecverr
	formSockaddr
	formProtocol
	formFlowinfo
	formALGIV
	formALGOp
)

// controlTypes is what a sender may give, and what receivers get where the
// layout is the same.
var controlTypes = map[controlKey]*controlType{
	{solSocket, 1}:  {"SCM_RIGHTS", 0, formRights, ""},
	{solSocket, 2}:  {"SCM_CREDENTIALS", 12, formCredentials, ""},
	{solSocket, 3}:  {"SCM_SECURITY", 0, formSecurity, ""},
	{solSocket, 4}:  {"SCM_PIDFD", 4, formPidfd, ""},
	{solSocket, 12}: {"SO_PRIORITY", 4, formUint32, "priority"},
	{solSocket, 29}: {"SO_TIMESTAMP_OLD", 0, formNone, ""},
	{solSocket, 35}: {"SO_TIMESTAMPNS_OLD", 0, formNone, ""},
	{solSocket, 36}: {"SO_MARK", 4, formHex32, "mark"},
	{solSocket, 37}: {"SO_TIMESTAMPING_OLD", 4, formTimestamping, ""},
	{solSocket, 40}: {"SO_RXQ_OVFL", 4, formUint32, "rxq_ovfl"},
	{solSocket, 41}: {"SO_WIFI_STATUS", 0, formNone, ""},
	{solSocket, 54}: {"SCM_TIMESTAMPING_OPT_STATS", 0, formNone, ""},
	{solSocket, 58}: {"SCM_TIMESTAMPING_PKTINFO", 0, formNone, ""},
	{solSocket, 61}: {"SO_TXTIME", 8, formUint64, "txtime_ns"},
	{solSocket, 63}: {"SO_TIMESTAMP_NEW", 0, formNone, ""},
	{solSocket, 64}: {"SO_TIMESTAMPNS_NEW", 0, formNone, ""},
	{solSocket, 65}: {"SO_TIMESTAMPING_NEW", 4, formTimestamping, ""},
	{solSocket, 78}: {"SCM_DEVMEM_LINEAR", 0, formNone, ""},
	{solSocket, 79}: {"SCM_DEVMEM_DMABUF", 4, formUint32, "dmabuf_id"},
	{solSocket, 81}: {"SCM_TS_OPT_ID", 4, formUint32, "ts_opt_id"},

	{solIP, 1}:  {"IP_TOS", 1, formTOS, ""},
	{solIP, 2}:  {"IP_TTL", 4, formUint32, "ttl"},
	{solIP, 6}:  {"IP_RECVOPTS", 1, formBytes, "options"},
	{solIP, 7}:  {"IP_RETOPTS", 1, formBytes, "options"},
	{solIP, 8}:  {"IP_PKTINFO", 12, formPktinfo, ""},
	{solIP, 11}: {"IP_RECVERR", 32, formRecverr, ""},
	{solIP, 20}: {"IP_ORIGDSTADDR", 16, formSockaddr, ""},
	{solIP, 23}: {"IP_CHECKSUM", 4, formUint32, "checksum"},
	{solIP, 52}: {"IP_PROTOCOL", 4, formProtocol, ""},

	{solUDP, 103}: {"UDP_SEGMENT", 2, formUint16, "gso_size"},
	{solUDP, 104}: {"UDP_GRO", 4, formUint32, "gso_size"},

	{solIPv6, 2}:  {"IPV6_2292PKTINFO", 20, formPktinfo6, ""},
	{solIPv6, 3}:  {"IPV6_2292HOPOPTS", 0, formNone, ""},
	{solIPv6, 4}:  {"IPV6_2292DSTOPTS", 0, formNone, ""},
	{solIPv6, 5}:  {"IPV6_2292RTHDR", 0, formNone, ""},
	{solIPv6, 8}:  {"IPV6_2292HOPLIMIT", 4, formInt32, "hoplimit"},
	{solIPv6, 11}: {"IPV6_FLOWINFO", 4, formFlowinfo, ""},
	{solIPv6, 25}: {"IPV6_RECVERR", 0, formNone, ""},
	{solIPv6, 50}: {"IPV6_PKTINFO", 20, formPktinfo6, ""},
	{solIPv6, 52}: {"IPV6_HOPLIMIT", 4, formInt32, "hoplimit"},
	{solIPv6, 54}: {"IPV6_HOPOPTS", 0, formNone, ""},
	{solIPv6, 55}: {"IPV6_RTHDRDSTOPTS", 0, formNone, ""},
	{solIPv6, 57}: {"IPV6_RTHDR", 0, formNone, ""},
	{solIPv6, 59}: {"IPV6_DSTOPTS", 0, formNone, ""},
	{solIPv6, 61}: {"IPV6_PATHMTU", 0, formNone, ""},
	{solIPv6, 62}: {"IPV6_DONTFRAG", 4, formInt32, "dontfrag"},
	{solIPv6, 67}: {"IPV6_TCLASS", 4, formInt32, "tclass"},
	{solIPv6, 74}: {"IPV6_ORIGDSTADDR", 16, formSockaddr, ""},

	{solSCTP, 0}: {"SCTP_INIT", 0, formNone, ""},
	{solSCTP, 1}: {"SCTP_SNDRCV", 0, formNone, ""},
	{solSCTP, 2}: {"SCTP_SNDINFO", 0, formNone, ""},
	{solSCTP, 3}: {"SCTP_RCVINFO", 0, formNone, ""},
	{solSCTP, 4}: {"SCTP_NXTINFO", 0, formNone, ""},
	{solSCTP, 5}: {"SCTP_PRINFO", 0, formNone, ""},
	{solSCTP, 6}: {"SCTP_AUTHINFO", 0, formNone, ""},
	{solSCTP, 7}: {"SCTP_DSTADDRV4", 0, formNone, ""},
	{solSCTP, 8}: {"SCTP_DSTADDRV6", 0, formNone, ""},

	{solALG, 2}: {"ALG_SET_IV", 4, formALGIV, ""},
	{solALG, 3}: {"ALG_SET_OP", 4, formALGOp, ""},
	{solALG, 4}: {"ALG_SET_AEAD_ASSOCLEN", 4, formUint32, "assoclen"},

	{solTLS, 1}: {"TLS_SET_RECORD_TYPE", 1, formUint8, "record_type"},
	{solTLS, 2}: {"TLS_GET_RECORD_TYPE", 1, formUint8, "record_type"},
}

// ControlTypeName returns the name of the pair of level and type, such as
// SCM_RIGHTS, or an empty string when it has none.
func ControlTypeName(level, typ int32) string {
	if t := controlTypes[controlKey{level, typ}]; t != nil {
		return t.name
	}
	return ""
}
