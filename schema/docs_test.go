package schema_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// TestDocumentIsFresh makes docs/schema.md from the tables of this package and
// compares; `go test ./schema -update` writes it.
func TestDocumentIsFresh(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(docHead)
	names, titles := schema.Groups()
	for i, group := range names {
		fmt.Fprintf(&b, "\n### %s\n\n", titles[i])
		for _, c := range schema.Columns() {
			if c.Group == group {
				writeColumn(&b, c)
			}
		}
	}
	b.WriteString(docStorage)
	for _, c := range schema.All() {
		if c.IsRef() {
			fmt.Fprintf(&b, "| %d | `%s` | %s |\n", c.ID, c.Name, c.Ref)
		}
	}
	b.WriteString(docDecoded)
	b.WriteString("\n| field | from | JSON | description |\n|---|---|---|---|\n")
	for _, d := range schema.AllDecoded() {
		var from []string
		for _, id := range d.Inputs {
			from = append(from, "`"+schema.ByID(id).Name+"`")
		}
		doc := d.Doc
		if d.Extra {
			doc += " Only when asked for by name."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, strings.Join(from, ", "), d.JSON, cell(doc))
	}
	b.WriteString(docControl)
	writeControlTypes(t, &b)
	b.WriteString(docNotices)
	writeEnums(&b)
	compareGolden(t, "../docs/schema.md", b.Bytes())
}

func writeColumn(b *bytes.Buffer, c *schema.Column) {
	typ := c.Type.String()
	if c.Kind == schema.KindIntList {
		typ = "list of " + typ
	}
	if c.Unit != "" {
		typ += ", " + c.Unit
	}
	null := "never null"
	if c.Nullable() {
		null = "may be null"
	}
	fmt.Fprintf(b, "- **`%s`** (%d, %s; %s; %s; JSON %s; Parquet %s)\\\n  %s\n",
		c.Name, c.ID, typ, strings.ReplaceAll(c.Tags.String(), ",", " "), null, c.JSONType(), c.ParquetType(), c.Doc)
}

// writeControlTypes lists every pair of level and type that has a name, with
// the keys that AppendControlJSON gives for it.
func writeControlTypes(t *testing.T, b *bytes.Buffer) {
	b.WriteString("\n| level | type | keys |\n|---|---|---|\n")
	for level := int32(0); level < 512; level++ {
		for typ := int32(0); typ < 512; typ++ {
			name := schema.ControlTypeName(level, typ)
			if name == "" {
				continue
			}
			fmt.Fprintf(b, "| %s %d | %s %d | %s |\n", schema.LevelEnum.Name(int64(level)), level, name, typ, controlKeys(t, level, typ))
		}
	}
}

// controlKeys decodes a message of zeros; of the smallest size that has other
// keys than data.
func controlKeys(t *testing.T, level, typ int32) string {
	for size := 0; size <= 64; size++ {
		raw := binary.LittleEndian.AppendUint64(nil, uint64(16+size))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(level))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(typ))
		raw = append(raw, make([]byte, size)...)
		dec := json.NewDecoder(bytes.NewReader(schema.AppendControlJSON(nil, raw, int64(len(raw)), schema.Control64)))
		var keys []string
		for {
			token, err := dec.Token()
			if err != nil {
				break
			}
			key, ok := token.(string)
			if !ok {
				continue
			}
			var value json.RawMessage
			if err := dec.Decode(&value); err != nil {
				t.Fatal(err)
			}
			switch key {
			case "offset", "len", "level", "type", "level_text", "type_text":
			default:
				keys = append(keys, "`"+key+"`")
			}
		}
		if text := strings.Join(keys, ", "); text != "`data`" {
			return text
		}
	}
	return "`data`"
}

func writeEnums(b *bytes.Buffer) {
	shown := map[*schema.Enum]bool{}
	for _, c := range schema.Columns() {
		if c.Enum == nil || shown[c.Enum] {
			continue
		}
		shown[c.Enum] = true
		var users []string
		for _, other := range schema.Columns() {
			if other.Enum == c.Enum {
				users = append(users, "`"+other.Name+"`")
			}
		}
		fmt.Fprintf(b, "\n### %s\n\n", strings.Join(users, ", "))
		writeValues(b, c.Enum)
	}
	b.WriteString("\n### `flags`, `msg_flags`, `out_msg_flags` (bits)\n\n")
	bits, names := schema.MsgFlags.Names()
	for i := range bits {
		fmt.Fprintf(b, "%s`%s` %#x", comma(i), names[i], bits[i])
	}
	b.WriteString(".\n\n### `socket_protocol` of AF_INET and AF_INET6\n\n")
	writeValues(b, &schema.ProtocolEnum)
	b.WriteString("\n### `socket_protocol` of AF_NETLINK\n\n")
	writeValues(b, &schema.NetlinkProtocolEnum)
	b.WriteString("\n### Errors above 511\n\nThey never reach user space; the kernel restarts the call or turns them into others on the way out.\n\n")
	n := 0
	for v := int64(512); v <= schema.MaxErrno; v++ {
		if name := schema.ErrnoName(v); name != "" {
			fmt.Fprintf(b, "%s%d `%s`", comma(n), v, name)
			n++
		}
	}
	b.WriteString(".\n")
}

func writeValues(b *bytes.Buffer, e *schema.Enum) {
	values, names := e.Sorted()
	for i := range values {
		fmt.Fprintf(b, "%s%d `%s`", comma(i), values[i], names[i])
	}
	b.WriteString(".\n")
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const docHead = `# The event: columns, fields and their values

<!-- Made from the tables of package schema by ` + "`go test ./schema -update`" + `; do not edit. -->

What a recording says about one call. The same names are the keys of ` + "`cat --json`" + `, the columns of Parquet
files and the words of ` + "`--fields`, `--by`" + ` and ` + "`--filter`" + `; ` + "`sendmsgrec schema`" + ` prints this table, with ` + "`--json`" + ` for programs.

Columns are never renamed or renumbered, and their meaning never changes; new ones are appended.

Tags say where a value comes from: **K** originated in the kernel; **U** comes from user space, for example from
behind a user pointer; **TOCTOU** may change between the kernel's check and its use; **OPT** may be absent. What is
absent is null, never zero.

Enums and pointers are numbers in JSON and Parquet; text shows names and hexadecimal. Times are nanoseconds of
CLOCK_BOOTTIME, which goes on while the machine sleeps and is never set. In Parquet the columns of type timestamp
are wall time, and the same with ` + "`boottime_ns`" + ` for ` + "`ns`" + ` at the end holds the recorded number.

## Columns

In brackets: id, type and unit; tags; null or not; types in JSON and Parquet.
`

const docStorage = `
### Storage

Not part of the event, and not printed: rows of a segment's tables, in which what repeats is stored once
(docs/format.md).

| id | column | table |
|---|---|---|
`

const docDecoded = `
## Fields of text, JSON and CSV

` + "`cat`" + ` prints the columns in the order of their ids, each followed by what is decoded from it. The rule for all formats:

- A raw value stands under its column's name: numbers as numbers, bytes in lower-case hexadecimal, lists as arrays.
- The readable form stands beside it under a name of its own: ` + "`COLUMN_text`" + ` for names of values, and those of the table below.
- ` + "`comm`" + ` is the one string: what is not UTF-8 in it becomes U+FFFD, a character for each byte; ` + "`comm_hex`" + ` has the bytes.
- Decoded fields are strings in Parquet too, but for the wall times, which take the place of the times there.
- Control characters (C0, DEL, C1), line and paragraph separators and marks that change the direction of text are
  escaped, so that nothing in a recording can act on a terminal.

JSON has one object a line, ` + "`\"kind\":\"event\"`" + ` first (left out with ` + "`--fields`" + `), and null for what is absent.
CSV has a header line; an absent value is an empty cell and an empty string is ` + "`\"\"`" + `; strings are quoted, with the
escapes of JSON for the backslash and for what is escaped there; lists and ` + "`control_decoded`" + ` are JSON in a quoted cell.
Lines with ` + "`--fields`" + ` are ` + "`name=value`" + `, in quotes with the escapes of C where the value has spaces or the like, and
with pointers in hexadecimal. Lines without ` + "`--fields`" + ` are like those of strace:

` + "```" + `
TIME PID[/TID]<COMM> sendmsg(FD<SOCKET>, {msg_name=…, msg_namelen=…, msg_iov=[…], msg_iovlen=…, msg_control=[…], msg_controllen=…, msg_flags=…}, FLAGS) = RESULT <SECONDS>
` + "```" + `

SOCKET is the protocol, the inode and the ends: ` + "`TCP:[46399,127.0.0.1:4444->127.0.0.1:5555]`" + `,
` + "`UNIX-STREAM:[46400,\"/run/x\"->@\"peer\",peer_pid=77]`" + `. A comment such as ` + "`/* faulted */`" + ` behind a value is its source, where that is
not plain entry; comments behind the call say what is unusual about it. ` + "`iov_base`" + ` is an address.
`

const docControl = `
## Control messages

` + "`control_decoded`" + ` is an array with an object for each control message: ` + "`offset`" + ` in msg_control, ` + "`len`" + ` (cmsg_len), ` + "`level`" + `, ` + "`type`" + `,
` + "`level_text`" + ` and ` + "`type_text`" + ` (null without a name), then the keys of its type, or ` + "`data`" + ` in hexadecimal for a type without
decoder and for less data than the type has. ` + "`\"malformed\":true`" + ` marks a message whose cmsg_len is smaller than its header or
points past msg_controllen: the kernel rejects the call there, and nothing behind it is a message. ` + "`\"truncated\":true`" + ` marks one
of which the recording holds only a part (it keeps 4096 bytes). The last object may be what is left:
` + "`offset`" + `, ` + "`rest_bytes`" + `, and ` + "`captured`" + `: true for bytes that are no message, false for bytes that the recording does not hold.
`

const docNotices = `
## Gaps and damage

Beside events, ` + "`cat --json`" + ` prints what is missing, where it is missing:

- ` + "`{\"kind\":\"gap\"}`" + `: ` + "`cpu`" + ` (null when the kernel does not say), ` + "`count`" + `, ` + "`cause`" + `, ` + "`first_seq`" + ` (null without CPU), ` + "`first_ns`" + ` and ` + "`last_ns`" + `
  (bounds of the time at which the missing calls returned), ` + "`first_wall_time`" + `, ` + "`last_wall_time`" + `, ` + "`upper_bound`" + ` (true: count may
  include events that the filter would have dropped).
- ` + "`{\"kind\":\"damage\"}`" + `: ` + "`offset`" + ` and ` + "`size_bytes`" + ` of what cannot be read, ` + "`events`" + ` in it (null when unknown), ` + "`tail`" + ` (true: up to
  the end of the file), ` + "`error`" + `.

Lines show both between dashes, ` + "`--- gap: 123 events lost on CPU 1 (ring_full) between … and … ---`" + `. CSV cannot hold them.

## Values
`
