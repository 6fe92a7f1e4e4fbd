/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* sendmmsg and recvmmsg: an event for each message that was sent or received.
 *
 * Up to 1024 headers do not fit a task's state. So everything about the messages
 * is read when the call returns; what recvmmsg's caller gave as room for address
 * and control messages is then overwritten, and not known. A call that failed,
 * and one of no message, is one event; a message that the kernel did not get to
 * is none.
 */
#ifndef SENDMSGREC_VECTOR_H
#define SENDMSGREC_VECTOR_H

#include "receive.h"
#include "record.h"

/* The size of an element of the caller's array, and where things are in it. */
static __always_inline __u64 element_size(const struct call_state *st)
{
	return is_compat_layout(st) ? sizeof(struct compat_mmsghdr) : sizeof(struct user_mmsghdr);
}

static __always_inline __u64 namelen_offset(const struct call_state *st)
{
	return is_compat_layout(st) ? __builtin_offsetof(struct compat_msghdr, msg_namelen)
				    : __builtin_offsetof(struct user_msghdr, msg_namelen);
}

static __always_inline __u64 msg_len_offset(const struct call_state *st)
{
	return is_compat_layout(st) ? __builtin_offsetof(struct compat_mmsghdr, msg_len)
				    : __builtin_offsetof(struct user_mmsghdr, msg_len);
}

static __always_inline void keep_rooms(struct call_state *st, __u32 vlen)
{
	__u64 at = st->kept_ptr + namelen_offset(st), size = element_size(st);

	for (__u32 i = 0; i < VECTOR_ROOMS && i < vlen; i++, at += size)
		if (read_user(&st->rooms[i], sizeof(st->rooms[i]), (void *)at))
			st->rooms[i] = EVENT_NAME_MAX;
}

/* The timeout of a recvmmsg. Callers of other ABIs have, before the numbers for
 * 64-bit time, one of 32-bit numbers; it comes as the sixth argument.
 */
static __always_inline void take_timeout(struct call_state *st, const struct call_entry *entry)
{
	struct event_extra *extra = extra_of(st);
	__s64 timeout[2];   /* struct __kernel_timespec */
	__s32 timeout32[2]; /* struct old_timespec32 */

	if (entry->args[4]) {
		if (read_user(timeout, sizeof(timeout), (void *)entry->args[4]))
			return;
	} else {
		if (entry->abi == ABI_64 || !entry->args[5] ||
		    read_user(timeout32, sizeof(timeout32), (void *)entry->args[5]))
			return;
		timeout[0] = timeout32[0];
		timeout[1] = timeout32[1];
	}
	extra->present |= EXTRA_OFFSET;
	extra->offset = timeout[0] * 1000000000 + timeout[1];
}

/* sendmmsg(sockfd, msgvec, vlen, flags), recvmmsg(the same, timeout) */
static __always_inline void begin_vector(struct call_state *st, const struct call_entry *entry)
{
	struct event_extra *extra = extra_of(st);

	st->call.sockfd = entry->args[0];
	st->call.msg_ptr = entry->args[1];
	st->call.flags = entry->args[3];
	st->kept_ptr = entry->args[1];
	extra->present = EXTRA_VECTOR;
	extra->vlen = entry->args[2];
	extra->vector_index = -1;
	if (entry->call == CALL_RECVMMSG) {
		barrier();
		keep_rooms(st, extra->vlen);
		take_timeout(st, entry);
	}
}

static __always_inline void read_element(struct task_struct *task, struct call_state *st,
					 __s64 *ret)
{
	bool receives = st->call.call == CALL_RECVMMSG;
	__u64 index = st->extra.vector_index;
	__s64 room = EVENT_NAME_MAX;
	__u32 len;

	st->name_captured = 0;
	st->iov_captured = 0;
	st->control_captured = 0;
	st->requested_bytes = EVENT_REQUESTED_UNKNOWN;
	st->extra.present &= ~(EXTRA_OUT_NAME | EXTRA_OUT_MSGHDR);
	expect_message(st);
	if (receives) {
		st->call.name_source = SOURCE_NULL;
		st->call.control_source = SOURCE_NULL;
	}
	capture_msghdr(task, st, SOURCE_EXIT, false);
	if (*ret < 0)
		return;
	if (index < VECTOR_ROOMS) {
		at_most(index, VECTOR_ROOMS - 1);
		room = st->rooms[index];
	}
	if (receives)
		capture_received(task, st, room);
	if (read_user(&len, sizeof(len), (void *)(st->call.msg_ptr + msg_len_offset(st))))
		len = 0;
	*ret = len;
}

/* Writes the event of one message, of a call that returned ret. A function of
 * its own, so that the verifier walks it once and not for each of 1024
 * messages.
 */
int __noinline write_element(__u32 index, __s64 ret, __u64 now)
{
	struct task_struct *task = current_task();
	struct call_state *st = task_state(task);
	struct ring_header *ring = ring_of(bpf_get_smp_processor_id());

	if (!st || !ring)
		return 0;
	st->extra.vector_index = index;
	st->call.msg_ptr = st->kept_ptr + index * element_size(st);
	read_element(task, st, &ret);
	write_record(ring, task, st, ret, now);
	return 0;
}

static __always_inline void write_vector(struct ring_header *ring, struct task_struct *task,
					 struct call_state *st, __s64 ret, __u64 now)
{
	if (ret == 0) {
		write_record(ring, task, st, ret, now);
		return;
	}
	if (ret < 0) {
		write_element(0, ret, now);
		return;
	}
	for (__u32 i = 0; i < UIO_MAXIOV && i < ret; i++) {
		if (i > 0) {
			count(ring->counters.entered);
			count(ring->counters.returned);
		}
		write_element(i, ret, now);
	}
}

#endif
