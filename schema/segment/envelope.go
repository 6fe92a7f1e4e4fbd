package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Preamble is an empty zstd frame with checksum. It makes tools that look
// at the first bytes see a zstd file in all their versions, and no version of
// the format may change it.
const Preamble = "\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00\x99\xe9\xd8\x51"

// The envelope of a record (docs/format.md, "Records").
const (
	RecordMagic   = 0x184D2A53 // a zstd skippable frame
	EnvelopeSize  = 40
	skippableSize = 8 // magic and frame size, which the frame size does not count

	offsetFrameSize     = 4
	offsetRecordingID   = 8
	offsetKind          = 24
	offsetKindVersion   = 25
	offsetFormatVersion = 26
	offsetFlags         = 27
	offsetNumber        = 28
	offsetDataSize      = 32
	offsetCRC           = 36
)

// FormatVersion is the version of the file format that this build writes, and
// the newest that it reads.
const FormatVersion = 1

// The kinds of record.
const (
	KindHeader   = 1
	KindSegment  = 2
	KindGap      = 3
	KindClock    = 4
	KindCounters = 5
	KindIndex    = 6
	KindRoot     = 7
	KindEnd      = 8
	KindTrailer  = 9
	KindCoverage = 10
)

// kindVersion is the version of a kind's payload that this build writes, and the
// newest that it reads.
func kindVersion(kind uint8) uint8 {
	if kind == KindSegment {
		return 2 // 1 had no runs in int streams
	}
	return 1
}

// Limits of a record (docs/format.md, "Limits").
const (
	MaxHeaderBytes  = 1 << 20 // payload of the header record
	MaxPayloadBytes = 1 << 22 // payload of any record
	MaxDataBytes    = 1 << 28 // data behind a record
	MaxBlockBytes   = 1 << 28 // memory of all columns of a segment, decoded
	MaxColumns      = 1 << 10 // column chunks of a segment
	MaxCPUs         = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// crcOf is the checksum of a column's bytes.
func crcOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// envelope is the fixed part of a record.
type envelope struct {
	id      [16]byte // of the recording
	kind    uint8
	version uint8  // of the kind's payload
	format  uint8  // format version of the file
	number  uint32 // of the record in the file, from 0, modulo 2^32
	payload int    // bytes
	data    int    // bytes of ordinary zstd frames behind the payload
}

// size is the length of the whole record, its data included.
func (v *envelope) size() int64 {
	return EnvelopeSize + int64(v.payload) + int64(v.data)
}

// beginRecord appends room for an envelope; the payload follows it.
func beginRecord(dst []byte) []byte {
	var zero [EnvelopeSize]byte
	return append(dst, zero[:]...)
}

// fillRecord completes the record that is all of rec, envelope and payload.
func fillRecord(rec []byte, id *[16]byte, kind, version uint8, number uint32, data int) {
	le := binary.LittleEndian
	le.PutUint32(rec, RecordMagic)
	le.PutUint32(rec[offsetFrameSize:], uint32(len(rec)-skippableSize))
	copy(rec[offsetRecordingID:], id[:])
	rec[offsetKind] = kind
	rec[offsetKindVersion] = version
	rec[offsetFormatVersion] = FormatVersion
	rec[offsetFlags] = 0
	le.PutUint32(rec[offsetNumber:], number)
	le.PutUint32(rec[offsetDataSize:], uint32(data))
	le.PutUint32(rec[offsetCRC:], recordCRC(rec))
}

// recordCRC is the checksum of all of a record but the checksum itself and the
// data.
func recordCRC(rec []byte) uint32 {
	crc := crc32.Update(0, castagnoli, rec[:offsetCRC])
	return crc32.Update(crc, castagnoli, rec[EnvelopeSize:])
}

// parseEnvelope reads an envelope and checks what can be checked without the
// payload. id nil accepts any recording.
func parseEnvelope(b []byte, id *[16]byte) (envelope, error) {
	le := binary.LittleEndian
	var v envelope
	if le.Uint32(b) != RecordMagic {
		return v, fmt.Errorf("record magic is %#08x", le.Uint32(b))
	}
	if id != nil && [16]byte(b[offsetRecordingID:]) != *id {
		return v, fmt.Errorf("recording id is %x", b[offsetRecordingID:offsetKind])
	}
	frame := le.Uint32(b[offsetFrameSize:])
	data := le.Uint32(b[offsetDataSize:])
	if frame < EnvelopeSize-skippableSize || frame-(EnvelopeSize-skippableSize) > MaxPayloadBytes {
		return v, fmt.Errorf("record frame of %d bytes", frame)
	}
	if data > MaxDataBytes {
		return v, fmt.Errorf("record data of %d bytes", data)
	}
	v = envelope{
		id:      [16]byte(b[offsetRecordingID:]),
		kind:    b[offsetKind],
		version: b[offsetKindVersion],
		format:  b[offsetFormatVersion],
		number:  le.Uint32(b[offsetNumber:]),
		payload: int(frame) - (EnvelopeSize - skippableSize),
		data:    int(data),
	}
	return v, nil
}

// checkCRC checks a whole record, envelope and payload.
func checkCRC(rec []byte) error {
	if want, got := binary.LittleEndian.Uint32(rec[offsetCRC:]), recordCRC(rec); want != got {
		return fmt.Errorf("record checksum is %#08x instead of %#08x", got, want)
	}
	return nil
}
