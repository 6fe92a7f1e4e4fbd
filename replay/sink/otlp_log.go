package sink

import (
	"bytes"

	"github.com/sendmsgrec/sendmsgrec/schema/segment"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	log "go.opentelemetry.io/proto/otlp/logs/v1"
)

// logs returns what is no call in a batch as log records, by recording.
func (s *otlp) logs(b *Batch) *log.LogsData {
	request := &log.LogsData{}
	bySource := map[int32]*log.ScopeLogs{}
	for i := range b.Records {
		r := &b.Records[i]
		if r.Kind == KindEvent {
			continue
		}
		scope := bySource[r.Source]
		if scope == nil {
			scope = &log.ScopeLogs{Scope: s.scope()}
			bySource[r.Source] = scope
			request.ResourceLogs = append(request.ResourceLogs, &log.ResourceLogs{
				Resource: otlpResource(b.Sources[r.Source]), ScopeLogs: []*log.ScopeLogs{scope},
			})
		}
		scope.LogRecords = append(scope.LogRecords, s.log(b, r))
	}
	return request
}

// log returns a gap, a damage, a clock or a coverage. Its body is the JSON
// object that other sinks get.
func (s *otlp) log(b *Batch, r *Record) *log.LogRecord {
	s.lines.SetWallClock(b.Walls[r.Source])
	l := &log.LogRecord{
		TimeUnixNano: uint64(r.WallNS), EventName: otlpPrefix + r.Kind.String(),
		SeverityNumber: log.SeverityNumber_SEVERITY_NUMBER_INFO, SeverityText: "INFO",
		Attributes: []*common.KeyValue{otlpText(otlpPrefix+"id", r.ID.String()), otlpText(otlpPrefix+"kind", r.Kind.String())},
	}
	var line []byte
	switch it := r.Notice.(type) {
	case *segment.Gap:
		line = s.lines.Gap(nil, it)
		l.SeverityNumber, l.SeverityText = log.SeverityNumber_SEVERITY_NUMBER_WARN, "WARN"
		wall := b.Walls[r.Source]
		l.Attributes = append(l.Attributes,
			otlpInt(otlpPrefix+"gap.count", it.Count), otlpText(otlpPrefix+"gap.cause", it.Cause.String()),
			otlpInt(otlpPrefix+"gap.first_time_unix_nano", wall.UnixNS(it.FirstNS)),
			otlpInt(otlpPrefix+"gap.last_time_unix_nano", wall.UnixNS(it.LastNS)),
			otlpBool(otlpPrefix+"gap.upper_bound", it.UpperBound))
		if it.CPU != segment.AllCPUs {
			l.Attributes = append(l.Attributes, otlpInt(otlpNames["cpu"], int64(it.CPU)))
		}
	case *segment.Damage:
		line = s.lines.Damage(nil, it)
		l.SeverityNumber, l.SeverityText = log.SeverityNumber_SEVERITY_NUMBER_ERROR, "ERROR"
	case *segment.Clock:
		line = s.lines.Clock(nil, it)
	case *segment.Coverage:
		line = s.lines.Coverage(nil, it)
	}
	l.Body = otlpBytes("", bytes.TrimSuffix(line, []byte{'\n'})).Value
	return l
}
