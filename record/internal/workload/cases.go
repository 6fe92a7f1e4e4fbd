package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
)

// The shared table: cases that every probe tier has to record alike, on every
// kernel. To add one, append a sentence and a function to one of the lists below
// (or a new list to allCases): the tests of record/e2e find it by themselves.
//
// The function makes its calls on the thread that it is given and logs each as a
// truth.Call, which is what the event is compared with, field by field:
// thread.send does both for a sendmsg. Another kind of call fills the truth.Call
// itself: Call, EntryPath, ABI and Origin say what it is; Needs names what a tier
// may declare unavailable, so that it records no event; Ints and Bytes say what
// any other column must hold. A call with several messages logs one truth.Call
// for each event that it must give, in the order of the events; a call that must
// give no event is simply not logged, because events that no log accounts for
// fail the test. What the kernel has not got, errAbsent says.

// scripted is a case: a sentence and the calls that show it. errAbsent from
// run says that this kernel lacks what the case needs.
type scripted struct {
	name string
	run  func(*thread) error
}

var errAbsent = errors.New("absent in this kernel")

func allCases() []scripted {
	return slices.Concat(nativeCases(headerCases(), iovecCases(), nameCases(), familyCases(),
		controlCases(), rightsCases(), flagCases(), resultCases(), blockedCases()),
		foreignCases(slices.Concat(iovecCases(), nameCases(), rightsCases(), waitingCases())), otherABICases())
}

func listCases([]string) error {
	for _, c := range allCases() {
		fmt.Println(c.name)
	}
	return nil
}

func runCases(args []string) error { return runScripted("cases", allCases(), args) }

// runScripted runs the cases that match, in order, and names those whose result
// was not the one that the case expects of the kernel.
func runScripted(command string, cases []scripted, args []string) error {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	path := flags.String("log", "", "append what was called to this file")
	match := flags.String("run", "", "only cases whose name matches this expression")
	if err := flags.Parse(args); err != nil {
		return err
	}
	re, err := regexp.Compile(*match)
	if err != nil {
		return err
	}
	var log *logger
	if *path != "" {
		if log, err = openLog(*path); err != nil {
			return err
		}
	}
	childLog = *path
	failed := 0
	for _, c := range cases {
		if !re.MatchString(c.name) {
			continue
		}
		switch err := inThread(c.name, log, c.run); {
		case errors.Is(err, errAbsent):
			fmt.Printf("absent: %s: %v\n", c.name, err)
		case err != nil:
			fmt.Fprintf(os.Stderr, "failed: %s: %v\n", c.name, err)
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d cases did not go as expected", failed)
	}
	return nil
}
