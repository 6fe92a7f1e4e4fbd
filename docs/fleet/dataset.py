"""The Parquet data set that land.py writes and stats_job.py reads.

    DATASET/events/date=2025-06-15/hour=15/host=db1/calls-3-0-41234.parquet
    DATASET/notices/host=db1/calls-3-0-41234.parquet
    DATASET/_landed/calls-3-0-41234.json

A file holds what the messages of one range of offsets (calls, partition 3, from
0 to before 41234) have for its directory. The range is in the data set when its
record in _landed is: the record names the files and appears at once, complete.
Files that no record names are what a landing step left that was killed; readers
do not look at them and the next step removes them.
"""

import json
import os
import re
from pathlib import Path

# An event's id: with the recording, CPU and number it is the same for ever.
ID = ["recording_id", "cpu", "seq", "replay_loop"]
# A notice's id: its number among its kind in the recording.
NOTICE_ID = ["recording_id", "kind", "number", "replay_loop"]


class Range:
    """A range of offsets of one partition: what one landed record is about."""

    pattern = re.compile(r"(.+)-(\d+)-(\d+)-(\d+)")

    def __init__(self, topic, partition, start, end):
        self.topic, self.partition, self.start, self.end = topic, partition, start, end

    def __str__(self):
        return f"{self.topic}-{self.partition}-{self.start}-{self.end}"

    @classmethod
    def parse(cls, name):
        topic, *numbers = cls.pattern.fullmatch(name).groups()
        return cls(topic, *map(int, numbers))


class Dataset:
    def __init__(self, path):
        self.path = Path(path)
        self.records = self.path / "_landed"

    def ranges(self, topic=None, partition=None):
        """The landed ranges with their records, in the order of their offsets."""
        found = []
        for path in self.records.glob("*.json"):
            r = Range.parse(path.stem)
            if topic in (None, r.topic) and partition in (None, r.partition):
                found.append((r, json.loads(path.read_text())))
        return sorted(found, key=lambda x: (x[0].topic, x[0].partition, x[0].start))

    def files(self, prefix="", **of):
        """The landed files whose names begin so ("events/", "notices/host=db1/"),
        without those that the data set's owner has removed since."""
        files = [self.path / f for _, record in self.ranges(**of) for f in record["files"] if f.startswith(prefix)]
        return [f for f in files if f.exists()]

    def next_offset(self, topic, partition):
        """Where the landed ranges of a partition end; None before the first."""
        ends = [r.end for r, _ in self.ranges(topic, partition)]
        return max(ends, default=None)

    def clean(self, topic, partition):
        """Removes what a killed step left."""
        landed = set(self.files(topic=topic, partition=partition))
        for path in self.path.glob("[!_]*/**/*.parquet"):
            r = Range.parse(path.stem)
            if (r.topic, r.partition) == (topic, partition) and path not in landed:
                path.unlink()

    def commit(self, r, record):
        """Makes a range part of the data set."""
        self.records.mkdir(parents=True, exist_ok=True)
        temporary = self.records / f"{r}.tmp"
        with open(temporary, "w") as f:
            json.dump(record, f)
            f.flush()
            os.fsync(f.fileno())
        temporary.rename(self.records / f"{r}.json")
