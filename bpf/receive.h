/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Calls that receive one message: the room that the caller gives is read when
 * they enter, what the kernel put there when they return.
 */
#ifndef SENDMSGREC_RECEIVE_H
#define SENDMSGREC_RECEIVE_H

#include "send.h"

/* The lengths of a msghdr read at exit are the kernel's, not the caller's. */
static __always_inline bool knows_room(const struct call_state *st)
{
	return st->call.msghdr_source == SOURCE_ENTRY;
}

/* The address that was received: as much of it as fitted into the room. */
static __always_inline void capture_sender(struct call_state *st, __s64 room)
{
	__s64 len = st->extra.out_namelen;

	if (len > room)
		len = room;
	st->name_captured = 0;
	st->call.name_source = SOURCE_EXIT;
	if (len < 1)
		return;
	at_most(len, EVENT_NAME_MAX);
	if (read_user(st->name, len, (void *)st->call.msg_name_ptr)) {
		st->call.name_source = SOURCE_FAULTED;
		return;
	}
	st->name_captured = len;
}

/* The room for an address, as far as it is known. */
static __always_inline __s64 sender_room(const struct call_state *st)
{
	return knows_room(st) ? st->call.msg_namelen : EVENT_NAME_MAX;
}

/* The control messages that were received. */
static __always_inline void capture_received_control(struct task_struct *task,
						     struct call_state *st)
{
	__u64 len = st->extra.out_controllen;
	struct control_state *control;

	if (knows_room(st) && len > st->call.msg_controllen)
		len = st->call.msg_controllen;
	st->control_captured = 0;
	st->call.control_source = st->call.msg_control_ptr ? SOURCE_EXIT : SOURCE_NULL;
	if (!st->call.msg_control_ptr || len == 0)
		return;
	control = control_state_make(task);
	if (!control) {
		st->call.control_source = SOURCE_UNAVAILABLE;
		return;
	}
	if (len > EVENT_CONTROL_MAX)
		st->call.control_source = SOURCE_TRUNCATED;
	at_most(len, EVENT_CONTROL_MAX);
	if (read_user(control->data, len, (void *)st->call.msg_control_ptr)) {
		st->call.control_source = SOURCE_FAULTED;
		return;
	}
	st->control_captured = len;
}

/* Reads what the kernel wrote into the msghdr at st->call.msg_ptr. */
static __always_inline long read_filled_header(struct call_state *st)
{
	struct user_msghdr msg;

	if (read_user(&msg, sizeof(msg), (void *)st->call.msg_ptr))
		return -EFAULT;
	st->extra.out_msg_flags = msg.msg_flags;
	st->extra.out_controllen = msg.msg_controllen;
	st->extra.out_namelen = msg.msg_namelen;
	return 0;
}

/* The same for callers of 32-bit layouts. */
int __noinline read_filled_compat_header(__u64 address)
{
	struct call_state *st = state_of(address);
	struct compat_msghdr msg;

	if (!st || read_user(&msg, sizeof(msg), (void *)st->call.msg_ptr))
		return -EFAULT;
	st->extra.out_msg_flags = msg.msg_flags;
	st->extra.out_controllen = msg.msg_controllen;
	st->extra.out_namelen = msg.msg_namelen;
	return 0;
}

/* What the kernel wrote into the msghdr and behind it. */
static __always_inline void capture_received(struct task_struct *task, struct call_state *st,
					     __s64 room)
{
	struct event_extra *extra = extra_of(st);
	long unreadable;

	if (unlikely(is_compat_layout(st)))
		unreadable = read_filled_compat_header(st->address);
	else
		unreadable = read_filled_header(st);
	if (unreadable) {
		st->call.name_source = SOURCE_FAULTED;
		st->call.control_source = SOURCE_FAULTED;
		return;
	}
	extra->present |= EXTRA_OUT_MSGHDR;
	if (st->call.msg_name_ptr) {
		extra->present |= EXTRA_OUT_NAME;
		capture_sender(st, room);
	}
	capture_received_control(task, st);
}

/* recvmsg(sockfd, msg, flags) */
static __always_inline void begin_recvmsg(struct task_struct *task, struct call_state *st,
					  const struct call_entry *entry)
{
	st->call.sockfd = entry->args[0];
	st->call.msg_ptr = entry->args[1];
	st->call.flags = entry->args[2];
	expect_nothing(st);
	st->call.msghdr_source = SOURCE_FAULTED;
	st->call.iov_source = SOURCE_FAULTED;
	barrier();
	capture_msghdr(task, st, SOURCE_ENTRY, false);
}

static __always_inline void end_recvmsg(struct task_struct *task, struct call_state *st, __s64 ret)
{
	if (unlikely(ret != -EFAULT && (st->call.msghdr_source == SOURCE_FAULTED ||
					st->call.iov_source == SOURCE_FAULTED)))
		capture_msghdr(task, st, SOURCE_EXIT, false);
	if (ret >= 0)
		capture_received(task, st, sender_room(st));
}

/* recvfrom(sockfd, buf, size, flags, addr, addrlen); recv() is the same with no
 * address. msghdr_source says whether addrlen could be read: the kernel looks
 * at it only where it puts an address, and then it writes to it.
 */
static __always_inline void begin_recvfrom(struct call_state *st, const struct call_entry *entry)
{
	expect_nothing(st);
	st->call.sockfd = entry->args[0];
	st->call.flags = entry->args[3];
	st->call.msg_name_ptr = entry->args[4];
	st->kept_ptr = entry->args[5];
	barrier();
	take_buffer(st, entry->args[1], entry->args[2]);
	if (!st->call.msg_name_ptr)
		return;
	st->call.msghdr_source = SOURCE_ENTRY;
	if (read_user(&st->call.msg_namelen, sizeof(st->call.msg_namelen), (void *)st->kept_ptr))
		st->call.msghdr_source = SOURCE_FAULTED;
}

static __always_inline void end_recvfrom(struct call_state *st, __s64 ret)
{
	struct event_extra *extra;

	if (!st->call.msg_name_ptr || ret < 0)
		return;
	extra = extra_of(st);
	if (read_user(&extra->out_namelen, sizeof(extra->out_namelen), (void *)st->kept_ptr)) {
		st->call.name_source = SOURCE_FAULTED;
		return;
	}
	if (st->call.msghdr_source == SOURCE_FAULTED)
		st->call.msghdr_source = SOURCE_EXIT;
	extra->present |= EXTRA_OUT_NAME;
	capture_sender(st, sender_room(st));
}

#endif
