// Command smrgen writes a generated recording, for benchmarks by hand:
//
//	go run ./replay/gen/smrgen -events 100000000 -o big.smr
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/sendmsgrec/sendmsgrec/replay/gen"
)

func main() {
	o := gen.Options{}
	flag.Int64Var(&o.Events, "events", 1_000_000, "number of events")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed: the same seed gives the same recording")
	flag.BoolVar(&o.Uniform, "uniform", false, "one loop of equal calls instead of the realistic mix")
	flag.IntVar(&o.SegmentEvents, "segment-events", 0, "events per segment (default 32768)")
	flag.IntVar(&o.GapEvery, "gap-every", 0, "put a gap after every so many segments (0: none)")
	flag.StringVar(&o.Host, "host", "", "name of the host (default generated)")
	flag.IntVar(&o.Workers, "workers", 2, "goroutines that fill and encode")
	output := flag.String("o", "", "file to write")
	flag.Parse()
	if err := run(*output, o); err != nil {
		fmt.Fprintln(os.Stderr, "smrgen:", err)
		os.Exit(1)
	}
}

func run(path string, o gen.Options) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(path) // the first error is the one to tell
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<20)
	totals, err := gen.Write(buffered, o)
	if err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	fmt.Printf("%+v\n", totals)
	return nil
}
