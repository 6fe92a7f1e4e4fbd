package record

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// loop is a Source that serves prepared records from memory again and again,
// with fresh numbers and times, until it has served limit events per CPU.
type loop struct {
	rings []*loopRing
	ended func()
}

type loopRing struct {
	memory   []uint64
	at       int // word of the next record
	end      int // of the records
	seq      uint64
	limit    uint64
	returned uint64 // time
	steps    []uint32
	served   atomic.Uint64 // as of the last Release
}

// newLoop lays the events that next returns out in about size bytes per CPU.
func newLoop(cpus, size int, next func(cpu int) *testEvent) *loop {
	l := &loop{ended: func() {}}
	random := rand.New(rand.NewPCG(1, 2))
	for cpu := range cpus {
		// Not before the recorder's clock: an event that seems old closes its
		// segment at once.
		r := &loopRing{returned: uint64(SystemClock{}.NowNS())}
		var base *bpf.Groups
		for 8*len(r.memory) < size {
			next := next(cpu)
			e := next.record(base)
			base = &next.Groups
			r.memory = append(r.memory, unsafe.Slice((*uint64)(unsafe.Pointer(e)), e.Size/8)...)
		}
		r.end, r.memory = len(r.memory), append(r.memory, 0)
		for range 4096 {
			r.steps = append(r.steps, uint32(1500+random.ExpFloat64()*500))
		}
		l.rings = append(l.rings, r)
	}
	return l
}

func (r *loopRing) Next() *bpf.Event {
	if r.seq == r.limit {
		return nil
	}
	if r.at == r.end {
		r.at = 0
	}
	e := (*bpf.Event)(unsafe.Pointer(&r.memory[r.at]))
	r.at += int(e.Size / 8)
	r.returned += uint64(r.steps[r.seq%uint64(len(r.steps))])
	e.Seq, e.TimeNS = r.seq, r.returned-e.DurationNS
	r.seq++
	return e
}

func (r *loopRing) Release() { r.served.Store(r.seq) }

func (l *loop) CPUs() int                          { return len(l.rings) }
func (l *loop) Ring(cpu int) Ring                  { return l.rings[cpu] }
func (l *loop) SkippedEntry() (bpf.Skipped, error) { return bpf.Skipped{}, nil }
func (l *loop) Ways() []bpf.Way                    { return nil }
func (l *loop) Sends() bpf.Sends                   { return bpf.Sends{} }
func (l *loop) Detach() error                      { return nil }

func (l *loop) Counters(cpu int) bpf.Counters {
	n := l.rings[cpu].limit
	return bpf.Counters{Entered: n, Returned: n, Seq: n}
}

func (l *loop) Wait(time.Duration) error {
	l.ended()
	return nil
}

// uniform is one sender per CPU that repeats one call; durations vary as
// measured ones do.
func uniform(random *rand.Rand) func(cpu int) *testEvent {
	return func(cpu int) *testEvent {
		t := newTestEvent()
		t.Task.TID += uint32(cpu)
		t.Call.MsgPtr += uint64(cpu) << 20
		t.DurationNS = uint64(math.Exp(random.NormFloat64()*0.3) * 900)
		return t
	}
}

// mixed is 64 threads on 200 sockets of three families, with many destinations,
// message sizes and stack addresses, and now and then descriptors or an error.
func mixed(random *rand.Rand) func(cpu int) *testEvent {
	return func(cpu int) *testEvent {
		t := newTestEvent()
		thread := random.IntN(64)
		t.Task.PID, t.Task.TID = uint32(100+thread/8), uint32(100+thread)
		t.Call.Sockfd = int32(3 + random.IntN(20))
		t.Call.MsgPtr = 0x7ffd_0000_0000 + uint64(thread)<<16
		t.Socket.Inode = uint64(1000 + random.IntN(200))
		size := int64(32 << random.IntN(8))
		t.iov = make([]bpf.Iovec, 1+random.IntN(3))
		for i := range t.iov {
			t.iov[i] = bpf.Iovec{Base: 0x7f00_0000_0000 + uint64(thread)<<20 + uint64(random.IntN(16))<<12, Len: uint64(size)}
		}
		t.Call.MsgIovlen = uint64(len(t.iov))
		t.RequestedBytes, t.Ret = size*int64(len(t.iov)), size*int64(len(t.iov))
		t.SndbufUsed = int64(random.IntN(64)) * 768
		t.DurationNS = uint64(math.Exp(random.NormFloat64()) * 2000)
		switch random.IntN(4) {
		case 0: // UDP to one of many
			t.name[5], t.name[7] = byte(random.IntN(4)), byte(random.IntN(250))
		case 1: // connected TCP
			t.name, t.Call.NameSource, t.Call.MsgNamePtr = nil, uint8(schema.SourceNull), 0
			t.Socket.Type, t.Socket.Protocol, t.Socket.RemotePort = 1, 6, 443
		case 2, 3: // Unix
			t.name, t.Call.NameSource, t.Call.MsgNamePtr = nil, uint8(schema.SourceNull), 0
			t.Socket.Family, t.Socket.Protocol, t.Socket.LocalPort, t.Socket.HasPeer = afUnix, 0, 0, 1
			t.remotePath = []byte("/run/dbus/system_bus_socket")
			if random.IntN(8) == 0 {
				t.control = binary.LittleEndian.AppendUint32(nil, 20)
				t.control = append(t.control, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, byte(random.IntN(30)), 0, 0, 0, 0, 0, 0, 0)
				t.Call.ControlSource, t.Call.MsgControlPtr, t.Call.MsgControllen = uint8(schema.SourceEntry), 0x7ffd_0000_0500, 24
			}
		}
		if random.IntN(50) == 0 {
			t.Ret = -11
		}
		return t
	}
}

var loads = []struct {
	name string
	load func(*rand.Rand) func(cpu int) *testEvent
}{{"uniform", uniform}, {"mixed", mixed}}

// BenchmarkRecord is the whole way from ring to written bytes. With -cpu 1 it
// is the cost of drain, encoding and compression on one core.
func BenchmarkRecord(b *testing.B) {
	for _, c := range loads {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			l := newLoop(2, 8<<20, c.load(rand.New(rand.NewPCG(3, 4))))
			for _, r := range l.rings {
				r.limit = uint64(b.N+1) / 2
			}
			out := &Output{f: discard{}}
			r, err := New(l, out, &segment.Header{}, Options{})
			if err != nil {
				b.Fatal(err)
			}
			l.ended = func() { r.Stop("script-end") }
			b.ResetTimer()
			s, err := r.Run()
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(s.Events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(s.FileBytes)/float64(s.Events), "bytes/event")
			b.ReportMetric(s.CPUSeconds/float64(s.Events)*1e9, "cpu-ns/event")
		})
	}
}

// BenchmarkBuild is block building alone.
func BenchmarkBuild(b *testing.B) {
	for _, c := range loads {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			r := newLoop(1, 8<<20, c.load(rand.New(rand.NewPCG(3, 4)))).rings[0]
			r.limit = math.MaxUint64
			builder, block, last := newBuilder(DefaultSegmentEvents), new(segment.Block), lastRows{}
			last.forget()
			builder.begin(block)
			b.ResetTimer()
			for range b.N {
				if builder.rows == builder.maxRows {
					builder.finish()
					builder.begin(block)
					last.forget()
				}
				builder.append(0, r.Next(), &last)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// discard is a file that forgets.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Truncate(int64) error        { return nil }
func (discard) Sync() error                 { return nil }
func (discard) Close() error                { return nil }
