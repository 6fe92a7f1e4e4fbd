package main

import (
	"fmt"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/record/internal/markdown"
)

// recorder is sendmsgrec as a tracer: a program with options of record.
func recorder(name string, program func(*options) string, flags ...string) tracer {
	return tracer{name: name, start: recorderReady, events: recorderEvents,
		args: func(o *options, file string) []string {
			return append(append([]string{program(o), "record", "-q"}, flags...), "-o", file)
		}}
}

// ofThisTree is the program that was built here.
func ofThisTree(o *options) string { return o.program("sendmsgrec") }

const byDefault = "default"

// priced are the options of record whose price is listed: what they add to a
// sendmsg beside the default recording. To add one, add its line.
var priced = [][]string{
	{"--calls", "all"},
	{"--comm", "workload"},
	{"--paths", "all"},
	{"--count-sends"},
}

// measureOptions fills the table of prices.
func measureOptions(o *options, tables map[string]string) error {
	list := []tracer{recorder(byDefault, ofThisTree)}
	for _, flags := range priced {
		list = append(list, recorder(fmt.Sprintf("`%s`", strings.Join(flags, " ")), ofThisTree, flags...))
	}
	samples, err := o.alternate(list, false, o.loadArgs(1)...)
	if err != nil {
		return err
	}
	tables["options"] = o.ratioTable("option", byDefault, list, samples)
	return nil
}

// measureAgainst fills the table that compares the default recording with that
// of another build.
func measureAgainst(o *options, tables map[string]string) error {
	if o.against == "" {
		return nil
	}
	list := []tracer{
		recorder("the other build", func(o *options) string { return o.against }),
		recorder("this tree", ofThisTree),
	}
	for _, threads := range []int{1, 2} {
		samples, err := o.alternate(list, false, o.loadArgs(threads)...)
		if err != nil {
			return err
		}
		tables[fmt.Sprintf("against-%d", threads)] = o.ratioTable("build", list[0].name, list, samples)
	}
	return nil
}

// ratioTable shows what each tracer adds and spends, and how much that is of
// what the base does.
func (o *options) ratioTable(title, base string, list []tracer, samples map[string][]sample) string {
	rows := [][]string{{title, "untraced, ns a call", "added, ns a call", "of " + base + "'s",
		"recorder CPU, s per million calls", "of " + base + "'s"}}
	for _, t := range list {
		s := samples[t.name]
		added := median(s, sample.added)
		rows = append(rows, []string{t.name,
			fmt.Sprintf("%.0f", median(s, func(s sample) float64 { return s.untraced })),
			fmt.Sprintf("%.0f", added), fmt.Sprintf("%.2f", added/median(samples[base], sample.added)),
			fmt.Sprintf("%.3f", o.cpuPerMillion(s)), fmt.Sprintf("%.2f", o.cpuPerMillion(s)/o.cpuPerMillion(samples[base]))})
	}
	return markdown.Table(rows)
}
