//go:build privileged

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// TestSendersInsideTheKernel records what the client of a network block device
// sends to its server, and compares it with what comes out of the socket. Where
// functions are not hooked, its sends are still counted.
func TestSendersInsideTheKernel(t *testing.T) {
	eachTier(t, func(t *testing.T, tier string) {
		r := start(t, probe(tier, "-q", "--count-sends")...)
		made := must(t, 0, workload, "nbd").stdout
		if code := r.stop(); code != 0 {
			t.Fatalf("record ended with %d\n%s", code, r.stderr.String())
		}
		if why, ok := strings.CutPrefix(made, "absent: "); ok {
			t.Logf("absent: %s", why)
			return
		}
		l := decodeLoad(t, made)
		i := readInfo(t, r.path)
		if i.Lost != 0 || !i.Accounted {
			t.Errorf("%+v", i)
		}
		var bytes, sends int64
		for _, e := range readEvents(t, r.path) {
			if inode, _ := e.int(schema.ColSocketInode); !slices.Contains(l.Inodes, inode) {
				continue
			}
			checkKernelSend(t, &e)
			ret, _ := e.int(schema.ColRet)
			bytes += ret
			sends++
		}
		if isAbsent(t, r.path, "kernel", "which this probe tier does not hook") {
			if sends != 0 {
				t.Errorf("%d sends of the kernel's are recorded all the same", sends)
			}
			checkUnexplained(t, r.path, l.Calls)
			return
		}
		// A request's header and its data are sent apart.
		if bytes != l.Bytes || sends < l.Calls {
			t.Errorf("%d bytes in %d sends are recorded, %d came out in %d requests", bytes, sends, l.Bytes, l.Calls)
		}
	})
}

func checkKernelSend(t *testing.T, e *event) {
	t.Helper()
	path, _ := schema.EntryPathEnum.Value("kernel")
	for c, want := range map[schema.ColumnID]int64{
		schema.ColOrigin: schema.OriginKernel, schema.ColEntryPath: path,
		schema.ColCall: schema.CallSendmsg, schema.ColSocketFamily: 1, schema.ColMsgIovlen: 1,
	} {
		if got, ok := e.int(c); !ok || got != want {
			t.Errorf("%s of a sender inside the kernel: %s, expected %d", schema.ByID(c).Name, text(e, c), want)
		}
	}
	requested, _ := e.int(schema.ColRequestedBytes)
	if ret, _ := e.int(schema.ColRet); ret != requested {
		t.Errorf("%d of %d bytes were sent", ret, requested)
	}
}
