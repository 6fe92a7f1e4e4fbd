/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Writing a call that has ended into its CPU's ring. */
#ifndef SENDMSGREC_RECORD_H
#define SENDMSGREC_RECORD_H

#include "restart.h"
#include "lane.h"

/* Copies len bytes, at most max, behind the record's first offset bytes. */
static __always_inline __u64 put(void *record, __u64 offset, const void *src, __u64 len,
				 const __u64 max)
{
	if (len == 0)
		return offset;
	at_most(offset, RING_SLACK - max);
	at_most(len, max);
	read_kernel(record + offset, len, src);
	return offset + EVENT_ALIGN(len);
}

/* call_state.parts of a call that returned with one iovec and nothing else. */
#define ONE_IOVEC (1ULL << 24 | (__u64)OUTCOME_RETURNED << 56)

_Static_assert(__builtin_offsetof(struct event, iov_captured) == 3, "ONE_IOVEC");
_Static_assert(__builtin_offsetof(struct event, outcome) == 7, "ONE_IOVEC");
_Static_assert(__builtin_offsetof(struct event, same) == __builtin_offsetof(struct event, size) + 4,
	       "written as one word");

static __always_inline __u64 parts_size(const struct call_state *st)
{
	__u64 size;

	if (likely(st->parts == ONE_IOVEC))
		return sizeof(struct event_iovec);
	size = st->iov_captured * sizeof(struct event_iovec) + EVENT_ALIGN(st->name_captured) +
	       EVENT_ALIGN(st->control_captured) + EVENT_ALIGN(st->local_path_len) +
	       EVENT_ALIGN(st->remote_path_len);

	if (unlikely(st->has_extra))
		size += sizeof(struct event_extra);
	return size;
}

/* Writes the parts behind the record's first offset bytes. */
static __always_inline void write_parts(void *record, __u64 offset, const struct call_state *st,
					const struct control_state *control)
{
	if (likely(st->parts == ONE_IOVEC)) {
		*(struct event_iovec *)(record + offset) = st->iov[0];
		return;
	}
	if (st->iov_captured == 1 && !st->has_extra) {
		*(struct event_iovec *)(record + offset) = st->iov[0];
		offset += sizeof(struct event_iovec);
	} else {
		if (st->has_extra)
			offset = put(record, offset, &st->extra, sizeof(st->extra),
				     sizeof(st->extra));
		offset = put(record, offset, st->iov, st->iov_captured * sizeof(struct event_iovec),
			     sizeof(st->iov));
	}
	offset = put(record, offset, st->name, st->name_captured, sizeof(st->name));
	if (control)
		offset = put(record, offset, control->data, st->control_captured,
			     sizeof(control->data));
	offset = put(record, offset, st->local_path, st->local_path_len, EVENT_PATH_MAX);
	put(record, offset, st->remote_path, st->remote_path_len, EVENT_PATH_MAX);
}

/* Whether the groups of the call's record are those of the ring's last record
 * that has any, and these will still be there behind a next record of size
 * bytes. Where that record stands is the state's base until a task or socket is
 * another one (SET); only the arguments are left to compare.
 */
static __always_inline bool has_groups(struct ring_header *ring, const struct call_state *st,
				       __u32 cpu, __u64 size)
{
	const struct event *base;
	const __u64 *x, *y;

	if (!st->base || st->base != ring->base || st->base_cpu != cpu)
		return false;
	base = ring_base(ring, size);
	if (!base)
		return false;
	x = (const __u64 *)&((const struct event_groups *)(base + 1))->call;
	y = (const __u64 *)&st->call;
#pragma unroll
	for (int i = 0; i < sizeof(st->call) / sizeof(*x); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* Writes the call's event, or counts why it is lost. The number is taken before
 * anything can be lost, so that a missing number is a lost event.
 */
static __always_inline void write_record(struct ring_header *ring, struct task_struct *task,
					 struct call_state *st, __s64 ret, __u64 now)
{
	struct control_state *control = NULL;
	__u32 cpu = bpf_get_smp_processor_id();
	struct event *event;
	__u64 size, seq;
	bool same;

	if (!lane_lock(ring))
		return;
	seq = lane_number(ring);
	if (unlikely(st->restarts))
		keep_attempt(st, seq, cpu);
	if (unlikely(st->control_captured)) {
		control = call_control(task, st);
		if (!control)
			st->control_captured = 0;
	}
	size = sizeof(*event) + parts_size(st);
	same = has_groups(ring, st, cpu, size);
	if (!same)
		size += sizeof(struct event_groups);
	event = ring_reserve(ring, size);
	if (unlikely(!event)) {
		ring->counters.lost_ring_full++;
		lane_unlock(ring);
		return;
	}
	*(__u64 *)event = st->parts;
	*(__u64 *)&event->size = (__u64)same << 32 | size;
	event->seq = seq;
	event->time_ns = st->time_ns;
	event->duration_ns = now - st->time_ns;
	event->ret = ret;
	event->requested_bytes = st->requested_bytes;
	event->sndbuf_used = st->sndbuf_used;
	if (likely(same)) {
		write_parts(event, sizeof(*event), st, control);
	} else {
		struct event_groups *groups = (struct event_groups *)(event + 1);

		*groups = st->groups;
		ring->base = st->base = ring->head + 1;
		st->base_cpu = cpu;
		write_parts(event, sizeof(*event) + sizeof(*groups), st, control);
	}
	ring_commit(ring, size);
	lane_unlock(ring);
}

#endif
