package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/filter"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// filterHelp is the part of the long help about --filter.
const filterHelp = `--filter selects events by an expression over the fields of the schema, such as
"duration > 1ms and remote_address in 10.0.0.0/8"; sendmsgrec help filter tells
what can be said. --explain tells afterwards, on standard error, what was skipped
and what was read.`

// selection is the flags that select events: --filter, --explain, --from, --to.
type selection struct {
	expression string
	explain    string
	times      timeRange
	filter     *filter.Filter // nil without --filter
}

// The values of --explain.
const (
	explainText = "text"
	explainJSON = "json"
)

func (o *selection) addFlags(cmd *cobra.Command) {
	o.addFilterFlags(cmd)
	o.times.addFlags(cmd)
}

// addFilterFlags adds --filter and --explain alone, for replay, whose --to is
// where to send.
func (o *selection) addFilterFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.expression, "filter", "f", "", "only events for which this expression is true (sendmsgrec help filter)")
	f.StringVar(&o.explain, "explain", "", "say on standard error what the filter skipped and read: text, or json with --explain=json")
	f.Lookup("explain").NoOptDefVal = explainText
}

// parse checks the flags before a file is opened.
func (o *selection) parse(cmd *cobra.Command) error {
	if o.explain != "" && o.explain != explainText && o.explain != explainJSON {
		return usageErrorf("--explain=%s: it is text or json%s", o.explain, didYouMean(o.explain, []string{explainText, explainJSON}))
	}
	if !cmd.Flags().Changed("filter") {
		return nil
	}
	var err error
	if o.filter, err = filter.Parse(o.expression); err != nil {
		return usageErrorf("--filter: %w", err)
	}
	return nil
}

// bind returns what the flags mean for a recording; s is nil for a stream.
func (o *selection) bind(h *segment.Header, s *segment.Summary) (*filter.Program, timeBounds, error) {
	bounds, err := o.times.bounds(h, s)
	if err != nil {
		return nil, bounds, err
	}
	p, err := o.filter.Bind(filter.Recording{Header: h, Summary: s, FromNS: bounds.from0(), ToNS: bounds.to0()})
	if err != nil {
		return nil, bounds, usageErrorf("--filter: %w", err)
	}
	return p, bounds, nil
}

// report writes what --explain asks for.
func (o *selection) report(stderr io.Writer, path string, p *filter.Program) error {
	if o.explain == "" || p == nil {
		return nil
	}
	x := p.Explain()
	x.File = path
	if o.explain == explainJSON {
		return x.WriteJSON(stderr)
	}
	return x.WriteText(stderr)
}

// asCorrupt returns the damage that an error of a segment's columns is, nil for
// any other error.
func asCorrupt(s *segment.Segment, err error) *segment.Damage {
	var corrupt *segment.CorruptError
	if !errors.As(err, &corrupt) {
		return nil
	}
	return &segment.Damage{Offset: s.Offset, Size: s.Size, Err: err, Events: int64(s.Rows)}
}
