package sink

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sendmsgrec/sendmsgrec/replay/parquet"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// createEvents returns the statement that makes the table of events: the
// columns of the schema, in order of the event id.
func (s *clickhouse) createEvents() string {
	columns := []string{"`recording_id` LowCardinality(String)", "`replay_loop` Int32"}
	for _, c := range parquet.Columns() {
		columns = append(columns, fmt.Sprintf("`%s` %s", c.Name, clickhouseType(c)))
	}
	return s.createTable("", columns, "recording_id, time_boottime_ns, cpu, seq, replay_loop")
}

// createNotices returns the statement that makes the table of what is no event.
func (s *clickhouse) createNotices() string {
	return s.createTable("_notices", []string{
		"`recording_id` LowCardinality(String)", "`kind` LowCardinality(String)", "`number` Int64", "`replay_loop` Int32",
		"`time_ns` DateTime64(9, 'UTC')", "`record` String",
	}, "recording_id, kind, number, replay_loop")
}

func (s *clickhouse) createTable(suffix string, columns []string, order string) string {
	// Without the setting a table that is not replicated ignores tokens.
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (%s) ENGINE = ReplacingMergeTree ORDER BY (%s) SETTINGS non_replicated_deduplication_window = 1000",
		s.name(suffix), strings.Join(columns, ", "), order)
}

// clickhouseType returns the type of a column. What may be absent is Nullable;
// a list that is absent is empty, since ClickHouse has no other word for it.
func clickhouseType(c parquet.Column) string {
	name := map[parquet.Kind]string{
		parquet.KindInt32: "Int32", parquet.KindInt64: "Int64", parquet.KindTime: "DateTime64(9, 'UTC')",
		parquet.KindText: "String", parquet.KindBytes: "String", parquet.KindInts: "Array(Int64)",
	}[c.Kind]
	if c.Optional && c.Kind != parquet.KindInts {
		name = "Nullable(" + name + ")"
	}
	if c.Kind == parquet.KindText {
		name = "LowCardinality(" + name + ")"
	}
	return name
}

// notice returns what is no event as JSON, in a JSON string.
func (s *clickhouse) notice(b *Batch, r *Record) []byte {
	s.notices.SetWallClock(b.Walls[r.Source])
	var line []byte
	switch it := r.Notice.(type) {
	case *segment.Gap:
		line = s.notices.Gap(nil, it)
	case *segment.Damage:
		line = s.notices.Damage(nil, it)
	case *segment.Clock:
		line = s.notices.Clock(nil, it)
	case *segment.Coverage:
		line = s.notices.Coverage(nil, it)
	}
	text, err := json.Marshal(strings.TrimSuffix(string(line), "\n"))
	if err != nil {
		panic(err) // a string has a JSON form
	}
	return text
}

// clickhouseError says what an exception of the server means for the batch.
func clickhouseError(r *http.Response, code int, answer []byte) *Error {
	e := &Error{Err: fmt.Errorf("the server answers %s%s", r.Status, excerpt(answer))}
	known, ok := clickhouseCodes[code]
	switch {
	case ok:
		e.Hint, e.Temporary = known.hint, known.temporary
	case code == 0: // no ClickHouse, or a proxy before it
		return statusError(r, answer)
	}
	return e
}

// clickhouseCodes are the exceptions (ErrorCodes of ClickHouse) about which
// something can be done, or that go away.
var clickhouseCodes = func() map[int]clickhouseCode {
	types := "the table's columns do not fit the schema's (sendmsgrec schema); create=yes with another name makes a table that does"
	login := "give name and password with --user-file or $" + userVariable
	busy := "the server has too much to do"
	return map[int]clickhouseCode{
		60: {"there is no such table; create=yes in the URL makes it", false},
		81: {"there is no such database; it must be made by hand", false},
		6:  {types, false}, 16: {types, false}, 27: {types, false}, 53: {types, false}, 70: {types, false},
		117: {types, false}, 130: {types, false}, 349: {types, false},
		192: {login, false}, 193: {login, false}, 194: {login, false}, 516: {login, false},
		497: {"the user needs the right to insert, and with create=yes to create tables", false},
		159: {busy, true}, 202: {busy, true}, 241: {"the server has not enough memory for it", true},
		252: {"the server cannot merge as fast as parts come: give interval=10s, or a larger one", true},
		242: {"the table is read-only for now", true}, 243: {"the server's disk is full", true},
		210: {busy, true}, 999: {"the server has lost its keeper", true}, 285: {"too few replicas are alive", true},
		319: {"the server does not know whether the replicas have it", true},
	}
}()

type clickhouseCode struct {
	hint      string
	temporary bool
}
