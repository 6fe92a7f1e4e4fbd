/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A CPU's lane: its ring of records and its counters.
 *
 * Programs on kprobes run with preemption off, and so, on newer kernels by
 * undisturbed(), do those on tracepoints: a lane has one user at a time. Those of
 * fentry and fexit stay on their CPU, but can be preempted there by
 * another one (PREEMPTIBLE is defined): then counters are added to atomically, and who
 * writes a record asks for the lane first. The one who cannot have it gives its event
 * up, counted.
 */
#ifndef SENDMSGREC_LANE_H
#define SENDMSGREC_LANE_H

#include "state.h"

/* One element a CPU; the loader sets the size of an element to
 * RING_HEADER_SIZE + ring_size + RING_SLACK and the number of elements.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, RING_HEADER_SIZE + 4096 + RING_SLACK);
	__uint(max_entries, 1);
} rings SEC(".maps");

/* Wakes the recorder; carries nothing else. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} doorbell SEC(".maps");

static __always_inline struct ring_header *ring_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

#ifdef PREEMPTIBLE

#define count(counter) ((void)__sync_fetch_and_add(&(counter), 1))

/* Whether this program has the lane to itself until lane_unlock(). Adding and
 * then looking needs no atomic operation that returns a value, which 5.10 does
 * not have: who finds 1 was alone when it looked, and everybody who comes
 * later finds more. Two who came at once may both go without.
 */
static __always_inline bool lane_lock(struct ring_header *ring)
{
	__sync_fetch_and_add(&ring->busy, 1);
	if (likely(*(volatile __u64 *)&ring->busy == 1))
		return true;
	__sync_fetch_and_add(&ring->busy, -1);
	count(ring->counters.lost_preempted);
	return false;
}

static __always_inline void lane_unlock(struct ring_header *ring)
{
	__sync_fetch_and_add(&ring->busy, -1);
}

/* The next event's number, when the lane is locked. Events that were given up
 * take theirs here, so that the hole is where they were.
 */
static __always_inline __u64 lane_number(struct ring_header *ring)
{
	__u64 lost = *(volatile __u64 *)&ring->counters.lost_preempted;

	if (unlikely(lost != ring->counters.preempted_numbered)) {
		ring->counters.seq += lost - ring->counters.preempted_numbered;
		ring->counters.preempted_numbered = lost;
	}
	return ring->counters.seq++;
}

#else

#define count(counter) ((void)((counter)++))

static __always_inline bool lane_lock(struct ring_header *ring)
{
	return true;
}

static __always_inline void lane_unlock(struct ring_header *ring)
{
}

static __always_inline __u64 lane_number(struct ring_header *ring)
{
	return ring->counters.seq++;
}

#endif

/* What a program on a tracepoint does, undisturbed. Newer kernels (7.3) preempt these,
 * and another program may then find the lane half written: so it is done with
 * preemption off, where kernels let programs do that. With PREEMPTIBLE everybody asks
 * for the lane.
 */
#if defined(PREEMPTIBLE) || defined(MIXED) || defined(PORTABLE)
#define undisturbed(call) (call)
#else
#define undisturbed(call)                                                            \
	({                                                                           \
		const bool possible_ =                                               \
			bpf_core_field_exists(struct bpf_subprog_info, might_sleep); \
		int done_;                                                           \
                                                                                     \
		if (possible_)                                                       \
			bpf_preempt_disable();                                       \
		done_ = (call);                                                      \
		if (possible_)                                                       \
			bpf_preempt_enable();                                        \
		done_;                                                               \
	})
#endif

/* A place for size bytes at the head of the locked lane's ring, or NULL when it
 * is full.
 */
static __always_inline struct event *ring_reserve(struct ring_header *ring, __u64 size)
{
	__u64 head = ring->head;
	__u64 tail = *(volatile __u64 *)&ring->tail;

	if (head + size - tail > ring_size)
		return NULL;
	return (void *)ring + RING_HEADER_SIZE + (head & (ring_size - 1));
}

/* The last record with groups, when it will still be there behind a next record
 * of size bytes, or NULL.
 */
static __always_inline const struct event *ring_base(struct ring_header *ring, __u64 size)
{
	__u64 base = ring->base;

	if (!base || ring->head + size - (base - 1) > ring_size)
		return NULL;
	return (void *)ring + RING_HEADER_SIZE + ((base - 1) & (ring_size - 1));
}

static __always_inline void ring_commit(struct ring_header *ring, __u64 size)
{
	__u64 head = ring->head + size;

#if defined(__TARGET_ARCH_arm64) && !defined(PORTABLE)
	/* The record must be visible before the head; an exchange is the
	 * cheapest full barrier that programs have.
	 */
	__sync_lock_test_and_set(&ring->head, head);
#else
	/* x86 keeps the order of stores. In the portable build for arm64, where
	 * 5.10 has no barrier for programs, the recorder makes sure of it
	 * (ring.go).
	 */
	barrier();
	*(volatile __u64 *)&ring->head = head;
#endif
	if (((head - size) ^ head) & ~(watermark_size - 1)) {
		__u64 nothing = 0;

		bpf_ringbuf_output(&doorbell, &nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
	}
}

#endif
