package schema

import "strconv"

// LevelEnum names the levels of socket options and control messages
// (include/linux/socket.h).
var LevelEnum = Enum{map[int64]string{
	0:   "SOL_IP",
	1:   "SOL_SOCKET",
	6:   "SOL_TCP",
	17:  "SOL_UDP",
	41:  "SOL_IPV6",
	58:  "SOL_ICMPV6",
	100: "SOL_CAN_BASE",
	101: "SOL_CAN_RAW",
	132: "SOL_SCTP",
	136: "SOL_UDPLITE",
	255: "SOL_RAW",
	256: "SOL_IPX",
	257: "SOL_AX25",
	258: "SOL_ATALK",
	259: "SOL_NETROM",
	260: "SOL_ROSE",
	261: "SOL_DECNET",
	262: "SOL_X25",
	263: "SOL_PACKET",
	264: "SOL_ATM",
	265: "SOL_AAL",
	266: "SOL_IRDA",
	267: "SOL_NETBEUI",
	268: "SOL_LLC",
	269: "SOL_DCCP",
	270: "SOL_NETLINK",
	271: "SOL_TIPC",
	272: "SOL_RXRPC",
	273: "SOL_PPPOL2TP",
	274: "SOL_BLUETOOTH",
	275: "SOL_PNPIPE",
	276: "SOL_RDS",
	277: "SOL_IUCV",
	278: "SOL_CAIF",
	279: "SOL_ALG",
	280: "SOL_NFC",
	281: "SOL_KCM",
	282: "SOL_TLS",
	283: "SOL_XDP",
	284: "SOL_MPTCP",
	285: "SOL_MCTP",
	286: "SOL_SMC",
	287: "SOL_VSOCK",
}}

// ProtocolEnum names the protocols of AF_INET and AF_INET6 sockets
// (include/uapi/linux/in.h, in6.h).
var ProtocolEnum = Enum{map[int64]string{
	0:   "IPPROTO_IP",
	1:   "IPPROTO_ICMP",
	2:   "IPPROTO_IGMP",
	4:   "IPPROTO_IPIP",
	6:   "IPPROTO_TCP",
	8:   "IPPROTO_EGP",
	12:  "IPPROTO_PUP",
	17:  "IPPROTO_UDP",
	22:  "IPPROTO_IDP",
	29:  "IPPROTO_TP",
	33:  "IPPROTO_DCCP",
	41:  "IPPROTO_IPV6",
	43:  "IPPROTO_ROUTING",
	44:  "IPPROTO_FRAGMENT",
	46:  "IPPROTO_RSVP",
	47:  "IPPROTO_GRE",
	50:  "IPPROTO_ESP",
	51:  "IPPROTO_AH",
	58:  "IPPROTO_ICMPV6",
	59:  "IPPROTO_NONE",
	60:  "IPPROTO_DSTOPTS",
	92:  "IPPROTO_MTP",
	94:  "IPPROTO_BEETPH",
	98:  "IPPROTO_ENCAP",
	103: "IPPROTO_PIM",
	108: "IPPROTO_COMP",
	115: "IPPROTO_L2TP",
	132: "IPPROTO_SCTP",
	135: "IPPROTO_MH",
	136: "IPPROTO_UDPLITE",
	137: "IPPROTO_MPLS",
	143: "IPPROTO_ETHERNET",
	255: "IPPROTO_RAW",
	256: "IPPROTO_SMC",
	262: "IPPROTO_MPTCP",
}}

// NetlinkProtocolEnum names the protocols of AF_NETLINK sockets
// (include/uapi/linux/netlink.h).
var NetlinkProtocolEnum = Enum{map[int64]string{
	0:  "NETLINK_ROUTE",
	1:  "NETLINK_UNUSED",
	2:  "NETLINK_USERSOCK",
	3:  "NETLINK_FIREWALL",
	4:  "NETLINK_SOCK_DIAG",
	5:  "NETLINK_NFLOG",
	6:  "NETLINK_XFRM",
	7:  "NETLINK_SELINUX",
	8:  "NETLINK_ISCSI",
	9:  "NETLINK_AUDIT",
	10: "NETLINK_FIB_LOOKUP",
	11: "NETLINK_CONNECTOR",
	12: "NETLINK_NETFILTER",
	13: "NETLINK_IP6_FW",
	14: "NETLINK_DNRTMSG",
	15: "NETLINK_KOBJECT_UEVENT",
	16: "NETLINK_GENERIC",
	18: "NETLINK_SCSITRANSPORT",
	19: "NETLINK_ECRYPTFS",
	20: "NETLINK_RDMA",
	21: "NETLINK_CRYPTO",
	22: "NETLINK_SMC",
}}

// ProtocolName returns the name of a socket's protocol within its family, or
// its decimal digits where the family names none. For AF_INET and AF_INET6
// protocol 0 is not seen: the kernel fills in the type's protocol.
func ProtocolName(family, protocol int64) string {
	switch family {
	case FamilyInet, FamilyInet6:
		return ProtocolEnum.Name(protocol)
	case FamilyNetlink:
		return NetlinkProtocolEnum.Name(protocol)
	}
	return strconv.FormatInt(protocol, 10)
}
