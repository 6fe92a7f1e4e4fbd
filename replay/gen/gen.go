// Package gen writes recordings for tests and benchmarks: any number of
// events, the same bytes for the same seed, and memory that does not grow with
// the size. The realistic mix has several programs with threads, TCP to 1,750
// addresses times 100 ports, datagrams with a msg_name, Unix sockets that pass
// descriptors, log-normal durations with a slow tail, errors, nulls and, when
// asked for, gaps; the uniform load is one loop that sends the same 64 bytes.
//
// A recording is planned segment by segment (Plan: sequence numbers, times,
// gaps) and each segment is filled from its plan and the seed alone, so that
// several goroutines fill at once and the result does not depend on how many.
package gen

import (
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// Options say what to generate. The zero value of a field means its default.
type Options struct {
	// Events is the number of events recorded, the lost ones not counted.
	Events int64
	// Seed selects the recording; 0 is a seed like any other.
	Seed uint64
	// Uniform asks for the uniform load instead of the realistic mix.
	Uniform bool
	// SegmentEvents is the number of events of a full segment, 32768 by default.
	SegmentEvents int
	// CPUs is the number of CPUs that events return on, 4 by default.
	CPUs int
	// GapEvery puts a gap after every GapEvery-th segment; 0 is none.
	GapEvery int
	// RateHz is the number of events per second of recorded time, 500,000 by
	// default.
	RateHz int64
	// Host is the name of the host, "generated" by default.
	Host string
	// Workers is the number of goroutines that fill and encode, 1 by default.
	// The recording is the same for any number.
	Workers int
}

// Totals is what a generated recording holds, for tests to compare with.
type Totals struct {
	Events   int64
	Lost     int64
	Gaps     int64
	Segments int64
	// FirstNS and LastNS bound the times of return of all events.
	FirstNS, LastNS int64
}

const (
	defaultSegmentEvents = 32768
	defaultCPUs          = 4
	defaultRateHz        = 500_000

	// The host booted an hour before the recording starts.
	startBoottimeNS = 3_600_000_000_000
	startRealtimeNS = 1_750_000_000_000_000_000
	taiOffsetNS     = 37_000_000_000
)

func (o Options) withDefaults() Options {
	if o.SegmentEvents <= 0 {
		o.SegmentEvents = defaultSegmentEvents
	}
	if o.CPUs <= 0 {
		o.CPUs = defaultCPUs
	}
	if o.RateHz <= 0 {
		o.RateHz = defaultRateHz
	}
	if o.Host == "" {
		o.Host = "generated"
	}
	if o.Workers <= 0 {
		o.Workers = 1
	}
	return o
}

// Header returns the header of the recordings that this package writes. The
// recording id follows from the seed.
func (o Options) Header() *segment.Header {
	o = o.withDefaults()
	return &segment.Header{
		RecordingID: recordingID(o.Seed),
		Recorder:    "sendmsgrec generator",
		Host:        o.Host,
		Kernel:      "6.1.0 generated",
		Machine:     "x86_64",
		BootID:      "6d6f6e2e-0000-4000-8000-000000000001",
		CPUs:        o.CPUs,
		Start:       clockAt(startBoottimeNS),
		Probe:       segment.Probe{Tier: "generated"},
		CommandLine: []string{"smrgen"},
		Limits:      segment.Limits{NameBytes: 128, ControlBytes: 4096, Iovecs: 8, SegmentEvents: o.SegmentEvents},
	}
}

// clockAt returns the generated host's clocks. Its wall clock gains 20 ns per
// millisecond on boot time, so that interpolation has something to do.
func clockAt(boottimeNS int64) segment.Clock {
	elapsed := boottimeNS - startBoottimeNS
	realtime := startRealtimeNS + elapsed + elapsed/50_000
	return segment.Clock{
		BoottimeNS:  boottimeNS,
		RealtimeNS:  realtime,
		MonotonicNS: boottimeNS - 1_000_000,
		TAINS:       realtime + taiOffsetNS,
	}
}
