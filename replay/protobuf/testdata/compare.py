"""Reads a stream of sendmsgrec's protobuf messages with Google's own library and
a module that protoc has made of the published schema, and compares each with its
line of JSON: compare.py MODULE_DIR MESSAGES LINES"""

import json
import sys
from datetime import datetime, timezone

sys.path.insert(0, sys.argv[1])
import sendmsgrec_pb2  # noqa: E402


def messages(data):
    at = 0
    while at < len(data):
        size, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield sendmsgrec_pb2.Record.FromString(data[at:at + size])
        at += size


def value(part, field):
    if field.message_type is not None:
        return list(getattr(part, field.name).value)
    v = getattr(part, field.name)
    if isinstance(v, bytes):
        return v.hex() if field.name != "comm" else v.decode("utf-8", "replace")
    return v


def check(record, line):
    want = json.loads(line)
    kind = record.WhichOneof("kind")
    assert kind == want["kind"] and record.id == want["id"], (kind, record.id, line)
    part = getattr(record, kind)
    for field in part.DESCRIPTOR.fields:
        if field.name not in want or kind == "coverage":
            continue
        absent = field.has_presence and not part.HasField(field.name)
        got = None if absent else value(part, field)
        assert got == want[field.name], (field.name, got, want[field.name])
    if kind == "event":
        assert set(f.name for f in part.DESCRIPTOR.fields) <= set(want), "a field that JSON lacks"
        second, ns = divmod(record.wall_ns, 10**9)
        text = datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        assert f"{text}.{ns:09d}Z" == want["wall_time"], (record.wall_ns, want["wall_time"])
        name = sendmsgrec_pb2.Call.Name(part.call)
        assert name == "CALL_" + want["call_text"].upper(), name
    return kind


with open(sys.argv[2], "rb") as stream, open(sys.argv[3]) as lines:
    kinds = {}
    for record in messages(stream.read()):
        kind = check(record, lines.readline())
        kinds[kind] = kinds.get(kind, 0) + 1
    assert lines.readline() == "", "fewer messages than lines"
print(json.dumps(kinds, sort_keys=True))
