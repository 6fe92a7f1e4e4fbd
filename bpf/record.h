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

static __always_inline __u64 parts_size(const struct call_state *st)
{
	__u64 size = st->iov_captured * sizeof(struct event_iovec) +
		     EVENT_ALIGN(st->name_captured) + EVENT_ALIGN(st->control_captured) +
		     EVENT_ALIGN(st->local_path_len) + EVENT_ALIGN(st->remote_path_len);

	if (unlikely(st->has_extra))
		size += sizeof(struct event_extra);
	return size;
}

/* Writes the parts behind the record's first offset bytes. */
static __always_inline void write_parts(void *record, __u64 offset, const struct call_state *st,
					const struct control_state *control)
{
	if (likely(st->iov_captured == 1 && !st->has_extra)) {
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

static __always_inline bool same_groups(const struct event_groups *a, const struct event_groups *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

#pragma unroll
	for (int i = 0; i < sizeof(*a) / sizeof(*x); i++)
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
	const struct event *base;
	struct event *event;
	__u64 size, seq;
	bool same;

	if (!lane_lock(ring))
		return;
	seq = lane_number(ring);
	if (unlikely(st->restarts))
		keep_attempt(st, seq, bpf_get_smp_processor_id());
	if (unlikely(st->control_captured)) {
		control = call_control(task, st);
		if (!control)
			st->control_captured = 0;
	}
	if (likely(!st->address))
		capture_task(&st->task, task);
	size = sizeof(*event) + parts_size(st);
	base = ring_base(ring, size);
	same = base && same_groups((const struct event_groups *)(base + 1), &st->groups);
	if (!same)
		size += sizeof(struct event_groups);
	event = ring_reserve(ring, size);
	if (unlikely(!event)) {
		ring->counters.lost_ring_full++;
		lane_unlock(ring);
		return;
	}
	event->control_captured = st->control_captured;
	event->name_captured = st->name_captured;
	event->iov_captured = st->iov_captured;
	event->local_path_len = st->local_path_len;
	event->remote_path_len = st->remote_path_len;
	event->extra = st->has_extra;
	event->outcome = st->outcome;
	event->size = size;
	event->same = same;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
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
		ring->base = ring->head + 1;
		write_parts(event, sizeof(*event) + sizeof(*groups), st, control);
	}
	ring_commit(ring, size);
	lane_unlock(ring);
}

#endif
