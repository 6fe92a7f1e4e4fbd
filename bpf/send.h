/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Calls that send one message: what is read of their arguments when they enter,
 * and what when they return.
 */
#ifndef SENDMSGREC_SEND_H
#define SENDMSGREC_SEND_H

#include "entry.h"

/* Where the four parts of a message come from, as one word: it is set and asked
 * in each call.
 */
static __always_inline __u32 *message_sources(struct call_state *st)
{
	return (__u32 *)&st->call.msghdr_source;
}

#define EACH_PART(source) ((source)*0x01010101U)

_Static_assert(__builtin_offsetof(struct event_call_args, msghdr_source) % 4 == 0 &&
		       __builtin_offsetof(struct event_call_args, socket_source) ==
			       __builtin_offsetof(struct event_call_args, msghdr_source) + 4,
	       "message_sources()");

/* Everything behind the msghdr is still to be read. */
static __always_inline void expect_message(struct call_state *st)
{
	*message_sources(st) = EACH_PART(SOURCE_FAULTED);
}

/* A call without a msghdr has nothing behind one. */
static __always_inline void expect_nothing(struct call_state *st)
{
	*message_sources(st) = EACH_PART(SOURCE_NULL);
}

/* Whether a part may be SOURCE_FAULTED, which is a bit that parts which were read
 * and are whole do not have.
 */
static __always_inline bool may_be_unread(struct call_state *st)
{
	return *message_sources(st) & EACH_PART(SOURCE_FAULTED);
}

_Static_assert(!((SOURCE_ENTRY | SOURCE_KERNEL_COPY | SOURCE_EXIT | SOURCE_NULL) & SOURCE_FAULTED),
	       "may_be_unread()");

static __always_inline void request_bytes(struct call_state *st, __u64 len)
{
	struct iov_sum sum = {};

	iov_add(&sum, len);
	st->requested_bytes = iov_total(&sum, false);
}

/* The one buffer of sendto and recvfrom. */
static __always_inline void take_buffer(struct call_state *st, __u64 base, __u64 len)
{
	st->iov[0].base = base;
	st->iov[0].len = len;
	st->iov_captured = 1;
	st->call.iov_source = SOURCE_ENTRY;
	request_bytes(st, len);
}

/* sendmsg(sockfd, msg, flags) */
static __always_inline void begin_sendmsg(struct task_struct *task, struct call_state *st,
					  const struct call_entry *entry)
{
	st->call.sockfd = entry->args[0];
	st->call.msg_ptr = entry->args[1];
	st->call.flags = entry->args[2];
	expect_message(st);
	barrier();
	capture_msghdr(task, st, SOURCE_ENTRY, true);
}

/* Memory that was not resident at entry has been brought in by the kernel's own
 * copy, unless the call failed for want of it.
 */
static __always_inline void end_sendmsg(struct task_struct *task, struct call_state *st, __s64 ret)
{
	if (unlikely(may_be_unread(st)) && ret != -EFAULT)
		capture_msghdr(task, st, SOURCE_EXIT, false);
}

/* Unlike sendmsg, sendto takes no address that is longer than a
 * sockaddr_storage.
 */
static __always_inline void capture_destination(struct call_state *st, __u8 source)
{
	if (st->call.msg_name_ptr && st->call.msg_namelen > EVENT_NAME_MAX)
		st->call.name_source = SOURCE_INVALID;
	else
		capture_name(st, source);
}

/* sendto(sockfd, buf, len, flags, addr, addrlen); send() is the same with no
 * address.
 */
static __always_inline void begin_sendto(struct call_state *st, const struct call_entry *entry)
{
	expect_nothing(st);
	st->call.sockfd = entry->args[0];
	st->call.flags = entry->args[3];
	st->call.msg_name_ptr = entry->args[4];
	st->call.msg_namelen = entry->args[5];
	take_buffer(st, entry->args[1], entry->args[2]);
	barrier();
	capture_destination(st, SOURCE_ENTRY);
}

static __always_inline void end_sendto(struct call_state *st, __s64 ret)
{
	if (unlikely(st->call.name_source == SOURCE_FAULTED && ret != -EFAULT))
		capture_destination(st, SOURCE_EXIT);
}

/* sendfile(out_fd, in_fd, offset, count) */
static __always_inline void begin_sendfile(struct call_state *st, const struct call_entry *entry)
{
	struct event_extra *extra = extra_of(st);

	expect_nothing(st);
	st->call.sockfd = entry->args[0];
	request_bytes(st, entry->args[3]);
	extra->present = EXTRA_FILE;
	extra->in_fd = entry->args[1];
	extra->offset_ptr = entry->args[2];
	if (!extra->offset_ptr)
		return;
	if (unlikely(entry->offset32)) {
		__s32 offset;

		if (read_user(&offset, sizeof(offset), (void *)extra->offset_ptr))
			return;
		extra->offset = offset;
	} else if (read_user(&extra->offset, sizeof(extra->offset), (void *)extra->offset_ptr)) {
		return;
	}
	extra->present |= EXTRA_OFFSET;
}

#endif
