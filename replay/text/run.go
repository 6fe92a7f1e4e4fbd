package text

import "github.com/sendmsgrec/sendmsgrec/schema"

// run is neighbouring fields that depend on the same row of a table (and, with
// pair, on the same row of the call table): they are rendered once and copied
// for every further event with that row.
type run struct {
	table  schema.Table
	pair   bool
	fields []*field
	cache  cache
	// none is for events without a row in the table, by row of the call table
	// with pair.
	none cache
	plan plan // for the block's rows of the table
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

// cache holds what was rendered for the rows of one table.
type cache struct {
	text    []byte
	entries []cached
}

type cached struct {
	start, end uint32
	call       int32 // row of the call table; -1 when it does not matter
	valid      bool
}

// maxCache bounds a cache's text, in bytes; what comes after is rendered
// anew each time.
const maxCache = 4 << 20

func (c *cache) reset(rows int) {
	c.text = c.text[:0]
	if cap(c.entries) < rows {
		c.entries = make([]cached, rows)
		return
	}
	c.entries = c.entries[:rows]
	clear(c.entries)
}

// get returns what was put for the row, or nil.
func (c *cache) get(row, call int) []byte {
	if row >= len(c.entries) {
		return nil
	}
	e := &c.entries[row]
	if !e.valid || int(e.call) != call {
		return nil
	}
	return c.text[e.start:e.end]
}

func (c *cache) put(row, call int, text []byte) {
	if row >= len(c.entries) || len(c.text)+len(text) > maxCache {
		return
	}
	start := len(c.text)
	c.text = append(c.text, text...)
	c.entries[row] = cached{uint32(start), uint32(len(c.text)), int32(call), true}
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
	row := p.event.rows[r.table]
	if r.table == schema.TableEvent {
		return p.appendFields(dst, r.fields)
	}
	cache, call := &r.cache, -1
	if r.pair {
		call = p.event.rows[schema.TableCall]
	}
	if row < 0 {
		// No row: as if it were the only one of its kind, or of the call.
		cache, row, call = &r.none, max(call, 0), -1
	}
	if text := cache.get(row, call); text != nil {
		return append(dst, text...)
	}
	start := len(dst)
	if p.event.rows[r.table] >= 0 && len(p.plan.steps) > 0 && len(r.plan.steps) > 0 {
		dst = p.appendSteps(dst, &r.plan, row)
	} else {
		dst = p.appendFields(dst, r.fields)
	}
	cache.put(row, call, dst[start:])
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
