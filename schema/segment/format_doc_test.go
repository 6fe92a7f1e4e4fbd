package segment

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/colblock"
)

// documented are the constants that docs/format.md must give a value to.
var documented = map[string]int64{
	"RecordMagic": RecordMagic, "EnvelopeSize": EnvelopeSize, "FormatVersion": FormatVersion,
	"KindHeader": KindHeader, "KindSegment": KindSegment, "KindGap": KindGap, "KindClock": KindClock,
	"KindCounters": KindCounters, "KindIndex": KindIndex, "KindRoot": KindRoot, "KindEnd": KindEnd, "KindTrailer": KindTrailer, "KindCoverage": KindCoverage,
	"MaxCoverageBytes": MaxCoverageBytes, "MaxWays": MaxWays, "MaxUnexplainedProcesses": MaxUnexplainedProcesses, "MaxCoverages": MaxCoverages,
	"CauseRingFull": int64(CauseRingFull), "CauseNoState": int64(CauseNoState), "CauseSkippedEntry": int64(CauseSkippedEntry),
	"CauseSkippedExit": int64(CauseSkippedExit), "CauseNotWritten": int64(CauseNotWritten), "CauseDamaged": int64(CauseDamaged),
	"CausePreempted": int64(CausePreempted),
	"CauseSpillFull": int64(CauseSpillFull),
	"KindInt":        int64(schema.KindInt), "KindBytes": int64(schema.KindBytes), "KindIntList": int64(schema.KindIntList),
	"NullsNone": colblock.NullsNone, "NullsAll": colblock.NullsAll, "NullsBitmap": colblock.NullsBitmap,
	"FlagRelative":     colblock.FlagRelative,
	"EncodingConstant": colblock.EncodingConstant, "EncodingValues": colblock.EncodingValues,
	"EncodingDeltas": colblock.EncodingDeltas, "EncodingDictionary": colblock.EncodingDictionary,
	"EncodingRuns":  colblock.EncodingRuns,
	"StorageInline": colblock.StorageInline, "StorageFrame": colblock.StorageFrame, "StoragePlanes": colblock.StoragePlanes,
	"IndexBlockSize": IndexBlockSize, "MaxRootEntries": MaxRootEntries, "TrailerSize": TrailerSize,
	"MaxHeaderBytes": MaxHeaderBytes, "MaxPayloadBytes": MaxPayloadBytes, "MaxDataBytes": MaxDataBytes,
	"MaxBlockBytes": MaxBlockBytes, "MaxColumns": MaxColumns, "MaxCPUs": MaxCPUs, "MaxReasonBytes": MaxReasonBytes, "MaxStatisticBytes": MaxStatisticBytes,
	"MaxRows": colblock.MaxRows, "MaxListValues": colblock.MaxListValues, "MaxColumnBytes": colblock.MaxColumnBytes,
	"MaxDictionary": colblock.MaxDictionary, "InlineBytes": colblock.InlineBytes,
}

func TestTheDocumentAgreesWithTheCode(t *testing.T) {
	b, err := os.ReadFile("../../docs/format.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\|(.*)$").FindAllStringSubmatch(doc, -1) {
		value, err := strconv.ParseInt(m[2], 0, 64)
		want, ok := documented[m[1]]
		if err != nil || !ok || value != want {
			t.Errorf("%s is %s in the document, %d in the code (known: %v)", m[1], m[2], want, ok)
		}
		seen[m[1]] = true
		if strings.HasPrefix(m[1], "Cause") && !strings.Contains(m[3], Cause(want).String()) {
			t.Errorf("%s is named %v in the code, %q in the document", m[1], Cause(want), m[3])
		}
	}
	for name := range documented {
		if !seen[name] {
			t.Errorf("the document gives no value to %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`([A-Z]\\w+)`").FindAllStringSubmatch(doc, -1) {
		if _, ok := documented[m[1]]; !ok {
			t.Errorf("the document names %s, which the code does not have", m[1])
		}
	}
	for offset, field := range map[int]string{0: "magic", offsetFrameSize: "frame size", offsetRecordingID: "recording id",
		offsetKind: "kind", offsetKindVersion: "kind version", offsetFormatVersion: "format version", offsetFlags: "flags",
		offsetNumber: "number", offsetDataSize: "data size", offsetCRC: "CRC", EnvelopeSize: "payload"} {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|[^|]*\| %s \|`, offset, field)).MatchString(doc) {
			t.Errorf("the document does not have %s at offset %d", field, offset)
		}
	}
	if hex := fmt.Sprintf("\n% x\n", Preamble); !strings.Contains(doc, hex) {
		t.Errorf("the document does not have the preamble%s", hex)
	}
	tables := make([]string, schema.NumTables)
	for i := range tables {
		tables[i] = fmt.Sprintf("%d %v", i, schema.Table(i))
	}
	if list := "The tables: " + strings.Join(tables, ", ") + "."; !strings.Contains(doc, list) {
		t.Errorf("the document does not say %q", list)
	}
}
