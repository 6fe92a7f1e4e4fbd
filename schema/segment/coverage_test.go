package segment

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

func TestTheLaterCoverageOfATimeReplacesTheEarlier(t *testing.T) {
	for _, rd := range readers {
		l := mixedLoad()
		l.watched = true
		r, err := rd.open(record(t, l, 40, 30).bytes)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Summarize(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Coverage) != 1 || s.Coverage[0].ToNS == 0 || !s.Coverage[0].Unexplained.Counted {
			t.Errorf("%s: %+v", rd.name, s.Coverage)
		}
	}
}

func TestASummaryKeepsTheNewestCoverages(t *testing.T) {
	var list []Coverage
	for from := range int64(3 * MaxCoverages) {
		list = addCoverage(list, &Coverage{FromNS: from})
		list = addCoverage(list, &Coverage{FromNS: from, ToNS: from + 1})
	}
	if len(list) != MaxCoverages || list[0].FromNS != 2*MaxCoverages || list[MaxCoverages-1].ToNS != 3*MaxCoverages {
		t.Errorf("%d coverages: %+v", len(list), list)
	}
}

func TestVerifyChecksACoverage(t *testing.T) {
	way := `{"path":"syscall","abi":"64","call":"sendmsg","hooks":["a"]}`
	for _, c := range []struct{ name, payload, problem string }{
		{"a coverage that adds up", `{"from_ns":1,"to_ns":2,"ways":[` + way + `],"unexplained":{"counted":true,"sends":9,"unexplained":3,"processes":[{"pid":1,"comm":"x","sends":2}],"others":1}}`, ""},
		{"an unknown key", `{"from_ns":1,"later":{"a":[1]}}`, ""},
		{"a time that ends before it begins", `{"from_ns":3,"to_ns":2}`, "coverage"},
		{"a way without a name", `{"ways":[{"path":"syscall"}]}`, "coverage"},
		{"processes that do not add up", `{"unexplained":{"sends":9,"unexplained":3,"others":1}}`, "coverage"},
		{"more unexplained sends than sends", `{"unexplained":{"sends":2,"unexplained":3,"others":3}}`, "coverage"},
		{"no JSON", `{"from_ns":`, "damage"},
		{"a list where a number belongs", `{"from_ns":[1]}`, "damage"},
		{"more ways than the limit", `{"ways":[` + strings.Repeat("{},", MaxWays) + `{}]}`, "damage"},
		{"more processes than the limit", `{"unexplained":{"processes":[` + strings.Repeat("{},", MaxUnexplainedProcesses) + `{}]}}`, "damage"},
		{"more bytes than the limit", `{"from_ns":1}` + strings.Repeat(" ", MaxCoverageBytes), "damage"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := open(file(t, crafted{kind: KindCoverage, version: 1, payload: []byte(c.payload)}))
			if err != nil {
				t.Fatal(err)
			}
			report, err := Verify(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for i := range report.Problems {
				if k := report.Problems[i].Kind; k != ProblemIncomplete {
					found = append(found, k.String())
				}
			}
			if got := strings.Join(found, " "); got != c.problem {
				t.Errorf("problems %q, expected %q: %v", got, c.problem, report.Problems)
			}
		})
	}
}

func TestWriterRefusesACoverageBeyondTheLimits(t *testing.T) {
	for _, c := range []*Coverage{
		{Ways: make([]Way, MaxWays+1)},
		{Unexplained: Unexplained{Processes: make([]UnexplainedProcess, MaxUnexplainedProcesses+1)}},
		{Ways: []Way{{Why: strings.Repeat("x", MaxCoverageBytes)}}},
	} {
		var buf bytes.Buffer
		w, err := NewWriter(&buf, testHeader())
		if err != nil {
			t.Fatal(err)
		}
		before := buf.Len()
		if err := w.WriteCoverage(c); !errors.Is(err, colblock.ErrLimit) || buf.Len() != before {
			t.Errorf("%v, and %d bytes written", err, buf.Len()-before)
		}
		if err := w.WriteCoverage(testCoverage(0)); err != nil {
			t.Errorf("after it: %v", err)
		}
	}
}

func ExampleCoverage() {
	fmt.Print(testCoverage(1e12 + 5))
	// Output:
	// coverage from 1000000000000 to 1000000000005
	//   syscall 64 sendmsg watched by tracepoint:syscalls:sys_enter_sendmsg, tracepoint:syscalls:sys_exit_sendmsg
	//   syscall compat32 sendmsg not watched: not asked for
	//   io_uring 64 sendmsg watched by tp_btf:io_uring_complete: a request that is cancelled early has no socket
	//   unexplained sends: 30 of 1000; 24 by process 17 (evader), 4096 bytes; 1 by process 18 (other), 0 bytes; 5 by others
}
