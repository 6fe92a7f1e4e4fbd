package record

import (
	"fmt"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/bpf"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

func TestARecordingSaysWhatWasWatchedAndUntilWhen(t *testing.T) {
	s := newScript(1, send(0), wait(5e9), pause, send(0))
	s.sends = bpf.Sends{Counted: true, Total: 4, Unexplained: 2, Processes: []bpf.SendingProcess{{PID: 7, Comm: "evader", Sends: 2, Bytes: 10}}}
	got, err := play(t, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.coverage) != 2 || got.coverage[0].ToNS != 0 {
		t.Fatalf("%+v", got.coverage)
	}
	last := &got.coverage[1]
	want := fmt.Sprintf("coverage from %d to %d\n", got.start.BoottimeNS, last.ToNS) +
		"  syscall 64 sendmsg watched by a script\n" +
		"  io_uring 64 sendmsg not watched: not in the script\n" +
		"  unexplained sends: 2 of 4; 2 by process 7 (evader), 10 bytes\n"
	if last.String() != want {
		t.Errorf("got\n%swant\n%s", last, want)
	}
	if span := last.ToNS - last.FromNS; span < 5e9 {
		t.Errorf("watched for %d ns", span)
	}
}

func TestMoreProcessesThanTheFormatTakesAreOthers(t *testing.T) {
	s := bpf.Sends{Counted: true, Others: 3}
	for pid := range uint32(segment.MaxUnexplainedProcesses + 5) {
		s.Processes = append(s.Processes, bpf.SendingProcess{PID: pid, Sends: 2})
		s.Unexplained += 2
	}
	s.Unexplained += 3
	s.Total = s.Unexplained
	u := unexplained(&s)
	if len(u.Processes) != segment.MaxUnexplainedProcesses || u.Others != 3+2*5 {
		t.Errorf("%d processes, %d others", len(u.Processes), u.Others)
	}
	if err := (&segment.Coverage{Unexplained: u}).Check(); err != nil {
		t.Error(err)
	}
}
