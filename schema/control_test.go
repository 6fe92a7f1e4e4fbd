package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// controlCase is a control buffer as bytes, and how it must read. The same
// bytes go through strace in strace_linux_test.go.
type controlCase struct {
	name       string
	raw        string // hexadecimal, spaces ignored
	controllen int64  // 0: the length of raw
	strace     string // AppendControl at address 0x1000
	json       string
	// theirs is what strace 6.1 prints where we know better; "-" where there
	// is nothing to compare, because we see less than it.
	theirs string
}

const (
	rights2     = "1800000000000000 01000000 01000000 00000000 01000000"
	credentials = "1c00000000000000 01000000 02000000 185f0000 00000000 00000000 00000000"
)

var controlCases = []controlCase{
	{name: "two descriptors and credentials", raw: rights2 + credentials,
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, {cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=24344, uid=0, gid=0}}]`,
		json: `[{"offset":0,"len":24,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[0,1]},
			{"offset":24,"len":28,"level":1,"type":2,"level_text":"SOL_SOCKET","type_text":"SCM_CREDENTIALS","pid":24344,"uid":0,"gid":0}]`},
	{name: "credentials whose padding msg_controllen leaves out", raw: credentials, controllen: 28,
		strace: `[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=24344, uid=0, gid=0}}]`,
		json:   `[{"offset":0,"len":28,"level":1,"type":2,"level_text":"SOL_SOCKET","type_text":"SCM_CREDENTIALS","pid":24344,"uid":0,"gid":0}]`},
	{name: "SCM_RIGHTS without a descriptor", raw: "1000000000000000 01000000 01000000",
		strace: `[{cmsg_len=16, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS}]`,
		json:   `[{"offset":0,"len":16,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[]}]`},
	{name: "SCM_RIGHTS with descriptor -1 and half a descriptor", raw: "1600000000000000 01000000 01000000 ffffffff 0100 0000",
		strace: `[{cmsg_len=22, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[-1]}]`,
		json:   `[{"offset":0,"len":22,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[-1]}]`},
	{name: "credentials of the largest ids", raw: "1c00000000000000 01000000 02000000 ffffffff ffffffff feffffff 00000000",
		strace: `[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=-1, uid=4294967295, gid=4294967294}}]`,
		json:   `[{"offset":0,"len":28,"level":1,"type":2,"level_text":"SOL_SOCKET","type_text":"SCM_CREDENTIALS","pid":-1,"uid":4294967295,"gid":4294967294}]`,
		theirs: `[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=-1, uid=-1, gid=4294967294}}]`},
	{name: "credentials too short", raw: "1800000000000000 01000000 02000000 185f0000 00000000",
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data="\x18\x5f\x00\x00\x00\x00\x00\x00"}]`,
		json:   `[{"offset":0,"len":24,"level":1,"type":2,"level_text":"SOL_SOCKET","type_text":"SCM_CREDENTIALS","data":"185f000000000000"}]`,
		theirs: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS}]`},
	{name: "a security label", raw: "1500000000000000 01000000 03000000 615f743a00 000000",
		strace: `[{cmsg_len=21, cmsg_level=SOL_SOCKET, cmsg_type=SCM_SECURITY, cmsg_data="a_t:\0"}]`,
		json:   `[{"offset":0,"len":21,"level":1,"type":3,"level_text":"SOL_SOCKET","type_text":"SCM_SECURITY","label":"a_t:\u0000"}]`},
	{name: "a pidfd", raw: "1400000000000000 01000000 04000000 07000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_PIDFD, cmsg_data=7}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":4,"level_text":"SOL_SOCKET","type_text":"SCM_PIDFD","fd":7}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=0x4 /* SCM_??? */}]`},
	{name: "UDP_SEGMENT", raw: "1200000000000000 11000000 67000000 7805 000000000000",
		strace: `[{cmsg_len=18, cmsg_level=SOL_UDP, cmsg_type=UDP_SEGMENT, cmsg_data=[1400]}]`,
		json:   `[{"offset":0,"len":18,"level":17,"type":103,"level_text":"SOL_UDP","type_text":"UDP_SEGMENT","gso_size":1400}]`,
		theirs: `[{cmsg_len=18, cmsg_level=SOL_UDP, cmsg_type=0x67}]`},
	{name: "type 1 at another level than SOL_SOCKET is no SCM_RIGHTS", raw: "1400000000000000 00000000 01000000 10000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0x10, 0, 0, 0]}]`,
		json:   `[{"offset":0,"len":20,"level":0,"type":1,"level_text":"SOL_IP","type_text":"IP_TOS","tos":16}]`},
	{name: "IP_TOS of one byte", raw: "1100000000000000 00000000 01000000 b8 00000000000000",
		strace: `[{cmsg_len=17, cmsg_level=SOL_IP, cmsg_type=IP_TOS, cmsg_data=[0xb8]}]`,
		json:   `[{"offset":0,"len":17,"level":0,"type":1,"level_text":"SOL_IP","type_text":"IP_TOS","tos":184}]`},
	{name: "IP_TTL", raw: "1400000000000000 00000000 02000000 40000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}]`,
		json:   `[{"offset":0,"len":20,"level":0,"type":2,"level_text":"SOL_IP","type_text":"IP_TTL","ttl":64}]`},
	{name: "IP_PKTINFO", raw: "1c00000000000000 00000000 08000000 00000000 0a000001 7f000001 00000000",
		strace: `[{cmsg_len=28, cmsg_level=SOL_IP, cmsg_type=IP_PKTINFO, cmsg_data={ipi_ifindex=0, ipi_spec_dst=inet_addr("10.0.0.1"), ipi_addr=inet_addr("127.0.0.1")}}]`,
		json:   `[{"offset":0,"len":28,"level":0,"type":8,"level_text":"SOL_IP","type_text":"IP_PKTINFO","ifindex":0,"spec_dst":"10.0.0.1","address":"127.0.0.1"}]`},
	{name: "IP_RETOPTS", raw: "1400000000000000 00000000 07000000 83070400 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_RETOPTS, cmsg_data=[0x83, 0x7, 0x4, 0]}]`,
		json:   `[{"offset":0,"len":20,"level":0,"type":7,"level_text":"SOL_IP","type_text":"IP_RETOPTS","options":"83070400"}]`},
	{name: "IP_RECVERR, which only a receiver gets", raw: "3000000000000000 00000000 0b000000 6f000000 02030300 00000000 00000000 0200 0000 7f000001 0000000000000000",
		strace: `[{cmsg_len=48, cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=111, ee_origin=2, ee_type=3, ee_code=3, ee_info=0, ee_data=0, offender={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}}}]`,
		json:   `[{"offset":0,"len":48,"level":0,"type":11,"level_text":"SOL_IP","type_text":"IP_RECVERR","ee_errno":111,"ee_origin":2,"ee_type":3,"ee_code":3,"ee_info":0,"ee_data":0,"offender":"127.0.0.1:0"}]`},
	{name: "IP_PROTOCOL", raw: "1400000000000000 00000000 34000000 11000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_PROTOCOL, cmsg_data=[IPPROTO_UDP]}]`,
		json:   `[{"offset":0,"len":20,"level":0,"type":52,"level_text":"SOL_IP","type_text":"IP_PROTOCOL","protocol":17,"protocol_text":"IPPROTO_UDP"}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=0x34 /* IP_??? */}]`},
	{name: "a type that SOL_IP does not know", raw: "1400000000000000 00000000 63000000 11000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=0x63 /* IP_??? */, cmsg_data="\x11\x00\x00\x00"}]`,
		json:   `[{"offset":0,"len":20,"level":0,"type":99,"level_text":"SOL_IP","type_text":null,"data":"11000000"}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=0x63 /* IP_??? */}]`},
	{name: "SO_MARK", raw: "1400000000000000 01000000 24000000 10000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_MARK, cmsg_data=[0x10]}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":36,"level_text":"SOL_SOCKET","type_text":"SO_MARK","mark":16}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=0x24 /* SCM_??? */}]`},
	{name: "SO_PRIORITY", raw: "1400000000000000 01000000 0c000000 06000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_PRIORITY, cmsg_data=[6]}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":12,"level_text":"SOL_SOCKET","type_text":"SO_PRIORITY","priority":6}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=0xc /* SCM_??? */}]`},
	{name: "SO_TIMESTAMPING_OLD of a sender", raw: "1400000000000000 01000000 25000000 02010080 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMPING_OLD, cmsg_data=[SOF_TIMESTAMPING_TX_SOFTWARE|SOF_TIMESTAMPING_TX_SCHED|0x80000000]}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":37,"level_text":"SOL_SOCKET","type_text":"SO_TIMESTAMPING_OLD","tx_flags":2147483906,"tx_flags_text":"SOF_TIMESTAMPING_TX_SOFTWARE|SOF_TIMESTAMPING_TX_SCHED|0x80000000"}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMPING_OLD, cmsg_data=???}]`},
	{name: "SO_TIMESTAMPING_NEW of a sender", raw: "1400000000000000 01000000 41000000 00000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMPING_NEW, cmsg_data=[0]}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":65,"level_text":"SOL_SOCKET","type_text":"SO_TIMESTAMPING_NEW","tx_flags":0,"tx_flags_text":"0"}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SO_TIMESTAMPING_NEW, cmsg_data=???}]`},
	{name: "SO_TXTIME", raw: "1800000000000000 01000000 3d000000 00d2496b00000000",
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SO_TXTIME, cmsg_data=[1800000000]}]`,
		json:   `[{"offset":0,"len":24,"level":1,"type":61,"level_text":"SOL_SOCKET","type_text":"SO_TXTIME","txtime_ns":1800000000}]`,
		theirs: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SO_TXTIME}]`},
	{name: "SCM_TS_OPT_ID", raw: "1400000000000000 01000000 51000000 2a000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_TS_OPT_ID, cmsg_data=[42]}]`,
		json:   `[{"offset":0,"len":20,"level":1,"type":81,"level_text":"SOL_SOCKET","type_text":"SCM_TS_OPT_ID","ts_opt_id":42}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=0x51 /* SCM_??? */}]`},
	{name: "IPV6_PKTINFO", raw: "2400000000000000 29000000 32000000 00000000000000000000000000000001 02000000 00000000",
		strace: `[{cmsg_len=36, cmsg_level=SOL_IPV6, cmsg_type=IPV6_PKTINFO, cmsg_data={inet_pton(AF_INET6, "::1", &ipi6_addr), ipi6_ifindex=2}}]`,
		json:   `[{"offset":0,"len":36,"level":41,"type":50,"level_text":"SOL_IPV6","type_text":"IPV6_PKTINFO","address":"::1","ifindex":2}]`,
		theirs: `[{cmsg_len=36, cmsg_level=SOL_IPV6, cmsg_type=0x32}]`},
	{name: "IPV6_HOPLIMIT, IPV6_TCLASS and IPV6_DONTFRAG", raw: "1400000000000000 29000000 34000000 ffffffff 00000000" +
		"1400000000000000 29000000 43000000 20000000 00000000 1400000000000000 29000000 3e000000 01000000 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=IPV6_HOPLIMIT, cmsg_data=[-1]}, {cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=IPV6_TCLASS, cmsg_data=[32]}, {cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=IPV6_DONTFRAG, cmsg_data=[1]}]`,
		json: `[{"offset":0,"len":20,"level":41,"type":52,"level_text":"SOL_IPV6","type_text":"IPV6_HOPLIMIT","hoplimit":-1},
			{"offset":24,"len":20,"level":41,"type":67,"level_text":"SOL_IPV6","type_text":"IPV6_TCLASS","tclass":32},
			{"offset":48,"len":20,"level":41,"type":62,"level_text":"SOL_IPV6","type_text":"IPV6_DONTFRAG","dontfrag":1}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=0x34}, {cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=0x43}, {cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=0x3e}]`},
	{name: "IPV6_FLOWINFO", raw: "1400000000000000 29000000 0b000000 00012345 00000000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=IPV6_FLOWINFO, cmsg_data=[htonl(0x12345)]}]`,
		json:   `[{"offset":0,"len":20,"level":41,"type":11,"level_text":"SOL_IPV6","type_text":"IPV6_FLOWINFO","flowinfo":74565}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_IPV6, cmsg_type=0xb}]`},
	{name: "a cipher's operation and initial vector, whose length claims more than there is", raw: "1400000000000000 17010000 03000000 01000000 00000000" +
		"1600000000000000 17010000 02000000 10000000 aabb 0000",
		strace: `[{cmsg_len=20, cmsg_level=SOL_ALG, cmsg_type=ALG_SET_OP, cmsg_data=[ALG_OP_ENCRYPT]}, {cmsg_len=22, cmsg_level=SOL_ALG, cmsg_type=ALG_SET_IV, cmsg_data={ivlen=16, iv="\xaa\xbb"}}]`,
		json: `[{"offset":0,"len":20,"level":279,"type":3,"level_text":"SOL_ALG","type_text":"ALG_SET_OP","op":1,"op_text":"ALG_OP_ENCRYPT"},
			{"offset":24,"len":22,"level":279,"type":2,"level_text":"SOL_ALG","type_text":"ALG_SET_IV","ivlen":16,"iv":"aabb"}]`,
		theirs: `[{cmsg_len=20, cmsg_level=SOL_ALG, cmsg_type=0x3}, {cmsg_len=22, cmsg_level=SOL_ALG, cmsg_type=0x2}]`},
	{name: "a TLS record type", raw: "1100000000000000 1a010000 01000000 15 00000000000000",
		strace: `[{cmsg_len=17, cmsg_level=SOL_TLS, cmsg_type=TLS_SET_RECORD_TYPE, cmsg_data=[21]}]`,
		json:   `[{"offset":0,"len":17,"level":282,"type":1,"level_text":"SOL_TLS","type_text":"TLS_SET_RECORD_TYPE","record_type":21}]`,
		theirs: `[{cmsg_len=17, cmsg_level=SOL_TLS, cmsg_type=0x1}]`},
	{name: "a level and type that nobody knows, without data", raw: "1000000000000000 e7030000 00000000",
		strace: `[{cmsg_len=16, cmsg_level=0x3e7 /* SOL_??? */, cmsg_type=0}]`,
		json:   `[{"offset":0,"len":16,"level":999,"type":0,"level_text":null,"type_text":null,"data":""}]`},
	{name: "negative level and type", raw: "1000000000000000 ffffffff feffffff",
		strace: `[{cmsg_len=16, cmsg_level=0xffffffff /* SOL_??? */, cmsg_type=0xfffffffe}]`,
		json:   `[{"offset":0,"len":16,"level":-1,"type":-2,"level_text":null,"type_text":null,"data":""}]`},

	{name: "a cmsg_len of zero, and eight bytes after it", raw: "0000000000000000 00000000 00000000 0000000000000000",
		strace: `[{cmsg_len=0, cmsg_level=SOL_IP, cmsg_type=0 /* IP_??? */} /* bad cmsg_len */, ... /* 0x1010 */]`,
		json:   `[{"offset":0,"len":0,"level":0,"type":0,"level_text":"SOL_IP","type_text":null,"malformed":true,"data":""},{"offset":16,"rest_bytes":8,"captured":true}]`,
		theirs: `[{cmsg_len=0, cmsg_level=SOL_IP, cmsg_type=0 /* IP_??? */}, ... /* 0x1010 */]`},
	{name: "a cmsg_len of eight", raw: rights2 + "0800000000000000 01000000 01000000 05000000 00000000",
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, {cmsg_len=8, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS} /* bad cmsg_len */, ... /* 0x1028 */]`,
		json: `[{"offset":0,"len":24,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[0,1]},
			{"offset":24,"len":8,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","malformed":true,"fds":[]},{"offset":40,"rest_bytes":8,"captured":true}]`,
		theirs: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, {cmsg_len=8, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS}, ... /* 0x1028 */]`},
	{name: "a cmsg_len past msg_controllen", raw: "6400000000000000 01000000 01000000 05000000 06000000",
		strace: `[{cmsg_len=100, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]} /* bad cmsg_len */]`,
		json:   `[{"offset":0,"len":100,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","malformed":true,"fds":[5,6]}]`,
		theirs: `[{cmsg_len=100, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]}]`},
	{name: "a cmsg_len that wraps around when it is aligned", raw: "ffffffffffffffff 01000000 01000000 05000000 06000000",
		strace: `[{cmsg_len=18446744073709551615, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]} /* bad cmsg_len */]`,
		json:   `[{"offset":0,"len":18446744073709551615,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","malformed":true,"fds":[5,6]}]`,
		theirs: "-"},
	{name: "a rest too short for a header, which the kernel ignores", raw: rights2 + "0102030405060708",
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, ... /* 0x1018 */]`,
		json:   `[{"offset":0,"len":24,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[0,1]},{"offset":24,"rest_bytes":8,"captured":true}]`},
	{name: "a capture that ends within a message", raw: rights2, controllen: 48,
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, ... /* 24 bytes not captured */]`,
		json:   `[{"offset":0,"len":24,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[0,1]},{"offset":24,"rest_bytes":24,"captured":false}]`,
		theirs: "-"},
	{name: "a capture that ends within a message's data", raw: "2000000000000000 01000000 01000000 05000000 06000000", controllen: 64,
		strace: `[{cmsg_len=32, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6, ...]}, ... /* 32 bytes not captured */]`,
		json:   `[{"offset":0,"len":32,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","truncated":true,"fds":[5,6]},{"offset":32,"rest_bytes":32,"captured":false}]`,
		theirs: "-"},
	{name: "a msg_controllen beyond 2^63", raw: rights2, controllen: -1,
		strace: `[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, ... /* 18446744073709551591 bytes not captured */]`,
		json:   `[{"offset":0,"len":24,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[0,1]},{"offset":24,"rest_bytes":18446744073709551591,"captured":false}]`,
		theirs: "-"},
	{name: "a cmsg_len and a msg_controllen close to 2^64", raw: "f9ffffffffffffff 01000000 01000000 05000000 06000000", controllen: -2,
		strace: `[{cmsg_len=18446744073709551609, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6, ...]}]`,
		json:   `[{"offset":0,"len":18446744073709551609,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","truncated":true,"fds":[5,6]}]`,
		theirs: "-"},
	{name: "253 descriptors, of which all are kept", raw: "0404000000000000 01000000 01000000" + strings.Repeat("03000000", 253) + "00000000",
		strace: `[{cmsg_len=1028, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3` + strings.Repeat(", 3", 252) + `]}]`,
		json:   `[{"offset":0,"len":1028,"level":1,"type":1,"level_text":"SOL_SOCKET","type_text":"SCM_RIGHTS","fds":[3` + strings.Repeat(",3", 252) + `]}]`},
}

func (c *controlCase) bytes(t testing.TB) (raw []byte, controllen int64) {
	raw = unhex(t, c.raw)
	controllen = c.controllen
	if controllen == 0 {
		controllen = int64(len(raw))
	}
	return raw, controllen
}

func TestControl(t *testing.T) {
	for _, c := range controlCases {
		t.Run(c.name, func(t *testing.T) {
			raw, controllen := c.bytes(t)
			got := string(schema.AppendControl(nil, raw, controllen, 0x1000, schema.Control64))
			if got != c.strace {
				t.Errorf("AppendControl:\n got %s\nwant %s", got, c.strace)
			}
			got = string(schema.AppendControlJSON(nil, raw, controllen, schema.Control64))
			if want := strings.NewReplacer("\n", "", "\t", "").Replace(c.json); got != want {
				t.Errorf("AppendControlJSON:\n got %s\nwant %s", got, want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("not JSON: %s", got)
			}
		})
	}
}

func TestControlOf32BitCallers(t *testing.T) {
	// Two descriptors, then a message of one without padding between them.
	raw := unhex(t, "14000000 01000000 01000000 03000000 04000000 10000000 00000000 02000000 40000000")
	want := `[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3, 4]}, {cmsg_len=16, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}]`
	for _, abi := range []int64{schema.ABICompat32, schema.ABIX32} {
		got := string(schema.AppendControl(nil, raw, int64(len(raw)), 0x1000, schema.ControlLayoutOf(abi)))
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func FuzzControl(f *testing.F) {
	for _, c := range controlCases {
		raw, controllen := c.bytes(f)
		f.Add(raw, controllen, false)
		f.Add(raw, controllen, true)
	}
	f.Fuzz(func(t *testing.T, raw []byte, controllen int64, compat bool) {
		layout, header := schema.Control64, 16
		if compat {
			layout, header = schema.ControlCompat, 12
		}
		r := schema.NewControlReader(raw, controllen, layout)
		end, messages := -1, 0
		for m, ok := r.Next(); ok; m, ok = r.Next() {
			if m.Offset < end || m.Offset+header+len(m.Data) > len(raw) {
				t.Fatalf("message at %d with %d bytes follows %d in %d bytes", m.Offset, len(m.Data), end, len(raw))
			}
			end = m.Offset + header + len(m.Data)
			messages++
		}
		if messages > len(raw)/header {
			t.Fatalf("%d messages in %d bytes", messages, len(raw))
		}
		if rest := r.Rest(); rest.Offset+rest.Len != uint64(controllen) {
			t.Fatalf("the rest %+v does not end at msg_controllen %d", rest, uint64(controllen))
		}
		out := schema.AppendControl(nil, raw, controllen, 0x1000, layout)
		for _, c := range out {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has a byte that is not printable ASCII", out)
			}
		}
		if out = schema.AppendControlJSON(nil, raw, controllen, layout); !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
	})
}
