package protobuf

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

//go:generate go test . -run TestPublishedSchemaIsFresh -update

// comments are what the published schema says about messages and fields besides
// the columns, whose words are those of the table.
var comments = map[string]string{
	"Record":         "A record of a recording. In a stream each stands behind its length, a varint.",
	"Record.id":      "Identifies the record for ever: recording, CPU and sequence number. Set by replay --id.",
	"Record.wall_ns": "The record's moment in nanoseconds since 1970. Absent when there is none.",
	"Event":          "A call. The number of a field is the id of its column: numbers are never used again. An absent field is null, which is not zero.",
	"Numbers":        "A list that can be absent, which is not empty.",
	"Gap":            "Events that were lost while recording. No cpu: of all CPUs together.",
	"Damage":         "A part of the recording that cannot be read. No events: their number is not known.",
	"Clock":          "The clocks of the recording's host at one moment.",
	"Coverage":       "What was watched while recording, and what was not.",
	"Way":            "A way in which a message can leave a process; without hooks it was not watched.",
	"Unexplained":    "The account of the sends that no recorded call made.",
}

// WriteSchema writes the published schema as a .proto file.
func WriteSchema(w io.Writer) error {
	b := bufio.NewWriter(w)
	f := Descriptor()
	fmt.Fprintf(b, "// The records that sendmsgrec writes with --format protobuf. Made from the table\n")
	fmt.Fprintf(b, "// of columns (schema version %d) by `sendmsgrec schema --proto`; do not edit.\n", schema.Version)
	fmt.Fprintf(b, "syntax = %q;\n\npackage %s;\n", f.GetSyntax(), f.GetPackage())
	for _, m := range f.MessageType {
		writeMessage(b, m)
	}
	for _, e := range f.EnumType {
		fmt.Fprintf(b, "\nenum %s {\n", e.GetName())
		for _, v := range e.Value {
			fmt.Fprintf(b, "  %s = %d;\n", v.GetName(), v.GetNumber())
		}
		fmt.Fprintf(b, "}\n")
	}
	return b.Flush()
}

func writeMessage(b *bufio.Writer, m *descriptorpb.DescriptorProto) {
	b.WriteByte('\n')
	writeComment(b, "", comments[m.GetName()])
	fmt.Fprintf(b, "message %s {\n", m.GetName())
	oneof := false
	for _, f := range m.Field {
		in := f.OneofIndex != nil && !f.GetProto3Optional()
		if in && !oneof {
			fmt.Fprintf(b, "  oneof %s {\n", m.OneofDecl[f.GetOneofIndex()].GetName())
		}
		indent := "  "
		if oneof = in; in {
			indent = "    "
		}
		comment := comments[m.GetName()+"."+f.GetName()]
		if c := schema.ByName(f.GetName()); c != nil && m.GetName() == "Event" {
			comment = c.Doc
		}
		writeComment(b, indent, comment)
		label := ""
		switch {
		case f.GetProto3Optional():
			label = "optional "
		case f.GetLabel() == descriptorpb.FieldDescriptorProto_LABEL_REPEATED:
			label = "repeated "
		}
		fmt.Fprintf(b, "%s%s%s %s = %d;\n", indent, label, typeName(f), f.GetName(), f.GetNumber())
	}
	if oneof {
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
}

func typeName(f *descriptorpb.FieldDescriptorProto) string {
	if f.TypeName != nil {
		return strings.TrimPrefix(f.GetTypeName(), "."+Package+".")
	}
	return strings.ToLower(strings.TrimPrefix(f.GetType().String(), "TYPE_"))
}

// writeComment writes a comment, wrapped to 100 columns.
func writeComment(b *bufio.Writer, indent, text string) {
	const width = 100
	line := indent + "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = indent + "//"
		}
		line += " " + word
	}
	if text != "" {
		b.WriteString(line + "\n")
	}
}
