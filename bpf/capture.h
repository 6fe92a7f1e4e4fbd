/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reading the msghdr in user memory, and what it points to. A part that cannot
 * be read says so in its source and stops nothing.
 */
#ifndef SENDMSGREC_CAPTURE_H
#define SENDMSGREC_CAPTURE_H

#include "state.h"

static __always_inline void capture_name(struct call_state *st, __u8 source)
{
	__s64 len = st->call.msg_namelen;

	st->name_captured = 0;
	if (!st->call.msg_name_ptr) {
		st->call.name_source = SOURCE_NULL;
		return;
	}
	if (len < 0) {
		st->call.name_source = SOURCE_INVALID;
		return;
	}
	st->call.name_source = source;
	if (len == 0)
		return;
	if (len > EVENT_NAME_MAX) {
		/* The kernel clamps to the same length. */
		st->call.name_source = SOURCE_TRUNCATED;
		len = EVENT_NAME_MAX;
	}
	at_most(len, EVENT_NAME_MAX);
	if (read_user(st->name, len, (void *)st->call.msg_name_ptr)) {
		st->call.name_source = SOURCE_FAULTED;
		return;
	}
	st->name_captured = len;
}

/* Whether what the caller's pointers point to has the 32-bit layouts: those of
 * 32-bit and of x32 callers. Their addresses and lengths have 32 bits, control
 * messages other headers, and all the rest is the same.
 */
static __always_inline bool is_compat_layout(const struct call_state *st)
{
	return st->call.abi != ABI_64;
}

/* A sum of iov_len. A length of 2^52 or more (a negative one included) makes
 * the sum of up to 1024 of them unknown, without a branch per entry. For callers
 * of 32-bit layouts those of 2^31 or more are negative.
 */
struct iov_sum {
	__u64 bytes;
	__u64 bits; /* of all lengths, ORed */
};

static __always_inline void iov_add(struct iov_sum *sum, __u64 len)
{
	sum->bytes += len;
	sum->bits |= len;
}

static __always_inline __s64 iov_total(const struct iov_sum *sum, const bool compat)
{
	return sum->bits >> (compat ? 31 : 52) ? EVENT_REQUESTED_UNKNOWN : (__s64)sum->bytes;
}

/* Reads entry i of the array. */
static __always_inline long read_iovec(struct event_iovec *dst, __u64 iov, __u32 i,
				       const bool compat)
{
	struct compat_iovec entry;

	if (!compat)
		return read_user(dst, sizeof(*dst), (void *)(iov + i * sizeof(*dst)));
	if (read_user(&entry, sizeof(entry), (void *)(iov + i * sizeof(entry))))
		return -EFAULT;
	dst->base = entry.base;
	dst->len = entry.len;
	return 0;
}

/* Bytes of one read when a long array is summed, on the stack: of the 512 that a
 * program has there with all that it calls, others take the most.
 */
#define IOV_CHUNK_SIZE 32

/* The entries of a long array that are still to be summed. */
struct iov_rest {
	__u64 iov;
	__u64 done; /* as 64 bits: of others the verifier sees each value as another state */
	__u64 count;
	struct iov_sum sum;
	__u64 unreadable;
};

static __always_inline long sum_chunk(struct iov_rest *rest, const bool compat)
{
	const __u64 entry_size = compat ? sizeof(struct compat_iovec) : sizeof(struct event_iovec);
	const __u32 entries = IOV_CHUNK_SIZE / entry_size;
	union {
		struct event_iovec native[IOV_CHUNK_SIZE / sizeof(struct event_iovec)];
		struct compat_iovec compat[IOV_CHUNK_SIZE / sizeof(struct compat_iovec)];
	} chunk;

	if (rest->done + entries > rest->count)
		return 1;
	if (read_user(&chunk, sizeof(chunk), (void *)(rest->iov + rest->done * entry_size))) {
		rest->unreadable = true;
		return 1;
	}
#pragma unroll
	for (int j = 0; j < entries; j++)
		iov_add(&rest->sum, compat ? chunk.compat[j].len : chunk.native[j].len);
	rest->done += entries;
	return 0;
}

static long sum_native_chunk(__u32 i, void *rest)
{
	return sum_chunk(rest, false);
}

static long sum_compat_chunk(__u32 i, void *rest)
{
	return sum_chunk(rest, true);
}

/* The total of entries EVENT_IOV_MAX to count - 1, at most UIO_MAXIOV in all;
 * EVENT_REQUESTED_UNKNOWN when one cannot be read.
 */
static __always_inline __s64 sum_rest(__u64 iov, __u32 count, const bool compat)
{
	const __u64 entry_size = compat ? sizeof(struct compat_iovec) : sizeof(struct event_iovec);
	const __u32 entries = IOV_CHUNK_SIZE / entry_size;
	struct iov_rest rest = { .iov = iov, .done = EVENT_IOV_MAX, .count = count };

	repeat(UIO_MAXIOV / entries, compat ? sum_compat_chunk : sum_native_chunk, &rest);
	if (rest.unreadable)
		return EVENT_REQUESTED_UNKNOWN;
	for (int i = 0; i < entries && rest.done < count; i++, rest.done++) {
		struct event_iovec entry;

		if (read_iovec(&entry, iov, rest.done, compat))
			return EVENT_REQUESTED_UNKNOWN;
		iov_add(&rest.sum, entry.len);
	}
	return iov_total(&rest.sum, compat);
}

/* Functions of their own, so that the verifier walks their loops once. */
__s64 __noinline sum_long_iov(__u64 iov, __u32 count)
{
	return sum_rest(iov, count, false);
}

__s64 __noinline sum_long_compat_iov(__u64 iov, __u32 count)
{
	return sum_rest(iov, count, true);
}

/* first is the first entry where it stands in the state already, or NULL. fresh:
 * of this call nothing has been read before.
 */
static __always_inline void capture_iov(struct call_state *st, const struct event_iovec *first,
					__u8 source, const bool compat, const bool fresh)
{
	__u64 count = st->call.msg_iovlen;
	__u64 iov = st->call.msg_iov_ptr;
	struct iov_sum sum = {};
	__s64 rest = 0;

	if (!fresh) {
		st->iov_captured = 0;
		st->requested_bytes = EVENT_REQUESTED_UNKNOWN;
	}
	if (count > UIO_MAXIOV) {
		/* EMSGSIZE: the kernel reads none of them. */
		st->call.iov_source = SOURCE_INVALID;
		return;
	}
	if (count == 0) {
		st->call.iov_source = SOURCE_NULL;
		st->requested_bytes = 0;
		return;
	}
	/* Entry by entry: a read over a page that is not there fails as a
	 * whole, and the entries before it are worth having.
	 */
	if (likely(count == 1) && first) {
		st->iov_captured = 1;
		st->call.iov_source = source;
		iov_add(&sum, first->len);
		st->requested_bytes = iov_total(&sum, compat);
		return;
	}
	for (int i = 0; i < EVENT_IOV_MAX && i < count; i++) {
		if (unlikely(read_iovec(&st->iov[i], iov, i, compat))) {
			st->call.iov_source = SOURCE_FAULTED;
			return;
		}
		st->iov_captured = i + 1;
		iov_add(&sum, st->iov[i].len);
	}
	st->call.iov_source = source;
	if (unlikely(count > EVENT_IOV_MAX)) {
		st->call.iov_source = SOURCE_TRUNCATED;
		rest = compat ? sum_long_compat_iov(iov, count) : sum_long_iov(iov, count);
		if (rest == EVENT_REQUESTED_UNKNOWN)
			return;
	}
	st->requested_bytes = iov_total(&sum, compat);
	if (st->requested_bytes != EVENT_REQUESTED_UNKNOWN)
		st->requested_bytes += rest;
}

static __always_inline void capture_control(struct task_struct *task, struct call_state *st,
					    __u8 source, const bool fresh)
{
	__u64 len = st->call.msg_controllen;
	struct control_state *control;

	if (!fresh)
		st->control_captured = 0;
	if (likely(len == 0)) {
		st->call.control_source = st->call.msg_control_ptr ? source : SOURCE_NULL;
		return;
	}
	if (len > 0x7fffffff) {
		/* ENOBUFS: above INT_MAX the kernel reads nothing. */
		st->call.control_source = SOURCE_INVALID;
		return;
	}
	control = call_control_make(task, st);
	if (!control) {
		st->call.control_source = SOURCE_UNAVAILABLE;
		return;
	}
	st->call.control_source = source;
	if (len > EVENT_CONTROL_MAX) {
		st->call.control_source = SOURCE_TRUNCATED;
		len = EVENT_CONTROL_MAX;
	}
	at_most(len, EVENT_CONTROL_MAX);
	if (read_user(control->data, len, (void *)st->call.msg_control_ptr)) {
		st->call.control_source = SOURCE_FAULTED;
		return;
	}
	st->control_captured = len;
}

static __always_inline void keep_header(struct call_state *st, __u8 source,
					const struct user_msghdr *msg)
{
	st->call.msghdr_source = source;
	st->call.msg_name_ptr = msg->msg_name;
	st->call.msg_namelen = msg->msg_namelen;
	st->call.msg_iov_ptr = msg->msg_iov;
	st->call.msg_iovlen = msg->msg_iovlen;
	st->call.msg_control_ptr = msg->msg_control;
	st->call.msg_controllen = msg->msg_controllen;
	st->call.msg_flags = msg->msg_flags;
}

/* Reads the msghdr alone: where a call returns, with less stack than below. */
static __always_inline void recapture_header(struct call_state *st, __u8 source)
{
	struct user_msghdr msg;

	if (!read_user(&msg, sizeof(msg), (void *)st->call.msg_ptr))
		keep_header(st, source, &msg);
}

/* iov_distance of a task for which the window was not readable as a whole. */
#define WINDOW_OFF (1LL << 62)

/* The window stands on the stack, where the kernel asks least of who copies from
 * user memory; memory of a map costs it a search for the slab (100 instructions
 * on 6.12, hardened usercopy). The verifier of 5.10 takes no loads from the
 * stack at an offset that varies, and before 6.3 none of what was not written.
 */
#ifdef PORTABLE
#define WINDOW(name, st) __u64 *const name = (st)->window
#elif defined(MIXED)
#define WINDOW(name, st) __u64 name[USER_WINDOW / 8] = {}
#else
#define WINDOW(name, st) __u64 name[USER_WINDOW / 8]
#endif

/* Reads the msghdr; returns its first iovec when that came along, or NULL.
 *
 * A read of user memory costs much, whatever its length, and callers mostly keep
 * msghdr and iovec side by side on the stack: so the two are read as one where
 * the task's last call had them close together, and apart when the guess was
 * wrong.
 */
static __always_inline const struct event_iovec *capture_header(struct call_state *st, __u8 source)
{
	WINDOW(window, st);
	struct event_iovec *first = NULL;
	const struct user_msghdr *msg;
	__s64 distance = st->iov_distance;
	__u64 before = 0, span = sizeof(*msg), iov_at = 0;

	if (distance & 7) {
		distance = 0;
	} else if (distance < 0 && distance >= -(__s64)(USER_WINDOW - sizeof(*msg))) {
		before = -distance;
		span = before + sizeof(*msg);
	} else if (distance >= (__s64)sizeof(*msg) &&
		   distance <= (__s64)(USER_WINDOW - sizeof(struct event_iovec))) {
		iov_at = distance;
		span = distance + sizeof(struct event_iovec);
	} else if (distance != WINDOW_OFF) {
		distance = 0;
	}
	at_most(span, USER_WINDOW);
	if (unlikely(read_user(window, span, (void *)(st->call.msg_ptr - before)))) {
		if (span == sizeof(*msg))
			return NULL;
		st->iov_distance = distance = WINDOW_OFF;
		before = 0;
		if (read_user(window, sizeof(*msg), (void *)st->call.msg_ptr))
			return NULL;
	}
	at_most(before, USER_WINDOW - sizeof(*msg));
	word_aligned(before);
	msg = (void *)window + before;
	keep_header(st, source, msg);
	if (distance == WINDOW_OFF)
		return NULL;
	if (distance && st->call.msg_iov_ptr - st->call.msg_ptr == distance) {
		at_most(iov_at, USER_WINDOW - sizeof(struct event_iovec));
		word_aligned(iov_at);
		first = &st->iov[0];
		*first = *(const struct event_iovec *)((void *)window + iov_at);
	}
	st->iov_distance = st->call.msg_iov_ptr - st->call.msg_ptr;
	return first;
}

/* The same for callers of 32-bit layouts, in functions of their own: what only
 * they need costs others no more than a branch, and the verifier walks it once.
 * Functions that it verifies by themselves take numbers only (until 5.13), so
 * they are told the address that the state is kept by, or 0, and look for it.
 */
static __always_inline struct call_state *state_of(__u64 address)
{
	if (address)
		return address_state(address);
	return task_state(current_task());
}

int __noinline capture_compat_header(__u64 address, __u32 source)
{
	struct call_state *st = state_of(address);
	struct compat_msghdr msg;

	if (!st || read_user(&msg, sizeof(msg), (void *)st->call.msg_ptr))
		return 0;
	st->call.msghdr_source = source;
	st->call.msg_name_ptr = msg.msg_name;
	st->call.msg_namelen = msg.msg_namelen;
	st->call.msg_iov_ptr = msg.msg_iov;
	st->call.msg_iovlen = msg.msg_iovlen;
	st->call.msg_control_ptr = msg.msg_control;
	st->call.msg_controllen = msg.msg_controllen;
	st->call.msg_flags = msg.msg_flags;
	return 0;
}

int __noinline capture_compat_iov(__u64 address, __u32 source)
{
	struct call_state *st = state_of(address);

	if (st)
		capture_iov(st, NULL, source, true, false);
	return 0;
}

/* Reads the msghdr and all that it points to; whatever was FAULTED before is
 * tried again, the rest is kept. When a call is fresh everything is FAULTED.
 */
static __always_inline void capture_msghdr(struct task_struct *task, struct call_state *st,
					   __u8 source, const bool fresh)
{
	const struct event_iovec *first = NULL;

	if (fresh || st->call.msghdr_source == SOURCE_FAULTED) {
		if (unlikely(is_compat_layout(st)))
			capture_compat_header(st->address, source);
		else if (fresh)
			first = capture_header(st, source);
		else
			recapture_header(st, source);
		if (unlikely(st->call.msghdr_source == SOURCE_FAULTED))
			return;
	}
	if (fresh || st->call.name_source == SOURCE_FAULTED)
		capture_name(st, source);
	if (fresh || st->call.iov_source == SOURCE_FAULTED) {
		if (unlikely(is_compat_layout(st)))
			capture_compat_iov(st->address, source);
		else
			capture_iov(st, first, source, false, fresh);
	}
	if (fresh || st->call.control_source == SOURCE_FAULTED)
		capture_control(task, st, source, fresh);
}

#endif
