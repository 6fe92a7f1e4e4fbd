package protobuf

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of the wire format that the messages are made of. A value is
// written even when it is the default: whether it is there tells null.

func appendInt(dst []byte, n protowire.Number, v int64) []byte {
	dst = protowire.AppendTag(dst, n, protowire.VarintType)
	return protowire.AppendVarint(dst, protowire.EncodeZigZag(v))
}

func appendFixed(dst []byte, n protowire.Number, v int64) []byte {
	dst = protowire.AppendTag(dst, n, protowire.Fixed64Type)
	return protowire.AppendFixed64(dst, uint64(v))
}

func appendBool(dst []byte, n protowire.Number, v bool) []byte {
	dst = protowire.AppendTag(dst, n, protowire.VarintType)
	return protowire.AppendVarint(dst, protowire.EncodeBool(v))
}

func appendBytes(dst []byte, n protowire.Number, v []byte) []byte {
	dst = protowire.AppendTag(dst, n, protowire.BytesType)
	return protowire.AppendBytes(dst, v)
}

// appendText appends a string. Readers refuse a message with one that is no
// UTF-8.
func appendText(dst []byte, n protowire.Number, s string) []byte {
	dst = protowire.AppendTag(dst, n, protowire.BytesType)
	return protowire.AppendString(dst, strings.ToValidUTF8(s, "\uFFFD"))
}
