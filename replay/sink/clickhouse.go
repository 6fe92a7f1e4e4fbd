package sink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sendmsgrec/sendmsgrec/replay/parquet"
	"github.com/sendmsgrec/sendmsgrec/replay/text"
)

// clickhouse inserts events into a table by ClickHouse's HTTP interface, each
// batch as one Parquet file with all columns of the schema, recording_id and
// replay_loop. What is no event (gaps, damages, clocks, coverage) goes into a
// second table, TABLE_notices.
//
// A batch is one block with a deduplication token made of the recording's id and
// the places of its first and last event: a server that has seen the block
// takes it again without storing it twice. A resumed replay makes other blocks
// of the same events; the tables that create=yes makes are ordered by the event
// id and merge equal rows (ReplacingMergeTree; FINAL sees each once at any
// time).
type clickhouse struct {
	client   *http.Client
	base     url.URL
	headers  http.Header
	database string // "" is the user's default
	table    string
	create   bool
	ready    bool
	interval time.Duration
	last     time.Time // of the last insert's start
	encoder  *parquet.BlockEncoder
	notices  *text.Printer
	rows     []int32
	body     bytes.Buffer
}

// Batches of ClickHouse are large: each insert makes a part on its disk. An
// insert of less than clickhouseFull events waits until the interval since the
// one before is over, so that events gather.
const (
	clickhouseRecords  = 64 << 10
	clickhouseFull     = 16 << 10
	clickhouseInterval = time.Second
)

var clickhouseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// openClickHouse is for clickhouse://HOST[:PORT]/[DATABASE/]TABLE.
func openClickHouse(_ context.Context, t *Target, o *Options) (Sink, error) {
	s := &clickhouse{interval: clickhouseInterval, encoder: parquet.NewBlockEncoder(o.Recorder)}
	names := strings.Split(strings.Trim(t.URL.Path, "/"), "/")
	if len(names) > 2 || t.URL.Host == "" {
		return nil, usageErrorf("want clickhouse://HOST[:PORT]/[DATABASE/]TABLE")
	}
	for _, name := range names {
		if !clickhouseName.MatchString(name) {
			return nil, usageErrorf("%q is no name of a database or table: letters, digits and _", name)
		}
	}
	if s.table = names[len(names)-1]; len(names) == 2 {
		s.database = names[0]
	}
	useTLS, err := t.choice("tls", []string{"no", "yes"})
	if err != nil {
		return nil, err
	}
	create, err := t.choice("create", []string{"no", "yes"})
	if err != nil {
		return nil, err
	}
	s.create = create == "yes"
	if text := t.Param("interval"); text != "" {
		if s.interval, err = time.ParseDuration(text); err != nil || s.interval < 0 || s.interval > time.Hour {
			return nil, usageErrorf("interval=%s: want a duration such as 500ms, up to 1h", text)
		}
	}
	s.base = url.URL{Scheme: "http", Host: t.URL.Host, Path: "/"}
	port := "8123"
	if useTLS == "yes" {
		s.base.Scheme, port = "https", "8443"
	}
	if t.URL.Port() == "" {
		s.base.Host += ":" + port
	}
	if s.notices, err = text.New(text.JSON, text.Options{}); err != nil {
		return nil, err
	}
	if s.headers, err = clickhouseLogin(o); err != nil {
		return nil, err
	}
	config, err := o.Security.TLS(t.URL.Hostname())
	if err != nil {
		return nil, err
	}
	s.client = webClient(config)
	return s, nil
}

// clickhouseLogin returns the headers of each request.
func clickhouseLogin(o *Options) (http.Header, error) {
	h := http.Header{"User-Agent": {o.Recorder}}
	token, err := o.Security.Token()
	if err != nil {
		return nil, err
	}
	name, password, ok, err := o.Security.User()
	if err != nil {
		return nil, err
	}
	switch {
	case ok:
		h.Set("X-ClickHouse-User", name)
		h.Set("X-ClickHouse-Key", password)
	case token != "":
		h.Set("Authorization", "Bearer "+token)
	}
	return h, nil
}

func (s *clickhouse) Traits() Traits {
	return Traits{Rows: true, MaxRecords: clickhouseRecords, Reconnects: true}
}

func (s *clickhouse) Send(ctx context.Context, b *Batch, ack func(error)) {
	ack(s.send(ctx, b))
}

func (s *clickhouse) send(ctx context.Context, b *Batch) error {
	if s.create && !s.ready {
		for _, statement := range []string{s.createEvents(), s.createNotices()} {
			if err := s.do(ctx, statement, "", nil); err != nil {
				return err
			}
		}
	}
	s.ready = true
	if wait := s.interval - time.Since(s.last); wait > 0 && b.Count < clickhouseFull && !s.last.IsZero() {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return &Error{Err: context.Cause(ctx)}
		}
	}
	s.last = time.Now()
	// What is inserted together is of one recording and one repetition.
	for from := 0; from < len(b.Records); {
		to, first := from+1, &b.Records[from]
		for to < len(b.Records) && b.Records[to].Source == first.Source && b.Records[to].Loop == first.Loop {
			to++
		}
		if err := s.insertEvents(ctx, b, from, to); err != nil {
			return err
		}
		if err := s.insertNotices(ctx, b, from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// insertEvents inserts the events among these records.
func (s *clickhouse) insertEvents(ctx context.Context, b *Batch, from, to int) error {
	s.rows = s.rows[:0]
	var first, last *Record
	for i := from; i < to; i++ {
		if r := &b.Records[i]; r.Kind == KindEvent {
			if first == nil {
				first = r
			}
			last = r
			s.rows = append(s.rows, r.Row)
		}
	}
	if first == nil {
		return nil
	}
	file, err := s.encoder.Encode(b.Block, s.rows, b.Walls[first.Source],
		parquet.Constant{Name: "recording_id", Text: b.Sources[first.Source].ID.String()},
		parquet.Constant{Name: "replay_loop", Int: first.Loop, IsInt: true})
	if err != nil {
		return fmt.Errorf("encode Parquet: %w", err)
	}
	return s.do(ctx, "INSERT INTO "+s.name("")+" FORMAT Parquet", clickhouseToken(first, last, len(s.rows)), file)
}

// insertNotices inserts what is no event among these records.
func (s *clickhouse) insertNotices(ctx context.Context, b *Batch, from, to int) error {
	s.body.Reset()
	var first, last *Record
	count := 0
	for i := from; i < to; i++ {
		r := &b.Records[i]
		if r.Kind == KindEvent {
			continue
		}
		if first == nil {
			first = r
		}
		last = r
		count++
		fmt.Fprintf(&s.body, `{"recording_id":"%s","kind":"%s","number":%d,"replay_loop":%d,"time_ns":"%d.%09d","record":%s}`+"\n",
			b.Sources[r.Source].ID, r.Kind, r.Seq, r.Loop, r.WallNS/1e9, r.WallNS%1e9, s.notice(b, r))
	}
	if first == nil {
		return nil
	}
	return s.do(ctx, "INSERT INTO "+s.name("_notices")+" FORMAT JSONEachRow", clickhouseToken(first, last, count), s.body.Bytes())
}

// clickhouseToken names a block: the same whenever the same batch is sent again.
func clickhouseToken(first, last *Record, count int) string {
	return first.ID.String() + "+" + last.ID.String() + "+" + strconv.Itoa(count)
}

// name returns the table's name as SQL has it.
func (s *clickhouse) name(suffix string) string {
	name := "`" + s.table + suffix + "`"
	if s.database != "" {
		name = "`" + s.database + "`." + name
	}
	return name
}

// do sends a statement, with the data of an INSERT as body.
func (s *clickhouse) do(ctx context.Context, statement, token string, data []byte) error {
	u := s.base
	q := url.Values{"query": {statement}}
	// The answer begins when the statement has ended, so that its status is true.
	q.Set("wait_end_of_query", "1")
	if data != nil {
		q.Set("insert_deduplication_token", token)
		// A table of the user's own may have some of the columns only.
		q.Set("input_format_skip_unknown_fields", "1")
		q.Set("async_insert", "0")
	}
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(data))
	if err != nil {
		return err
	}
	r.Header = s.headers.Clone()
	response, err := s.client.Do(r)
	if err != nil {
		return webError(ctx, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	code, _ := strconv.Atoi(response.Header.Get("X-ClickHouse-Exception-Code"))
	if response.StatusCode == http.StatusOK && code == 0 {
		if err != nil {
			return webError(ctx, err)
		}
		return nil
	}
	return clickhouseError(response, code, answer)
}

func (s *clickhouse) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}
