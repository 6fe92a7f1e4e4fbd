"""Opens a Parquet file with DuckDB and pyarrow and compares it with what the
Go side expects: interop.py FILE.parquet EXPECTED.json. Prints what differs and
ends with 1 when anything does."""

import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

path, expected = sys.argv[1], json.load(open(sys.argv[2]))
failures = []


def check(what, got, want):
    if got != want:
        failures.append(f"{what}: {got!r}, expected {want!r}")


def within(what, got, want, relative):
    if want is None or abs(got - want) > relative * abs(got):
        failures.append(f"{what}: {got!r}, stats say {want!r} within {relative}")


db = duckdb.connect()
db.execute("set TimeZone = 'UTC'")


def query(sql):
    return db.execute(sql.replace("FILE", f"'{path}'")).fetchall()


# DuckDB: count, sums, groups and percentiles.
total = expected["total"]
quantiles = [("p50", "0.5"), ("p90", "0.9"), ("p99", "0.99"), ("p99.9", "0.999"), ("p99.99", "0.9999")]
quantile_sql = ", ".join(f"quantile_disc(duration_ns, {q})" for _, q in quantiles)
row = query(
    "select count(*), count(duration_ns), sum(requested_bytes), sum(ret) filter (ret >= 0),"
    f" min(duration_ns), max(duration_ns), avg(duration_ns), {quantile_sql} from FILE"
)[0]
check("count", row[0], total["count"])
check("durations", row[1], total["count"] - total["not_returned"])
check("sum of requested_bytes", row[2], total["requested_bytes"])
check("sum of sent bytes", row[3], total["sent_bytes"])
check("min", row[4], total["duration_ns"]["min"])
check("max", row[5], total["duration_ns"]["max"])
within("mean", row[6], total["duration_ns"]["mean"], 1e-9)
for (name, _), got in zip(quantiles, row[7:]):
    within(name, got, total["duration_ns"][name], total["relative_error"])

errors = dict(query("select errno, count(*) from FILE where errno is not null group by errno"))
check("errors", errors, total["errors"])

groups = {(g["key"]["comm"], g["key"]["remote_port"]): g for g in expected["groups"]}
rows = query(f"select comm, remote_port, count(*), {quantile_sql} from FILE group by all")
check("number of groups", len(rows), len(groups))
for comm, port, count, *values in rows:
    g = groups.get((comm, port))
    if g is None:
        failures.append(f"no group {comm!r}, {port!r}")
        continue
    check(f"count of {comm!r}, {port!r}", count, g["count"])
    for (name, _), got in zip(quantiles, values):
        if got is not None:
            within(f"{name} of {comm!r}, {port!r}", got, g["duration_ns"][name], g["relative_error"])

# DuckDB: types.
types = {r[0]: r[1] for r in query("describe select * from FILE")}
for column, want in {
    "time_ns": "TIMESTAMP WITH TIME ZONE",
    "time_boottime_ns": "BIGINT",
    "duration_ns": "BIGINT",
    "cpu": "INTEGER",
    "comm": "VARCHAR",
    "iov_len": "BIGINT[]",
    "iov_base": "BIGINT[]",
    "name": "BLOB",
    "name_text": "VARCHAR",
    "control": "BLOB",
    "remote_address": "BLOB",
    "remote_address_text": "VARCHAR",
    "control_decoded": "VARCHAR",
}.items():
    # Some versions have a type of their own for nanoseconds with a zone.
    got = types.get(column, "")
    if column == "time_ns" and got.startswith("TIMESTAMP"):
        continue
    check(f"type of {column}", got, want)

# DuckDB: nulls, lists, decoded text and time.
check("unreadable iovecs", query("select count(*) from FILE where iov_len is null")[0][0], total["unreadable_requests"])
check(
    "requested_bytes is the sum of iov_len",
    query("select count(*) from FILE where list_sum(iov_len) != requested_bytes or len(iov_len) != msg_iovlen")[0][0],
    0,
)
check(
    "null names are null",
    query("select count(*) from FILE where (name is null) != (name_source_text != 'entry')")[0][0],
    0,
)
check(
    "control_decoded is JSON",
    query("select count(*) from FILE where control is not null and not coalesce(control_decoded like '[%]', false)")[0][0],
    0,
)
check(
    "addresses are decoded",
    query("select count(*) from FILE where octet_length(remote_address) = 4 and remote_address_text not like '%.%.%.%'")[0][0],
    0,
)
check("times", list(query("select min(epoch_ns(time_ns)), max(epoch_ns(time_ns)) from FILE")[0]), expected["times"])
check("time order", query("select count(*) from FILE where time_boottime_ns + duration_ns < time_boottime_ns")[0][0], 0)

# DuckDB: row groups, statistics and metadata.
stats = query(
    "select count(distinct row_group_id), count(*) filter (stats_min_value is null and num_values > stats_null_count)"
    " from parquet_metadata(FILE) where path_in_schema in ('time_ns', 'duration_ns', 'seq', 'comm', 'remote_port')"
)[0]
check("row groups", stats[0], expected["row_groups"])
check("chunks without statistics", stats[1], 0)
metadata = {bytes(k).decode(): bytes(v).decode() for k, v in query("select key, value from parquet_kv_metadata(FILE)")}
check("events in the metadata", metadata.get("sendmsgrec.events"), str(total["count"]))
check("lost in the metadata", metadata.get("sendmsgrec.lost"), str(expected["lost"]))
check("lost by cause", json.loads(metadata.get("sendmsgrec.lost_by_cause", "{}")), expected["lost_by_cause"])
check("gaps", json.loads(metadata.get("sendmsgrec.gaps", "[]")), expected["gaps"])
check("host", json.loads(metadata.get("sendmsgrec.header", "{}")).get("host"), expected["host"])

# pyarrow: the same file, types exactly, sorted row groups.
f = pq.ParquetFile(path)
table = f.read()
check("rows for pyarrow", table.num_rows, total["count"])
schema = table.schema
for column, want in {
    "time_ns": pa.timestamp("ns", "UTC"),
    "start_time_ns": pa.timestamp("ns", "UTC"),
    "duration_ns": pa.int64(),
    "cpu": pa.int32(),
    "comm": pa.string(),
    "name": pa.binary(),
    "control_decoded": pa.string(),
    "iov_len": pa.list_(pa.field("element", pa.int64(), nullable=False)),
}.items():
    check(f"pyarrow type of {column}", schema.field(column).type, want)
check("time_ns is required", schema.field("time_ns").nullable, False)
check("duration_ns is optional", schema.field("duration_ns").nullable, True)
table.validate(full=True)
for i in range(f.num_row_groups):
    group = f.metadata.row_group(i)
    by = [f.schema.column(c.column_index).name for c in group.sorting_columns]
    check(f"row group {i} is sorted by", by, ["time_ns"])
    times = f.read_row_group(i, ["time_ns"]).column(0).cast(pa.int64()).to_pylist()
    if times != sorted(times):
        failures.append(f"row group {i} is not sorted")
    for c in range(group.num_columns):
        check(f"compression of {group.column(c).path_in_schema}", group.column(c).compression, "ZSTD")

for failure in failures:
    print(failure)
print(f"duckdb {duckdb.__version__}, pyarrow {pa.__version__}: {len(failures)} differences")
sys.exit(1 if failures else 0)
