package traffic_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/replay/traffic"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// BenchmarkTraffic makes sends of 64 bytes of one thread on a Unix stream socket
// again, as fast as it goes.
func BenchmarkTraffic(b *testing.B) {
	l, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, make([]byte, 1<<20))
				c.Close()
			}()
		}
	}()
	const events = 10_000
	o := options(b, recording(b, 1000, sizes(schema.FamilyUnix, schema.SocketStream, 1, 1, slicesOf(events, 64))...), "*=unix:"+l.Addr().String())
	o.Loops = (b.N + events - 1) / events
	r, err := traffic.New(context.Background(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := r.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	report := r.Report()
	b.ReportMetric(float64(report.All.Sent)/report.Elapsed.Seconds(), "sends/s")
	b.ReportMetric(float64(report.Elapsed.Nanoseconds())/float64(report.All.Sent), "ns/send")
}
