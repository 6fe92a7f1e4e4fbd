"""The statistics of `sendmsgrec stats --json`, computed by Spark over the data set
that land.py writes, and what was lost on the way.

    spark-submit stats_job.py DATASET --by comm

Prints one JSON object with the keys of `stats --json`: total and groups, the
quantiles by nearest rank and exact, with the bounds that what is missing leaves
them. Beside these, for each recording, what is missing: `lost` was lost while
recording, by cause, as the gaps say; `undelivered` was recorded and is not in the
data set (not sent yet, filtered out by the replay, or gone).
"""

import argparse
import json

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from dataset import Dataset

# In ten-thousandths, so that ranks are whole numbers.
QUANTILES = {"p50": 5000, "p90": 9000, "p99": 9900, "p99.9": 9990, "p99.99": 9999}


def rank(q, n):
    """The rank of quantile q among n values by nearest rank."""
    return max(-(-n * q // 10_000), 1)


def counts(events, keys):
    """Counts, errors and sums by keys, each group's row as a dict."""
    bytes_of = lambda column: F.sum(F.when(F.col(column) >= 0, F.col(column).cast("decimal(20,0)")))
    rows = events.groupBy(*keys).agg(
        F.count("*").alias("count"), F.count("duration_ns").alias("timed"), F.count("errno").alias("failed"),
        bytes_of("requested_bytes").alias("requested"), F.count("requested_bytes").alias("readable"),
        bytes_of("ret").alias("sent"), F.min("duration_ns").alias("min"), F.max("duration_ns").alias("max"),
        F.sum(F.col("duration_ns").cast("decimal(20,0)")).alias("sum"))
    return {tuple(r[k] for k in keys): r.asDict() for r in rows.collect()}


def errors(events, keys):
    """Failures by errno, by keys."""
    found = {}
    for r in events.where("errno is not null").groupBy(*keys, "errno").count().collect():
        found.setdefault(tuple(r[k] for k in keys), {})[r["errno"]] = r["count"]
    return found


def at_ranks(events, keys, ranks):
    """The durations at these ranks of each group: {group: {rank: duration}}.

    Events with equal durations are counted first, so that what is sorted is
    distinct values. ranks is {group: set of ranks}."""
    spark = events.sparkSession
    wanted = [{**{f"k{i}": v for i, v in enumerate(group)}, "rank": r} for group, rs in ranks.items() for r in rs]
    if not wanted:
        return {}
    fields = [events.schema[k] for k in keys]
    schema = ", ".join([f"k{i}: {f.dataType.simpleString()}" for i, f in enumerate(fields)] + ["rank: bigint"])
    # Not createDataFrame, for which the workers need Python.
    asked = F.broadcast(spark.range(1).select(F.inline(F.from_json(F.lit(json.dumps(wanted)), f"array<struct<{schema}>>"))))
    order = Window.partitionBy(*keys).orderBy("duration_ns")
    upto = (events.where("duration_ns is not null").groupBy(*keys, "duration_ns").agg(F.count("*").alias("n"))
            .withColumn("last", F.sum("n").over(order)))
    same = [F.col(k).eqNullSafe(F.col(f"k{i}")) for i, k in enumerate(keys)]
    inside = (F.col("rank") <= F.col("last")) & (F.col("rank") > F.col("last") - F.col("n"))
    for condition in same:
        inside &= condition
    found = {}
    for r in upto.join(asked, inside).collect():
        found.setdefault(tuple(r[k] for k in keys), {})[r["rank"]] = r["duration_ns"]
    return found


def groups(events, keys, missing):
    """The groups as stats --json has them, the largest first."""
    counted, failed = counts(events, keys), errors(events, keys)
    ranks = {}
    for group, c in counted.items():
        if c["timed"] == 0:
            continue
        # What is missing in a group is what is missing at all and the calls that
        # had not returned: all of them below, or all of them above.
        lack = missing + c["count"] - c["timed"]
        c["ranks"] = {name: (rank(q, c["timed"]), rank(q, c["timed"] + lack) - lack, rank(q, c["timed"] + lack))
                      for name, q in QUANTILES.items()}
        c["lack"] = lack
        ranks[group] = {r for three in c["ranks"].values() for r in three if 1 <= r <= c["timed"]}
    durations = at_ranks(events, keys, ranks)
    result = []
    for group, c in counted.items():
        g = {"key": dict(zip(keys, group)), "count": c["count"], "not_returned": c["count"] - c["timed"], "failed": c["failed"],
             "errors": failed.get(group, {}), "requested_bytes": int(c["requested"] or 0),
             "unreadable_requests": c["count"] - c["readable"], "sent_bytes": int(c["sent"] or 0),
             "duration_ns": None, "relative_error": 0}
        if c["timed"]:
            at = durations[group]
            g["duration_ns"] = {"min": c["min"], "mean": int(c["sum"]) / c["timed"], "max": c["max"],
                                **{name: at[r] for name, (r, _, _) in c["ranks"].items()}}
            if c["lack"]:
                g["duration_bounds_ns"] = {
                    name: [at[low] if low >= 1 else 0, at[high] if high <= c["timed"] else None]
                    for name, (_, low, high) in c["ranks"].items()}
        result.append(g)
    return sorted(result, key=lambda g: (-g["count"], json.dumps(g["key"])))


def losses(events, notices):
    """What each recording lacks."""
    gap = F.from_json("record", "cpu int, count long, cause string, first_seq long, events long")
    told = notices.withColumn("n", gap).select("recording_id", "kind", "host", "n.*")
    found = {}

    def of(recording, host):
        return found.setdefault(recording, {"recording_id": recording, "host": host, "events": 0, "lost": 0, "lost_by_cause": {},
                                            "undelivered": 0, "unknown": False})

    seen, reach = {}, {}
    for r in events.groupBy("recording_id", "host", "cpu").agg(F.count("*").alias("n"), F.max("seq").alias("last")).collect():
        of(r.recording_id, r.host)["events"] += r.n
        seen[r.recording_id, r.cpu], reach[r.recording_id, r.cpu] = r.n, r.last + 1
    for r in told.where("kind = 'gap'").collect():
        recording = of(r.recording_id, r.host)
        recording["lost"] += r["count"]
        recording["lost_by_cause"][r.cause] = recording["lost_by_cause"].get(r.cause, 0) + r["count"]
        if r.first_seq is not None:
            cpu = (r.recording_id, r.cpu)
            seen[cpu] = seen.get(cpu, 0) + r["count"]
            reach[cpu] = max(reach.get(cpu, 0), r.first_seq + r["count"])
    for (recording, _), n in reach.items():
        found[recording]["undelivered"] += n
    for (recording, _), n in seen.items():
        found[recording]["undelivered"] -= n
    for r in told.where("kind = 'damage' and events is null").collect():
        of(r.recording_id, r.host)["unknown"] = True
    return sorted(found.values(), key=lambda r: (r["host"], r["recording_id"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--by", default="", help="columns, with commas between")
    args = parser.parse_args()
    keys = [k for k in args.by.split(",") if k]

    # A host may be named 10: what stands in directories' names stays text.
    spark = (SparkSession.builder.appName("sendmsgrec stats")
             .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    dataset = Dataset(args.dataset)

    def read(table):
        reader = spark.read.option("basePath", str(dataset.path / table))
        return reader.parquet(*map(str, dataset.files(table + "/")))

    used = {*keys, "recording_id", "host", "cpu", "seq", "ret", "errno", "requested_bytes", "duration_ns"}
    events, notices = read("events").select(*used).cache(), read("notices")
    recordings = losses(events, notices)
    lost = {}
    for r in recordings:
        for cause, n in r["lost_by_cause"].items():
            lost[cause] = lost.get(cause, 0) + n
    missing = sum(r["lost"] + r["undelivered"] for r in recordings)
    print(json.dumps({
        "events": sum(r["events"] for r in recordings), "lost": sum(r["lost"] for r in recordings), "lost_by_cause": lost,
        "missing": missing, "missing_unknown": any(r["unknown"] for r in recordings), "recordings": recordings,
        "by": keys, "quantile": "nearest_rank", "total": groups(events, [], missing)[0], "groups": groups(events, keys, missing),
    }))
    spark.stop()


if __name__ == "__main__":
    main()
