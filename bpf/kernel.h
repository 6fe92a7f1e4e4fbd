/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Senders inside the kernel, where functions can be hooked: what enters by a
 * function that only the kernel calls, and not within a user's call or request.
 * Such a call is kept by the address of its task, whose own state may be that of
 * a system call. A sender within it is a part of it.
 *
 * Of the kernel's addresses none is recorded: they would tell where the kernel
 * is in memory.
 */
#ifndef SENDMSGREC_KERNEL_H
#define SENDMSGREC_KERNEL_H

#include "tasks.h"
#include "uring_run.h"

/* Counts calls during the self test, which makes none of these: a function that
 * is hit by the recorder's own system calls is not only the kernel's.
 */
volatile __u32 kernel_self_hits = 0;

static __always_inline void capture_kernel_name(struct call_state *st, struct msghdr *msg)
{
	__u64 name = (__u64)READ(msg, msg_name);
	__s64 len = READ(msg, msg_namelen);

	st->call.msg_namelen = len;
	st->call.name_source = SOURCE_NULL;
	if (!name)
		return;
	if (len < 0) {
		st->call.name_source = SOURCE_INVALID;
		return;
	}
	st->call.name_source = SOURCE_KERNEL_COPY;
	at_most(len, EVENT_NAME_MAX);
	if (len && read_kernel(st->name, len, (void *)name))
		st->call.name_source = SOURCE_FAULTED;
	else
		st->name_captured = len;
}

static __always_inline void capture_kernel_control(struct task_struct *task, struct call_state *st,
						   struct msghdr *msg)
{
	__u64 len = READ(msg, msg_controllen);
	struct control_state *control;

	st->call.msg_controllen = len;
	st->call.control_source = SOURCE_NULL;
	if (!len)
		return;
	st->call.control_source = SOURCE_UNAVAILABLE;
	control = call_control_make(task, st);
	if (!control)
		return;
	st->call.control_source = len > EVENT_CONTROL_MAX ? SOURCE_TRUNCATED : SOURCE_KERNEL_COPY;
	at_most(len, EVENT_CONTROL_MAX);
	if (read_kernel(control->data, len, (void *)READ(msg, msg_control)))
		st->call.control_source = SOURCE_FAULTED;
	else
		st->control_captured = len;
}

/* Whether the iterator is an array of kvec or bio_vec. Both have their length in
 * the 32 bits at the same place, for no message is as long as 4 GiB.
 */
static __always_inline bool is_vector(struct iov_iter *iter)
{
	struct iov_iter___5_10 *old = (void *)iter;
	__u32 type;

	if (bpf_core_field_exists(iter->iter_type))
		type = READ(iter, iter_type);
	else
		type = BPF_CORE_READ(old, type) & ~1; /* of the lowest bit is the direction */
	return type == bpf_core_enum_value(enum iter_type, ITER_KVEC) ||
	       type == bpf_core_enum_value(enum iter_type, ITER_BVEC);
}

struct kernel_vector {
	__u64 base;
	__u32 len;
	__u32 offset;
};

static __always_inline void capture_kernel_iov(struct call_state *st, struct msghdr *msg)
{
	struct iov_iter *iter = (void *)msg + bpf_core_field_offset(struct msghdr, msg_iter);
	struct kernel_vector vector;
	__u64 array, segments;

	iter = CAST(struct iov_iter, iter);
	segments = READ(iter, nr_segs);
	st->requested_bytes = READ(iter, count);
	st->call.iov_source = SOURCE_UNAVAILABLE;
	if (!is_vector(iter))
		return;
	array = (__u64)READ(iter, kvec);
	st->call.msg_iovlen = segments;
	st->call.iov_source = segments > EVENT_IOV_MAX ? SOURCE_TRUNCATED : SOURCE_KERNEL_COPY;
	for (int i = 0; i < EVENT_IOV_MAX && i < segments; i++) {
		if (read_kernel(&vector, sizeof(vector), (void *)(array + i * sizeof(vector)))) {
			st->call.iov_source = SOURCE_FAULTED;
			return;
		}
		st->iov[i].base = 0;
		st->iov[i].len = vector.len;
		st->iov_captured = i + 1;
	}
}

static __always_inline void capture_kernel_socket(struct call_state *st, struct socket *socket)
{
	struct socket_alloc *alloc = CAST(struct socket_alloc, socket);
	struct sock *sk = READ(alloc, socket.sk);

	capture_file(st, 0);
	if (sk)
		capture_sock(st, sk, READ(alloc, vfs_inode.i_ino));
}

/* Whether the thread executes a request to io_uring. One that has its event is
 * over, whatever the thread was last seen to execute.
 */
static __always_inline bool within_request(struct task_struct *task)
{
	__u32 tid = thread_number(task);
	__u64 *running = bpf_map_lookup_elem(&running_requests, &tid);
	struct call_state *st;

	if (likely(!running))
		return false;
	st = address_state(*running);
	return st && st->in_call;
}

/* Whether the task is within a call that has an event of its own. */
static __always_inline bool within_call(struct task_struct *task)
{
	struct call_state *st = task_state(task);

	return (st && st->in_call) || within_request(task);
}

/* Whether the task's sender is still under way, where one enters at this depth of
 * its stack: a sender within it enters deeper. One as high or higher has come when
 * the first was gone, whose exit the kernel has not shown.
 */
static __always_inline bool is_around(const struct call_state *st, __u64 depth)
{
	return depth < st->depth;
}

/* depth is an address on the task's stack, which grows downwards. */
static __always_inline int kernel_enter(__u64 socket, __u64 message, __u64 depth)
{
	struct task_struct *task = current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	struct msghdr *msg = CAST(struct msghdr, (void *)message);
	struct call_entry entry = {
		.call = CALL_SENDMSG,
		.entry_path = ENTRY_KERNEL,
		.abi = ABI_64,
		.origin = ORIGIN_KERNEL,
	};
	struct call_state *st;

	if (!ring)
		return 0;
	if (unlikely(self_test)) {
		if (process_id(task) == self_pid)
			kernel_self_hits = 1;
		return 0;
	}
	if (within_call(task))
		return 0;
	st = address_state((__u64)task);
	if (unlikely(st && st->in_call)) {
		if (is_around(st, depth)) {
			st->nested++;
			return 0;
		}
		lose_skipped_exit(ring, cpu, st);
	}
	if (!admit(ring, task))
		return 0;
	st = address_state_make((__u64)task);
	if (unlikely(!st)) {
		lose_no_state(ring);
		return 0;
	}
	st->cpu = cpu;
	st->depth = depth;
	st->outcome = OUTCOME_RETURNED;
	begin_arguments(st, &entry);
	st->call.sockfd = -1;
	st->call.msghdr_source = SOURCE_KERNEL_COPY;
	st->call.flags = READ(msg, msg_flags);
	st->call.msg_flags = st->call.flags;
	capture_kernel_name(st, msg);
	capture_kernel_iov(st, msg);
	capture_kernel_control(task, st, msg);
	capture_kernel_socket(st, CAST(struct socket, (void *)socket));
	capture_task(st, task);
	st->in_call = CALL_SENDMSG;
	st->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

static __always_inline int kernel_exit(__s32 ret)
{
	struct task_struct *task = current_task();
	__u64 now = bpf_ktime_get_boot_ns();
	struct call_state *st = address_state((__u64)task);

	if (!st || !st->in_call)
		return 0;
	if (st->nested) {
		st->nested--;
		return 0;
	}
	return write_request((__u64)task, ret, now);
}

#endif
