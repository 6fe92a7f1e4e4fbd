package sink

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
	"unicode/utf8"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/sendmsgrec/sendmsgrec/replay/fields"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// otlpPrefix stands before the names of attributes for which OpenTelemetry has
// none.
const otlpPrefix = "sendmsgrec."

// otlpNames are the fields for which its semantic conventions have a name.
var otlpNames = map[string]string{
	"cpu": "cpu.logical_number", "pid": "process.pid", "tid": "thread.id", "comm": "thread.name",
	"uid": "process.real_user.id", "start_time_ns": "process.creation.time", "errno": "error.type",
	"local_port": "network.local.port", "remote_port": "network.peer.port",
	"local_address_text": "network.local.address", "remote_address_text": "network.peer.address",
	"local_path_text": "network.local.address", "remote_path_text": "network.peer.address",
}

// otlpLeftOut are the fields that a span has elsewhere, or that say the same as
// another attribute.
var otlpLeftOut = map[string]bool{
	"time_ns": true, "duration_ns": true, "local_address": true, "remote_address": true, "local_path": true, "remote_path": true,
	"local_endpoint": true, "remote_endpoint": true,
}

// otlpField is a field with the name of its attribute.
type otlpField struct {
	field *fields.Field
	name  string
}

var otlpFields = func() []otlpField {
	var all []otlpField
	list := fields.All()
	for i := range list {
		f := &list[i]
		// An enum's name stands for its number.
		if otlpLeftOut[f.Name] || f.Decoded == nil && f.Column.IsRef() || f.Decoded != nil && f.Column.Enum != nil && len(f.Inputs) == 1 {
			continue
		}
		if f.Decoded != nil && f.Column.Type == schema.TypeTimestamp {
			continue
		}
		name, ok := otlpNames[f.Name]
		if !ok {
			name = otlpPrefix + f.Name
		}
		all = append(all, otlpField{f, name})
	}
	return all
}()

// traces returns the calls of a batch as spans, by recording.
func (s *otlp) traces(b *Batch) *trace.TracesData {
	request := &trace.TracesData{}
	bySource := map[int32]*trace.ScopeSpans{}
	s.event.Block = b.Block
	for i := range b.Records {
		r := &b.Records[i]
		if r.Kind != KindEvent {
			continue
		}
		scope := bySource[r.Source]
		if scope == nil {
			scope = &trace.ScopeSpans{Scope: s.scope()}
			bySource[r.Source] = scope
			request.ResourceSpans = append(request.ResourceSpans, &trace.ResourceSpans{
				Resource: otlpResource(b.Sources[r.Source]), ScopeSpans: []*trace.ScopeSpans{scope},
			})
		}
		scope.Spans = append(scope.Spans, s.span(b, r))
	}
	return request
}

func (s *otlp) scope() *common.InstrumentationScope {
	return &common.InstrumentationScope{Name: "sendmsgrec", Version: s.recorder}
}

// otlpResource returns where a recording comes from.
func otlpResource(src *Source) *resource.Resource {
	a := []*common.KeyValue{
		otlpText("service.name", "sendmsgrec"), otlpText("os.type", "linux"),
		otlpText(otlpPrefix+"recording.id", src.ID.String()),
	}
	if h := src.Header; h != nil {
		for _, x := range [][2]string{
			{"host.name", h.Host}, {"host.arch", otlpArch(h.Machine)}, {"os.version", h.Kernel},
			{otlpPrefix + "boot.id", h.BootID}, {otlpPrefix + "recorder", h.Recorder}, {otlpPrefix + "probe.tier", h.Probe.Tier},
		} {
			if x[1] != "" {
				a = append(a, otlpText(x[0], x[1]))
			}
		}
		a = append(a, otlpInt(otlpPrefix+"schema.version", int64(h.SchemaVersion)))
	}
	return &resource.Resource{Attributes: a}
}

// otlpArch returns the machine as OpenTelemetry names it.
func otlpArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

// otlpIDs returns the trace and span id of a record: each call is a trace of
// its own, since the kernel does not know of the traces of programs.
func otlpIDs(id *ID) (traceID, spanID []byte) {
	var b [16 + 1 + 4 + 8 + 4]byte
	n := copy(b[:], id.Recording[:])
	b[n] = byte(id.Kind)
	binary.BigEndian.PutUint32(b[n+1:], uint32(id.CPU))
	binary.BigEndian.PutUint64(b[n+5:], uint64(id.Seq))
	binary.BigEndian.PutUint32(b[n+13:], uint32(id.Loop))
	sum := sha256.Sum256(b[:])
	return sum[:16:16], sum[16:24:24]
}

// span returns a call.
func (s *otlp) span(b *Batch, r *Record) *trace.Span {
	e := &s.event
	e.Seek(int(r.Row))
	traceID, spanID := otlpIDs(&r.ID)
	call, _ := e.Int(schema.ColCall)
	span := &trace.Span{
		TraceId: traceID, SpanId: spanID, Kind: trace.Span_SPAN_KIND_INTERNAL,
		Name:              schema.ByID(schema.ColCall).Enum.Name(call),
		StartTimeUnixNano: uint64(r.WallNS), EndTimeUnixNano: uint64(r.WallNS),
		Attributes: make([]*common.KeyValue, 0, len(otlpFields)),
	}
	span.Attributes = append(span.Attributes, otlpText(otlpPrefix+"id", r.ID.String()))
	if duration, ok := e.Int(schema.ColDurationNS); ok {
		span.EndTimeUnixNano += uint64(duration)
	} else {
		span.Attributes = append(span.Attributes, otlpBool(otlpPrefix+"returned", false))
	}
	for i := range otlpFields {
		if a := s.attribute(&otlpFields[i], b, r); a != nil {
			span.Attributes = append(span.Attributes, a)
		}
	}
	span.Attributes = appendNetwork(span.Attributes, e)
	if ret, ok := e.Int(schema.ColRet); ok && schema.Errno(ret) != 0 {
		message, _ := fields.AppendError(nil, ret)
		span.Status = &trace.Status{Code: trace.Status_STATUS_CODE_ERROR, Message: string(message)}
	}
	return span
}

// attribute returns a field of the event at hand; nil when it is null.
func (s *otlp) attribute(f *otlpField, b *Batch, r *Record) *common.KeyValue {
	e := &s.event
	if f.field.Decoded != nil {
		value, ok := f.field.AppendText(s.scratch[:0], e)
		s.scratch = value[:0]
		if !ok {
			return nil
		}
		return otlpBytes(f.name, value)
	}
	c := f.field.Column
	switch c.Kind {
	case schema.KindBytes:
		if v, ok := e.Bytes(c.ID); ok {
			return otlpBytes(f.name, v)
		}
	case schema.KindIntList:
		if v, ok := e.List(c.ID); ok {
			list := &common.ArrayValue{}
			for _, n := range v {
				list.Values = append(list.Values, &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}})
			}
			return &common.KeyValue{Key: f.name, Value: &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}}
		}
	default:
		v, ok := e.Int(c.ID)
		switch {
		case !ok:
		case c.Enum != nil:
			return otlpText(f.name, c.Enum.Name(v))
		case c.Type == schema.TypeTimestamp:
			return otlpText(f.name, time.Unix(0, b.Walls[r.Source].UnixNS(v)).UTC().Format(time.RFC3339Nano))
		default:
			return otlpInt(f.name, v)
		}
	}
	return nil
}

// appendNetwork appends what the conventions have for a socket's kind.
func appendNetwork(a []*common.KeyValue, e *fields.Event) []*common.KeyValue {
	const unix, inet, inet6, tcp, udp = 1, 2, 10, 6, 17 // AF_ and IPPROTO_
	family, ok := e.Int(schema.ColSocketFamily)
	if !ok {
		return a
	}
	protocol, _ := e.Int(schema.ColSocketProtocol)
	switch family {
	case unix:
		return append(a, otlpText("network.transport", "unix"))
	case inet:
		a = append(a, otlpText("network.type", "ipv4"))
	case inet6:
		a = append(a, otlpText("network.type", "ipv6"))
	default:
		return a
	}
	switch protocol {
	case tcp:
		a = append(a, otlpText("network.transport", "tcp"))
	case udp:
		a = append(a, otlpText("network.transport", "udp"))
	}
	return a
}

func otlpText(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

// otlpBytes is text where the value is text, else bytes.
func otlpBytes(name string, value []byte) *common.KeyValue {
	if utf8.Valid(value) {
		return otlpText(name, string(value))
	}
	v := append([]byte{}, value...)
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: v}}}
}

func otlpInt(name string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}

func otlpBool(name string, value bool) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: value}}}
}
