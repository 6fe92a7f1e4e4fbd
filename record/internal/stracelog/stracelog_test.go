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
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok, err := Parse(c.line)
			if err != nil || !ok {
				t.Fatalf("ok %v, %v", ok, err)
			}
			c.want.Line = c.line
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
	if _, ok, err := Parse("+++ exited with 0 +++"); ok || err != nil {
		t.Errorf("a line about an exit: ok %v, %v", ok, err)
	}
}
