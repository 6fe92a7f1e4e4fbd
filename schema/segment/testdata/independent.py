"""Reads a recording by docs/format.md alone, with nothing of the Go code.

It prints, for each segment, the sum of each int column over the events, and
each coverage, as the golden texts have it. Every checksum is checked. Needs the zstd command.
"""
import json
import struct
import subprocess
import sys

NULLS_ALL, NULLS_BITMAP = 1, 2
INT, BYTES = 1, 2
CONSTANT, VALUES, DELTAS, DICTIONARY, RUNS = 0, 1, 2, 3, 4
INLINE, FRAME = 0, 1
REFS = {1: "task_ref", 2: "socket_ref", 3: "call_ref", 4: "name_ref", 5: "control_ref"}

CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def signed(number):
    number &= 2**64 - 1
    return number - 2**64 if number >> 63 else number


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        assert self.at <= len(self.data), "ends early"
        return self.data[self.at - size : self.at]

    def u8(self):
        return self.take(1)[0]

    def uvarint(self):
        number = shift = 0
        while True:
            byte = self.u8()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def varint(self):
        number = self.uvarint()
        return number >> 1 ^ -(number & 1)

    def frame(self, size):
        zstd = subprocess.run(["zstd", "-dc"], input=self.take(size), capture_output=True, check=True)
        return zstd.stdout


def parse_area(c, raw, planes):
    """Returns a function that takes the area's bytes off the data."""
    if raw == 0:
        return lambda data: b""
    storage = c.u8()
    if storage == INLINE:
        inline = c.take(raw)
        return lambda data: inline
    sizes = [c.uvarint() for _ in range(1 if storage == FRAME else planes)]

    def read(data):
        out = b"".join(data.frame(size) for size in sizes)
        assert len(out) == raw
        return out

    return read


def parse_ints(c, count):
    """Returns a function that takes the stream's values off the data."""
    if count == 0:
        return lambda data: []
    first_byte = c.u8()
    encoding, width = first_byte & 15, first_byte >> 4
    if encoding == DICTIONARY:
        distinct = parse_ints(c, c.u8() + 1)
        index = parse_area(c, count, 1)

        def read(data):
            values = distinct(data)
            return [values[i] for i in index(data)]

        return read
    if encoding == RUNS:
        runs = c.uvarint()
        run_values, lengths = parse_ints(c, runs), parse_ints(c, runs)

        def read(data):
            out = []
            for value, length in zip(run_values(data), lengths(data), strict=True):
                out += [value] * (length + 1)
            assert len(out) == count
            return out

        return read
    first = c.varint() if encoding == DELTAS else None
    base = c.varint()
    if encoding == CONSTANT:
        return lambda data: [base] * count
    differences = count - 1 if encoding == DELTAS else count
    area = parse_area(c, differences * width, width)

    def read(data):
        planes = area(data)
        out = [first] if encoding == DELTAS else []
        for i in range(differences):
            difference = sum(planes[p * differences + i] << 8 * p for p in range(width))
            out.append(signed((out[-1] if encoding == DELTAS else 0) + base + difference))
        return out

    return read


def read_chunk(description, frames, rows, columns):
    c, data = Cursor(description), Cursor(frames)
    first_byte = c.u8()
    kind, mode = first_byte & 15, first_byte >> 4 & 3
    base = [0] * rows
    if first_byte & 64:
        base = [value or 0 for value in columns[c.uvarint()]]
    if mode == NULLS_ALL:
        return [None] * rows
    nulls, bitmap = 0, None
    if mode == NULLS_BITMAP:
        nulls = c.uvarint()
        bitmap = parse_area(c, (rows + 7) // 8, 1)
    head = parse_ints(c, rows - nulls)
    if kind != INT:
        total = c.uvarint()
        body = parse_area(c, total, 1) if kind == BYTES else parse_ints(c, total)
    bits = bitmap(data) if bitmap else bytes((rows + 7) // 8)
    values = iter(head(data))
    column = [None if bits[i // 8] >> i % 8 & 1 else next(values) for i in range(rows)]
    if kind == INT:
        column = [None if v is None else signed(v + base[i]) for i, v in enumerate(column)]
    else:
        rest = Cursor(body(data))
        for i, length in enumerate(column):
            if length is not None:
                column[i] = rest.take(length)
                if kind != BYTES:
                    column[i] = [signed(v + base[i]) for v in column[i]]
        assert rest.at == total
    assert data.at == len(frames)
    return column


def skip_counters(c):
    c.take(1)
    for _ in range(3):
        c.varint()
    causes, cpus = c.uvarint(), c.uvarint()
    for _ in range(cpus * (5 + causes)):
        c.varint()


def read_segment(payload, data, known):
    c = Cursor(payload)
    rows = [c.uvarint() for _ in range(c.uvarint())]
    c.take(16)
    for _ in range(4 * c.uvarint()):
        c.uvarint()
    if c.u8():
        skip_counters(c)
    columns, at = {}, 0
    for _ in range(c.uvarint()):
        number, size = c.uvarint(), c.uvarint()
        crc = struct.unpack("<I", c.take(4))[0] if size else crc32c(b"")
        description = c.take(c.uvarint())
        frames = data[at : at + size]
        at += size
        assert crc32c(frames) == crc
        columns[number] = read_chunk(description, frames, rows[known[number]["table"]], columns)
    assert at == len(data)
    if c.at < len(payload):
        read_statistics(c, columns, known)
    return columns


def read_statistics(c, columns, known):
    line = ""
    for _ in range(c.uvarint()):
        number, smallest, span = c.uvarint(), c.varint(), c.uvarint()
        values = [value for value in columns[number] if value is not None]
        assert (min(values), max(values)) == (smallest, smallest + span)
        line += " %s=%d..%d" % (known[number]["name"], smallest, smallest + span)
    errors = [c.uvarint() for _ in range(c.uvarint())]
    ret = {number for number in known if known[number]["name"] == "ret"}.pop()
    assert errors == sorted({-v for v in columns[ret] if v is not None and -4095 <= v < 0})
    line += "; errors [%s]" % " ".join(map(str, errors))
    for _ in range(c.uvarint()):
        number, size = c.uvarint(), c.uvarint()
        smallest, largest = c.take(size), c.take(size)
        values = [value for value in columns[number] if value is not None and len(value) == size]
        assert (min(values), max(values)) == (smallest, largest)
        line += "; %s=%s..%s" % (known[number]["name"], smallest.hex(), largest.hex())
    print("  statistics:" + line)


def print_sums(columns, known):
    refs = {known[n]["name"]: values for n, values in columns.items()}
    sums = []
    for n in sorted(columns):
        table, values = known[n]["table"], columns[n]
        if known[n]["kind"] != INT or known[n]["name"].endswith("_ref"):
            continue
        if table:
            values = [values[row] for row in refs[REFS[table]]]
        values = [v for v in values if v is not None]
        if values:
            sums.append(" %s=%d" % (known[n]["name"], signed(sum(values))))
    print("  sums:" + "".join(sums))


def print_coverage(payload):
    coverage = json.loads(payload)
    print("coverage from %d to %d" % (coverage["from_ns"], coverage["to_ns"]))
    for way in coverage["ways"]:
        line = "  %s %s %s" % (way["path"], way["abi"], way["call"])
        if way.get("hooks"):
            line += " watched by " + ", ".join(way["hooks"])
            line += ": " + way["why"] if way.get("why") else ""
        else:
            line += " not watched: " + way["why"]
        print(line)
    sends = coverage["unexplained"]
    line = "  unexplained sends: "
    if sends["counted"]:
        line += "%d of %d" % (sends["unexplained"], sends["sends"])
        for process in sends.get("processes", []):
            line += "; %(sends)d by process %(pid)d (%(comm)s), %(bytes)d bytes" % process
        line += "; %d by others" % sends["others"] if sends["others"] else ""
    else:
        line += "not counted: " + sends["why"]
    print(line)


def main():
    with open(sys.argv[1], "rb") as f:
        file = f.read()
    at = len(bytes.fromhex("28 b5 2f fd 24 00 01 00 00 99 e9 d8 51"))
    known, expected = {}, 0
    while at < len(file):
        magic, frame_size = struct.unpack_from("<II", file, at)
        kind, _, version, _, number, data_size, crc = struct.unpack_from("<4B3I", file, at + 24)
        payload = file[at + 40 : at + 8 + frame_size]
        assert (magic, version, number) == (0x184D2A53, 1, expected)
        assert crc32c(file[at : at + 36] + payload) == crc
        expected += 1
        at += 8 + frame_size
        data = file[at : at + data_size]
        at += data_size
        if kind == 1:
            known = {column["id"]: column for column in json.loads(payload)["columns"]}
        elif kind == 2:
            print_sums(read_segment(payload, data, known), known)
        elif kind == 10:
            print_coverage(payload)


main()
