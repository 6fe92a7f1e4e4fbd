package stracelog

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestRender holds lines that strace 6.1 printed, and the calls behind them.
func TestRender(t *testing.T) {
	for _, c := range []struct {
		name, line string
		header     Header
	}{
		{
			"an IPv4 address and one iovec",
			`sendmsg(8, {msg_name={sa_family=0x2, sin_port="\xb2\xa5", sin_addr="\x7f\x00\x00\x01"}, msg_namelen=16, msg_iov=[{iov_base=""..., iov_len=8}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 8`,
			Header{NamePtr: 1, NameLen: 16, Name: unhex("0200b2a57f0000010000000000000000"), IovPtr: 1, IovLens: []uint64{8}, IovReadable: true, IovLen: 1},
		},
		{
			"an abstract address",
			`sendmsg(9, {msg_name={sa_family=0x1, sun_path=@"workload-4858"}, msg_namelen=16, msg_iov=[{iov_base=""..., iov_len=9}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 9`,
			Header{NamePtr: 1, NameLen: 16, Name: []byte("\x01\x00\x00workload-4858"), IovPtr: 1, IovLens: []uint64{9}, IovReadable: true, IovLen: 1},
		},
		{
			"an address that is too short for its family",
			`sendmsg(8, {msg_name={sa_family=0x2, sa_data="\322"}, msg_namelen=3, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=0}, 0) = -1 EINVAL (Invalid argument)`,
			Header{NamePtr: 1, NameLen: 3, Name: []byte("\x02\x00\xd2")},
		},
		{
			"descriptors and credentials",
			`sendmsg(11, {msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, msg_control=[{cmsg_len=24, cmsg_level=0x1, cmsg_type=0x1, cmsg_data=[8, 0]}, {cmsg_len=28, cmsg_level=0x1, cmsg_type=0x2, cmsg_data={pid=4786, uid=0, gid=0}}], msg_controllen=56, msg_flags=0}, 0) = 5`,
			Header{ControlPtr: 1, ControlLen: 56, Control: unhex("180000000000000001000000010000000800000000000000" + "1c000000000000000100000002000000b2120000000000000000000000000000")},
		},
		{
			"a control message that is shorter than its header, and what follows",
			`sendmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, msg_control=[{cmsg_len=8, cmsg_level=0x1, cmsg_type=0x1}, ... /* 0x7f5f20c00018 */], msg_controllen=24, msg_flags=0}, 0) = -1 EINVAL (Invalid argument)`,
			Header{ControlPtr: 1, ControlLen: 24, Control: unhex("0800000000000000" + "0100000001000000" + "0000000000000000")},
		},
		{
			"msg_iov of which the end is not readable",
			`sendmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=NULL, iov_len=0}, {iov_base=NULL, iov_len=7}, ... /* 0x7f5f21000000 */], msg_iovlen=3, msg_controllen=0, msg_flags=0}, 0) = -1 EFAULT (Bad address)`,
			Header{IovPtr: 1, IovLens: []uint64{0, 7}, IovReadable: true, IovLen: 3},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, ok, err := Parse(c.line)
			if err != nil || !ok {
				t.Fatalf("ok %v, %v", ok, err)
			}
			got := Render(&c.header)
			for name, want := range line.Parts {
				if got[name] != want {
					t.Errorf("%s: got %s, strace %s", name, got[name], want)
				}
				delete(got, name)
			}
			if len(got) > 0 {
				t.Errorf("strace does not print %v", got)
			}
		})
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}
