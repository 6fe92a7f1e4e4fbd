package stracelog

import (
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       Call
	}{
		{
			"a short message",
			`sendmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=""..., iov_len=5}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0x40) = 5`,
			Call{FD: "8", Flags: "0x40", Ret: "5", Parts: map[string]string{"msg_name": "NULL", "msg_namelen": "0",
				"msg_iov": "[5]", "msg_iovlen": "1", "msg_controllen": "0", "msg_flags": "0"}},
		},
		{
			"a msghdr that is not readable",
			`sendmsg(8, 0x8, 0)                      = -1 EFAULT (Bad address)`,
			Call{FD: "8", Msg: "0x8", Flags: "0", Ret: "-1 EFAULT"},
		},
		{
			"a null msghdr",
			`sendmsg(8, NULL, 0) = -1 EFAULT (Bad address)`,
			Call{FD: "8", Msg: "0", Flags: "0", Ret: "-1 EFAULT"},
		},
		{
			"a call that was killed",
			`sendmsg(8, 0x8, 0) = ?`,
			Call{FD: "8", Msg: "0x8", Flags: "0", Ret: "?"},
		},
		{
			"a call whose thread was gone before it returned",
			`sendmsg(-1, {msg_name=NULL, msg_namelen=0}, 0 <unfinished ...>`,
			Call{FD: "-1", Flags: "0", Ret: Unfinished, Parts: map[string]string{"msg_name": "NULL", "msg_namelen": "0"}},
		},
		{
			"a call to be restarted",
			`sendmsg(8, 0x8, 0) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)`,
			Call{FD: "8", Msg: "0x8", Flags: "0", Ret: "? ERESTARTSYS"},
		},
		{
			"commas, brackets and quotes inside a path, a list cut short",
			`sendmsg(8, {msg_name={sa_family=0x1, sun_path="/a,\"]}b"}, msg_iov=[{iov_base=NULL, iov_len=0}, ... /* 0x7f5f21000000 */], msg_control=[{cmsg_len=0, cmsg_level=0x1, cmsg_type=0x1}, ... /* 0x7f */]}, 0) = 1`,
			Call{FD: "8", Flags: "0", Ret: "1", Parts: map[string]string{"msg_name": `{sa_family=0x1, sun_path="/a,\"]}b"}`,
				"msg_iov": "[0, ...]", "msg_control": "[{cmsg_len=0, cmsg_level=0x1, cmsg_type=0x1}, ...]"}},
		},
		{
			"netlink messages in place of iov_base",
			`sendmsg(8, {msg_iov=[{iov_base=[{nlmsg_len=32, nlmsg_type=0x12}, ""...], iov_len=32}]}, 0) = 32`,
			Call{FD: "8", Flags: "0", Ret: "32", Parts: map[string]string{"msg_iov": "[32]"}},
		},
		{
			"a message that was received",
			`recvmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=""..., iov_len=9}], msg_iovlen=1, msg_controllen=0, msg_flags=0x40000000}, 0x40000000) = 5`,
			Call{Name: "recvmsg", FD: "8", Flags: "0x40000000", Ret: "5", Parts: map[string]string{"msg_name": "NULL", "msg_namelen": "0",
				"msg_iov": "[9]", "msg_iovlen": "1", "msg_controllen": "0", "msg_flags": "0x40000000"}},
		},
		{
			"several messages, of which one was sent",
			`sendmmsg(3, [{msg_hdr={msg_name=NULL, msg_iov=[{iov_base=""..., iov_len=27}]}, msg_len=27}, {msg_hdr={msg_name=NULL}}], 2, 0x4000) = 1`,
			Call{Name: "sendmmsg", FD: "3", Flags: "0x4000", Ret: "1", Messages: []map[string]string{
				{"msg_name": "NULL", "msg_iov": "[27]", "msg_len": "27"}, {"msg_name": "NULL"}}},
		},
		{
			"no messages",
			`sendmmsg(15, NULL, 0, 0) = 0`,
			Call{Name: "sendmmsg", FD: "15", Flags: "0", Ret: "0"},
		},
		{
			"a call without a msghdr",
			`sendto(3, ""..., 54, 0, {sa_family=0x2, sin_port="\x14\xe9"}, 16) = 54`,
			Call{Name: "sendto", FD: "3", Flags: "0", Ret: "54", Args: []string{"3", `""...`, "54", "0", `{sa_family=0x2, sin_port="\x14\xe9"}`, "16"}},
		},
		{
			"a file that was sent",
			`sendfile(3, 5, [0] => [300000], 300000)  = 300000`,
			Call{Name: "sendfile", FD: "3", Ret: "300000", Args: []string{"3", "5", "[0] => [300000]", "300000"}},
		},
		{
			"a file that a 32-bit program sent",
			`sendfile64(1, 3, NULL, 16777216)        = 49`,
			Call{Name: "sendfile", FD: "1", Ret: "49", Args: []string{"1", "3", "NULL", "16777216"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok, err := Parse(c.line)
			if err != nil || !ok {
				t.Fatalf("ok %v, %v", ok, err)
			}
			c.want.Line = c.line
			if c.want.Name == "" {
				c.want.Name = "sendmsg"
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
	for _, line := range []string{"+++ exited with 0 +++", "--- SIGCHLD {si_signo=SIGCHLD} ---", "sendmsgs(1, 2, 3) = 4", ""} {
		if _, ok, err := Parse(line); ok || err != nil {
			t.Errorf("%q: ok %v, %v", line, ok, err)
		}
	}
}
