// Package protobuf writes events and notices of recordings as Protocol Buffers
// messages, and publishes their schema, which is made of the table of columns:
// the number of a field of Event is the id of its column, and ids are never
// used again.
//
// In a stream each message stands behind its length as a varint, as
// parseDelimitedFrom and its like read it.
//
// An Encoder refers to the block that it was given last, and keeps the encoded
// rows of the block's tables. It is for one goroutine.
package protobuf

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

type fieldType = descriptorpb.FieldDescriptorProto_Type

const (
	typeSint64   = descriptorpb.FieldDescriptorProto_TYPE_SINT64
	typeSfixed64 = descriptorpb.FieldDescriptorProto_TYPE_SFIXED64
	typeBytes    = descriptorpb.FieldDescriptorProto_TYPE_BYTES
	typeString   = descriptorpb.FieldDescriptorProto_TYPE_STRING
	typeBool     = descriptorpb.FieldDescriptorProto_TYPE_BOOL
	typeEnum     = descriptorpb.FieldDescriptorProto_TYPE_ENUM
	typeMessage  = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
)

// FileName and Package are those of the published schema.
const (
	FileName = "sendmsgrec.proto"
	Package  = "sendmsgrec.v1"
)

// Descriptor returns the published schema.
func Descriptor() *descriptorpb.FileDescriptorProto {
	f := &descriptorpb.FileDescriptorProto{Name: proto.String(FileName), Package: proto.String(Package), Syntax: proto.String("proto3")}
	f.MessageType = append(f.MessageType, recordMessage(), eventMessage(), numbersMessage())
	f.MessageType = append(f.MessageType, noticeMessages()...)
	var shown []*schema.Enum
	for _, c := range schema.Columns() {
		if c.Enum != nil && !slices.Contains(shown, c.Enum) {
			shown = append(shown, c.Enum)
			f.EnumType = append(f.EnumType, enumType(c))
		}
	}
	return f
}

// The fields of Record.
const (
	recordID       = 1
	recordWallNS   = 2
	recordEvent    = 3
	recordGap      = 4
	recordDamage   = 5
	recordClock    = 6
	recordCoverage = 7
)

func recordMessage() *descriptorpb.DescriptorProto {
	m := message("Record", field("id", recordID, typeString), optional(field("wall_ns", recordWallNS, typeSfixed64)))
	for i, name := range []string{"Event", "Gap", "Damage", "Clock", "Coverage"} {
		f := ofType(field(strings.ToLower(name), int32(recordEvent+i), typeMessage), name)
		f.OneofIndex = proto.Int32(0)
		m.Field = append(m.Field, f)
	}
	m.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("kind")}}
	return withPresence(m)
}

func eventMessage() *descriptorpb.DescriptorProto {
	m := message("Event")
	for _, c := range schema.Columns() {
		m.Field = append(m.Field, columnField(c))
	}
	return withPresence(m)
}

// columnField returns the field of a column. All have presence: null is not
// zero, and a null list is no empty one.
func columnField(c *schema.Column) *descriptorpb.FieldDescriptorProto {
	switch number := int32(c.ID); {
	case c.Kind == schema.KindIntList:
		return ofType(field(c.Name, number, typeMessage), "Numbers")
	case c.Kind == schema.KindBytes:
		return optional(field(c.Name, number, typeBytes))
	case c.Enum != nil:
		return optional(ofType(field(c.Name, number, typeEnum), enumName(c)))
	default:
		return optional(field(c.Name, number, typeSint64))
	}
}

const numbersValue = 1

func numbersMessage() *descriptorpb.DescriptorProto {
	return message("Numbers", repeated(field("value", numbersValue, typeSint64)))
}

// enumName is the name of a column's enum: that of the first column that has it.
func enumName(c *schema.Column) string { return camelCase(enumWords(c)) }

func enumWords(c *schema.Column) string {
	if c.Enum == &schema.SourceEnum {
		return "source" // of several columns, and not of the first more than of others
	}
	i := slices.IndexFunc(schema.Columns(), func(first *schema.Column) bool { return first.Enum == c.Enum })
	return schema.Columns()[i].Name
}

func camelCase(name string) string {
	var s strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		s.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return s.String()
}

// enumType returns the enum of a column. The names of its values begin with its
// own, because those of all enums share one scope; the first value is 0, as
// proto3 wants it.
func enumType(c *schema.Column) *descriptorpb.EnumDescriptorProto {
	e := &descriptorpb.EnumDescriptorProto{Name: proto.String(enumName(c))}
	add := func(name string, value int64) {
		e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{
			Name: proto.String(strings.ToUpper(enumWords(c) + "_" + name)), Number: proto.Int32(int32(value))})
	}
	values, names := c.Enum.Sorted()
	if values[0] != 0 {
		add("unspecified", 0)
	}
	for i, v := range values {
		add(names[i], v)
	}
	return e
}

func message(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	return &descriptorpb.DescriptorProto{Name: proto.String(name), Field: fields}
}

func field(name string, number int32, t fieldType) *descriptorpb.FieldDescriptorProto {
	return &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Type: t.Enum(),
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
}

func optional(f *descriptorpb.FieldDescriptorProto) *descriptorpb.FieldDescriptorProto {
	f.Proto3Optional = proto.Bool(true)
	return f
}

func repeated(f *descriptorpb.FieldDescriptorProto) *descriptorpb.FieldDescriptorProto {
	f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	return f
}

func ofType(f *descriptorpb.FieldDescriptorProto, name string) *descriptorpb.FieldDescriptorProto {
	f.TypeName = proto.String("." + Package + "." + name)
	return f
}

// withPresence gives the optional fields of a message the oneofs of their own
// that descriptors have for them.
func withPresence(m *descriptorpb.DescriptorProto) *descriptorpb.DescriptorProto {
	for _, f := range m.Field {
		if f.GetProto3Optional() {
			f.OneofIndex = proto.Int32(int32(len(m.OneofDecl)))
			m.OneofDecl = append(m.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_" + f.GetName())})
		}
	}
	return m
}
