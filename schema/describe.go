package schema

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
)

//go:generate go test . -run TestDocumentIsFresh -update

// groups is the order in which groups are shown; a test holds that every
// column's group is in it.
var groups = []struct{ name, title string }{
	{"identity", "Identity: which event, which call"},
	{"time", "Time"},
	{"task", "Task: who made the call"},
	{"arguments", "Arguments of the call"},
	{"msghdr", "struct msghdr: what the caller asked for"},
	{"received", "Received: what the kernel filled in"},
	{"result", "Result"},
	{"socket", "Socket: where it went"},
	{"io_uring", "io_uring: how the request was carried out"},
	{"trust", "Trust: where each value comes from"},
}

// Groups returns the names of the groups of columns and a title for each, in
// the order in which they are best shown.
func Groups() (names, titles []string) {
	for _, g := range groups {
		names, titles = append(names, g.name), append(titles, g.title)
	}
	return names, titles
}

// Sorted returns the enum's values in ascending order with their names.
func (e *Enum) Sorted() (values []int64, names []string) {
	for v := range e.names {
		values = append(values, v)
	}
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	for _, v := range values {
		names = append(names, e.names[v])
	}
	return values, names
}

// JSONType returns the type that the column's values have in JSON, beside
// null.
func (c *Column) JSONType() string {
	switch {
	case c.Kind == KindIntList:
		return "array of numbers"
	case c.Kind == KindBytes && c.Type == TypeBytes:
		return "string, hexadecimal"
	case c.Kind == KindBytes:
		return "string"
	}
	return "number"
}

// ParquetType returns the type that the column has in Parquet.
func (c *Column) ParquetType() string {
	switch {
	case c.Kind == KindIntList:
		return "LIST of INT64"
	case c.Kind == KindBytes && c.Type == TypeString:
		return "STRING"
	case c.Kind == KindBytes:
		return "BYTE_ARRAY"
	case c.Type == TypeTimestamp:
		return "TIMESTAMP(NANOS, UTC)"
	case c.Type == TypeInt32 || c.Type == TypeEnum:
		return "INT32"
	}
	return "INT64"
}

// WriteText writes the table of columns for people, wrapped to 100 columns.
func WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "Schema version %d. Tags: K from the kernel, U from user space, TOCTOU may change between\n", Version)
	fmt.Fprintf(b, "check and use, OPT may be absent (null, never zero).\n")
	width := 0
	for _, c := range public {
		width = max(width, len(c.Name))
	}
	for i := range decoded {
		width = max(width, len(decoded[i].Name))
	}
	for _, g := range groups {
		fmt.Fprintf(b, "\n%s\n", g.title)
		for _, c := range public {
			if c.Group != g.name {
				continue
			}
			kind := c.Type.String()
			if c.Kind == KindIntList {
				kind += "[]"
			}
			if c.Unit != "" && c.Unit != kind {
				kind += " " + c.Unit
			}
			head := fmt.Sprintf("  %-*s  %-15s %-13s ", width, c.Name, kind, c.Tags)
			writeWrapped(b, head, c.Doc)
		}
	}
	fmt.Fprintf(b, "\nDecoded from columns, in cat's output and not in the file\n")
	for i := range decoded {
		d := &decoded[i]
		if ByID(d.After).Type == TypeEnum && len(d.Inputs) == 1 {
			continue
		}
		writeWrapped(b, fmt.Sprintf("  %-*s  %-15s ", width, d.Name, d.JSON), d.Doc)
	}
	writeWrapped(b, fmt.Sprintf("  %-*s  %-15s ", width, "NAME_text", "string"), "For every enum column NAME: the name of its value.")
	fmt.Fprintf(b, "\nEnums\n")
	shown := map[*Enum]string{}
	for _, c := range public {
		if c.Enum == nil {
			continue
		}
		head := fmt.Sprintf("  %-*s  ", width, c.Name)
		if first := shown[c.Enum]; first != "" {
			writeWrapped(b, head, "as "+first)
			continue
		}
		shown[c.Enum] = c.Name
		values, names := c.Enum.Sorted()
		var s strings.Builder
		for i := range values {
			if i > 0 {
				s.WriteString(", ")
			}
			fmt.Fprintf(&s, "%d=%s", values[i], names[i])
		}
		writeWrapped(b, head, s.String())
	}
	return b.Flush()
}

// writeWrapped writes head and text in lines of up to 100 columns, the later
// ones indented as far as the first.
func writeWrapped(b *bufio.Writer, head, text string) {
	room := max(100-len(head), 30)
	indent := strings.Repeat(" ", len(head))
	for {
		line := text
		if len(line) > room {
			cut := strings.LastIndexByte(line[:room+1], ' ')
			if cut <= 0 {
				cut = strings.IndexByte(line, ' ')
			}
			if cut > 0 {
				line = line[:cut]
			}
		}
		fmt.Fprintf(b, "%s%s\n", head, line)
		text = strings.TrimPrefix(text[len(line):], " ")
		if text == "" {
			return
		}
		head = indent
	}
}

// columnJSON is a column as WriteJSON shows it.
type columnJSON struct {
	ID       ColumnID         `json:"id"`
	Name     string           `json:"name"`
	Group    string           `json:"group"`
	Table    string           `json:"table"`
	Kind     string           `json:"kind"`
	Type     string           `json:"type"`
	Unit     string           `json:"unit,omitempty"`
	Tags     []string         `json:"tags"`
	Nullable bool             `json:"nullable"`
	JSON     string           `json:"json"`
	Parquet  string           `json:"parquet"`
	Enum     map[int64]string `json:"enum,omitempty"`
	Doc      string           `json:"doc"`
}

// decodedJSON is a decoded field as WriteJSON shows it.
type decodedJSON struct {
	Name  string   `json:"name"`
	From  []string `json:"from"`
	JSON  string   `json:"json"`
	Extra bool     `json:"only_when_asked_for,omitempty"`
	Doc   string   `json:"doc"`
}

// WriteJSON writes the table of columns, the decoded fields and the enums as
// one JSON object.
func WriteJSON(w io.Writer) error {
	var out struct {
		Version int           `json:"schema_version"`
		Columns []columnJSON  `json:"columns"`
		Decoded []decodedJSON `json:"decoded"`
	}
	out.Version = Version
	for _, c := range public {
		j := columnJSON{ID: c.ID, Name: c.Name, Group: c.Group, Table: c.Table.String(), Kind: c.Kind.String(), Type: c.Type.String(),
			Unit: c.Unit, Tags: strings.Split(c.Tags.String(), ","), Nullable: c.Nullable(), JSON: c.JSONType(), Parquet: c.ParquetType(), Doc: c.Doc}
		if c.Enum != nil {
			j.Enum = c.Enum.Names()
		}
		out.Columns = append(out.Columns, j)
	}
	for i := range decoded {
		d := &decoded[i]
		j := decodedJSON{Name: d.Name, JSON: d.JSON, Extra: d.Extra, Doc: d.Doc}
		for _, id := range d.Inputs {
			j.From = append(j.From, ByID(id).Name)
		}
		out.Decoded = append(out.Decoded, j)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
