"""Lands a topic that sendmsgrec fills in a Parquet data set (see dataset.py).

    land.py --brokers localhost:9092 --topic calls --schema schema.json DATASET

Takes each partition from where the data set's ranges end up to its end at the
start of the step. Whatever kills it, and however often it is run: each message
is landed once, because its range is, and each event once, because its id is
looked up where an event with the same id can be: it has the same key, so it is
in the same partition, and the same time, so it is in the same directory.

--partitions lets several steps share a topic. --schema is what `sendmsgrec
schema --json` prints: it says which columns there are and of which types.
"""

import argparse
import datetime
import fcntl
import io
import json
import sys
import time
import urllib.parse
from pathlib import Path

import pyarrow
import pyarrow.json
import pyarrow.parquet
from confluent_kafka import Consumer, KafkaException, TopicPartition

from dataset import ID, NOTICE_ID, Dataset, Range

ARROW = {"INT32": pyarrow.int32(), "INT64": pyarrow.int64(), "LIST of INT64": pyarrow.list_(pyarrow.int64())}


def columns(schema):
    """The data set's columns: names and types of the JSON objects' values. Times
    stay numbers of CLOCK_BOOTTIME, bytes stay hexadecimal. What is decoded to
    something with a structure (control messages) is left out; the bytes are there."""
    fields = [pyarrow.field(c["name"], ARROW.get(c["parquet"], pyarrow.int64() if c["json"] == "number" else pyarrow.string()))
              for c in schema["columns"]]
    return fields + [pyarrow.field(d["name"], pyarrow.string()) for d in schema["decoded"] if d["json"] == "string"]


def identify(message):
    """Recording, middle, number and loop of a message's id (its key, or smr-id), its
    kind, and its host as the name of a directory: whoever may write to the topic
    chooses it, so it must not lead elsewhere. Readers undo the quoting."""
    headers = dict(message.headers() or [])
    text = headers.get("smr-id", message.key()).decode()
    recording, middle, number = text[:36], *text[37:].rsplit("-", 1)
    number, _, loop = number.partition(".")
    host = urllib.parse.quote(headers.get("smr-host", b"unknown"), safe="")
    return recording, middle, int(number), int(loop or 0), headers["smr-kind"].decode(), host


class Landing:
    """The landing of one range: rows by directory, then files."""

    def __init__(self, dataset, fields, r):
        self.dataset, self.fields, self.range = dataset, fields, r
        self.events, self.notices = {}, {}

    def add(self, message):
        recording, middle, number, loop, kind, host = identify(message)
        if kind == "event":
            time = datetime.datetime.fromtimestamp(message.timestamp()[1] / 1000, datetime.timezone.utc)
            directory = f"events/date={time:%Y-%m-%d}/hour={time:%H}/host={host}"
            self.events.setdefault(directory, []).append((recording, loop, message.value()))
        else:
            rows = self.notices.setdefault(f"notices/host={host}", [])
            rows.append((recording, kind, number, loop, message.value().decode()))

    def finish(self):
        """Writes the files and makes the range part of the data set."""
        tables = [(directory, self.table(rows), ID) for directory, rows in self.events.items()]
        for directory, rows in self.notices.items():
            names = ["recording_id", "kind", "number", "replay_loop", "record"]
            tables.append((directory, pyarrow.table(list(map(list, zip(*rows))), names=names), NOTICE_ID))
        record = {"files": [], "rows": 0, "duplicates": 0, "bytes": 0}
        for directory, table, identity in tables:
            new = self.without_landed(directory, table, identity)
            record["duplicates"] += len(table) - len(new)
            if len(new) == 0:
                continue
            name = f"{directory}/{self.range}.parquet"
            path = self.dataset.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(new, path, compression="zstd")
            record["files"].append(name)
            record["rows"] += len(new)
            record["bytes"] += path.stat().st_size
        self.dataset.commit(self.range, record)
        return record

    def table(self, rows):
        """The events of one directory as a table with all columns."""
        recordings, loops, values = zip(*rows)
        text = b"\n".join(values)
        table = pyarrow.json.read_json(
            io.BytesIO(text), read_options=pyarrow.json.ReadOptions(block_size=len(text) + 1),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=pyarrow.schema(self.fields), unexpected_field_behavior="ignore"))
        if len(table) != len(values):
            raise ValueError(f"{self.range}: {len(values)} messages, {len(table)} objects")
        table = table.append_column("recording_id", pyarrow.array(recordings, pyarrow.string()))
        return table.append_column("replay_loop", pyarrow.array(loops, pyarrow.int64()))

    def without_landed(self, directory, table, identity):
        """The rows whose id is neither in the directory's files nor in a row before."""
        table = table.append_column("_row", pyarrow.array(range(len(table))))
        first = table.group_by(identity).aggregate([("_row", "min")])
        landed = self.dataset.files(directory + "/", topic=self.range.topic, partition=self.range.partition)
        if landed:
            known = pyarrow.concat_tables([pyarrow.parquet.read_table(f, columns=identity, partitioning=None) for f in landed])
            first = first.join(known, keys=identity, join_type="left anti")
        rows = first["_row_min"].combine_chunks().sort()
        return table.take(rows).drop_columns(["_row"])


class Partition:
    """One partition of the topic on its way to the data set."""

    def __init__(self, dataset, fields, topic, number, most):
        self.dataset, self.fields, self.topic, self.number, self.most = dataset, fields, topic, number, most
        dataset.records.mkdir(parents=True, exist_ok=True)
        # Two steps that land the same partition would land it twice.
        self.lock = open(dataset.records / f"{topic}-{number}.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        dataset.clean(topic, number)

    def land(self, consumer):
        """Lands what is there now; returns the records of the new ranges."""
        at = TopicPartition(self.topic, self.number)
        low, end = consumer.get_watermark_offsets(at)
        start = self.dataset.next_offset(self.topic, self.number)
        if start is None:
            start = low
        elif start < low:
            raise SystemExit(f"{at.topic}[{self.number}]: offsets {start} to {low} were deleted before they were landed: "
                             "make the topic's retention longer than the landing is ever away")
        landed = []
        while start < end:
            stop = min(end, start + self.most)
            landed.append(self.range(consumer, Range(self.topic, self.number, start, stop)))
            start = stop
        return landed

    def range(self, consumer, r):
        landing = Landing(self.dataset, self.fields, r)
        consumer.assign([TopicPartition(r.topic, r.partition, r.start)])
        at = r.start
        while at < r.end:
            message = consumer.poll(30)
            if message is None:
                raise SystemExit(f"{r}: no message for 30 s at offset {at}")
            if message.error():
                raise KafkaException(message.error())
            at = message.offset() + 1
            if message.offset() < r.end:
                landing.add(message)
        return landing.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--partitions", help="only these, with commas between")
    parser.add_argument("--range", type=int, default=100_000, help="messages of a file at most")
    parser.add_argument("dataset")
    args = parser.parse_args()

    fields = columns(json.loads(Path(args.schema).read_text()))
    consumer = Consumer({"bootstrap.servers": args.brokers, "group.id": "land", "enable.auto.commit": False,
                         "auto.offset.reset": "error", "isolation.level": "read_committed"})
    topic = consumer.list_topics(args.topic, timeout=30).topics[args.topic]
    if topic.error:
        raise KafkaException(topic.error)
    wanted = sorted(topic.partitions) if args.partitions is None else [int(p) for p in args.partitions.split(",")]
    total = {"ranges": 0, "rows": 0, "duplicates": 0, "bytes": 0}
    for number in wanted:
        for record in Partition(Dataset(args.dataset), fields, args.topic, number, args.range).land(consumer):
            total["ranges"] += 1
            for key in ("rows", "duplicates", "bytes"):
                total[key] += record[key]
    consumer.close()
    total["cpu_seconds"] = round(time.process_time(), 3)
    json.dump(total, sys.stdout)
    print()


if __name__ == "__main__":
    main()
