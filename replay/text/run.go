package text

import (
	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// run is neighbouring fields that depend on the same row of a table (and, with
// pair, on the event's call): they are rendered once and copied for the next
// events with that row.
type run struct {
	table  schema.Table
	pair   bool
	fields []*field
	memos  memos
	cache  cache
	calls  callClasses // with pair
	plan   plan        // for the block's rows of the table
}

// makeRuns divides the fields into runs, in order.
func makeRuns(fields []*field) []run {
	var runs []run
	for _, f := range fields {
		table, pair := f.dependsOn()
		if n := len(runs); n > 0 && runs[n-1].table == table {
			runs[n-1].fields = append(runs[n-1].fields, f)
			runs[n-1].pair = runs[n-1].pair || pair
			continue
		}
		runs = append(runs, run{table: table, pair: pair, fields: []*field{f}})
	}
	for i := range runs {
		r := &runs[i]
		if r.pair {
			r.calls.of(r.fields)
		}
	}
	return runs
}

// dependsOn returns the table whose row decides the field's value, and whether
// it is the call's row too.
func (f *field) dependsOn() (table schema.Table, pair bool) {
	table = tableOf[f.inputs[0]]
	for _, c := range f.inputs[1:] {
		switch t := tableOf[c]; {
		case t == table:
		case t == schema.TableCall && table != schema.TableEvent:
			pair = true
		default:
			return schema.TableEvent, false
		}
	}
	return table, pair
}

// reset forgets the rows of the block before.
func (r *run) reset(b *segment.Block) {
	r.cache.reset()
	if r.pair {
		r.calls.reset(b)
	}
}

// appendRuns appends all fields; no separator is written at offset first,
// where the event begins.
func (p *Printer) appendRuns(dst []byte, first int) []byte {
	for i := range p.runs {
		r := &p.runs[i]
		if len(dst) != first || i > 0 {
			dst = append(dst, separators[p.format])
		}
		dst = p.appendRun(dst, r)
	}
	return dst
}

// appendRun appends the fields of a run, rendered or from the cache.
func (p *Printer) appendRun(dst []byte, r *run) []byte {
	if r.table == schema.TableEvent {
		return p.appendFields(dst, r.fields)
	}
	row, class := p.event.rows[r.table], int32(0)
	if row < 0 {
		return p.appendFields(dst, r.fields)
	}
	if r.pair {
		class = r.calls.class(p.event.b, p.event.rows[schema.TableCall])
	}
	if text := r.cache.get(row, class); text != nil {
		return append(dst, text...)
	}
	start := len(dst)
	if len(p.plan.steps) > 0 && len(r.plan.steps) > 0 {
		dst = p.appendSteps(dst, &r.plan, row)
	} else {
		dst = p.appendFields(dst, r.fields)
	}
	r.cache.put(row, class, dst[start:])
	return dst
}

var separators = [...]byte{Line: ' ', JSON: ',', CSV: ','}

func (p *Printer) appendFields(dst []byte, fields []*field) []byte {
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, separators[p.format])
		}
		dst = append(dst, f.prefix[p.format]...)
		dst = f.append(p, dst)
	}
	return dst
}
