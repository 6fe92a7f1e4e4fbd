"""A load model of a fleet: what Kafka, the landing and the storage need for so many
hosts. Prints the table of docs/fleet.md; change the inputs to yours.
"""

# Measured; docs/fleet.md says by which commands.
WIRE = 75  # bytes of an event in Kafka: all columns as JSON, zstd
PARQUET = 42  # bytes of an event in the data set
SENDER_US = 15  # processor time of the sender, µs an event
BROKER_US = 4  # of the leader, µs an event
LAND_PER_S = 10_000  # events that a landing step takes each second, on a core
STORED_ON_HOST = 20  # bytes of an event in the recording

# Assumed.
EVENTS_PER_S = 1_000  # of a host, on average
PEAK = 3  # times the average
REPLICAS = 3
KAFKA_DAYS = 3  # retention of the topic
DATASET_DAYS = 30  # retention of the data set
AWAY_HOURS = 24  # how long a host must get along without Kafka
UTILIZATION = 0.5  # of a broker, so that the others can take over what one had
BROKER_CORES = 8
BROKER_DISK_B_PER_S = 400e6  # what a broker writes
BROKER_DISK_B = 8e12
FOLLOWER_SHARE = 0.5  # of the leader's processor time, to store a replica


def ceiling(x):
    return -int(-x // 1)


def quantity(value, unit):
    for prefix in ("", "k", "M", "G", "T", "P"):
        if value < 1000:
            return f"{value:.3g} {prefix}{unit}"
        value /= 1000
    raise ValueError(value)


def plan(hosts):
    mean = hosts * EVENTS_PER_S
    peak = mean * PEAK
    stored = mean * WIRE * REPLICAS * KAFKA_DAYS * 86_400
    cores = peak * BROKER_US * 1e-6 * (1 + FOLLOWER_SHARE * (REPLICAS - 1))
    brokers = max(
        REPLICAS,
        ceiling(cores / (BROKER_CORES * UTILIZATION)),
        ceiling(peak * WIRE * REPLICAS / (BROKER_DISK_B_PER_S * UTILIZATION)),
        ceiling(stored / (BROKER_DISK_B * UTILIZATION)),
    )
    partitions = max(brokers, ceiling(peak / LAND_PER_S))
    return [
        f"{hosts:,}", quantity(mean, ""), quantity(peak * WIRE, "B/s"), f"{brokers}", f"{partitions}", quantity(stored, "B"),
        f"{ceiling(mean / LAND_PER_S / UTILIZATION)}", quantity(mean * PARQUET * 86_400 * DATASET_DAYS, "B"),
    ]


def main():
    print("| hosts | events/s | into Kafka at peak | brokers | partitions | disks of Kafka | landing steps | data set |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for hosts in (10, 100, 1_000, 10_000):
        print("| " + " | ".join(cell.strip() for cell in plan(hosts)) + " |")
    print()
    print(f"Each host: {EVENTS_PER_S * PEAK * SENDER_US / 1e6:.0%} of a core at peak for the sender, "
          f"{quantity(EVENTS_PER_S * STORED_ON_HOST * AWAY_HOURS * 3600, 'B')} of disk for {AWAY_HOURS} hours without Kafka.")


if __name__ == "__main__":
    main()
