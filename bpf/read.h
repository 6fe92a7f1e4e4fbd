/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reading the kernel's memory, in the three builds of the same sources.
 *
 * typed: loads through pointers whose type the verifier knows. A page that is
 * not there reads as 0; nothing is called. Needs bpf_rdonly_cast (6.2) and the
 * task as a typed pointer.
 *
 * mixed (MIXED is defined): such loads from the task on, as far as the verifier
 * knows the types by itself; all else as in the portable build. Needs the task
 * as a typed pointer, and storage with it, for programs of every kind (5.12), and
 * functions as arguments (5.13).
 *
 * portable (PORTABLE is defined): each step is a bpf_probe_read_kernel, with
 * offsets that CO-RE relocates. Needs nothing that 5.10 does not have.
 *
 *   WALK(task, a, b.c)   task->a->b.c, from a pointer that the kernel gave
 *   CAST(type, p)        any number p as a pointer that READ can follow
 *   READ(p, a, b.c)      p->a->b.c
 *   READ_WORD(p)         the 64 bits at p, whatever they belong to
 *   read_comm(dst, task) its 16 bytes of comm
 *   read_address(dst, sk, member)  an IPv6 address of the sock
 *   current_task()       the task that runs
 *   thread_number(task)  its thread id in the first PID namespace ...
 *   group_number(task)   ... and its process id
 *   cgroup_of(task)      the id of its cgroup
 */
#ifndef SENDMSGREC_READ_H
#define SENDMSGREC_READ_H

#include "core.h"
#include "event.h"

/* As in bpf_helpers.h, but for the size: as 64 bits it reaches the call in the
 * register that at_most() has bounded, while the way through 32 bits makes 5.10
 * forget the bound.
 */
static long (*read_user)(void *dst, __u64 size, const void *src) = (void *)112;
static long (*read_kernel)(void *dst, __u64 size, const void *src) = (void *)113;

#if defined(MIXED) || defined(PORTABLE)

#define READ(src, a, ...) BPF_CORE_READ(src, a, ##__VA_ARGS__)
#define CAST(type, ptr) ((type *)(ptr))

static __always_inline __u64 READ_WORD(const void *p)
{
	__u64 word = 0;

	read_kernel(&word, sizeof(word), p);
	return word;
}

#define read_address(dst, sk, member) bpf_core_read(dst, 16, &(sk)->__sk_common.member)

#else

#define READ(src, a, ...) ___arrow(src, a, ##__VA_ARGS__)
#define CAST(type, ptr) ((type *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))

/* A load through any kernel struct that begins with a 64-bit integer gives a
 * plain number, where a load through a pointer type gives a typed pointer.
 */
static __always_inline __u64 READ_WORD(const void *p)
{
	return CAST(struct timespec64, p)->tv_sec;
}

#define read_address(dst, sk, member)                                                 \
	do {                                                                          \
		const void *address_ =                                                \
			(void *)(sk) + bpf_core_field_offset(sk->__sk_common.member); \
                                                                                      \
		(dst)[0] = READ_WORD(address_);                                       \
		(dst)[1] = READ_WORD(address_ + 8);                                   \
	} while (0)

#endif

#ifdef PORTABLE

#define WALK(src, a, ...) BPF_CORE_READ(src, a, ##__VA_ARGS__)

static __always_inline void read_comm(__u64 *dst, struct task_struct *task)
{
	bpf_core_read(dst, EVENT_COMM_LEN, &task->comm);
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline bool is_current(struct task_struct *task)
{
	return (__u64)task == bpf_get_current_task();
}

/* Of the current task, which it mostly is, helpers know the numbers at a tenth
 * of the cost of a read.
 */
static __always_inline __u32 thread_number(struct task_struct *task)
{
	return is_current(task) ? bpf_get_current_pid_tgid() : READ(task, pid);
}

static __always_inline __u32 group_number(struct task_struct *task)
{
	return is_current(task) ? bpf_get_current_pid_tgid() >> 32 : READ(task, tgid);
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return is_current(task) ? bpf_get_current_cgroup_id()
				: READ(task, cgroups, dfl_cgrp, kn, id);
}

#else

#define WALK(src, a, ...) ___arrow(src, a, ##__VA_ARGS__)

/* As two words: a third of the cost of bpf_get_current_comm(). */
static __always_inline void read_comm(__u64 *dst, struct task_struct *task)
{
	const __u64 *comm = (const __u64 *)task->comm;

	dst[0] = comm[0];
	dst[1] = comm[1];
}

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

static __always_inline __u32 thread_number(struct task_struct *task)
{
	return WALK(task, pid);
}

static __always_inline __u32 group_number(struct task_struct *task)
{
	return WALK(task, tgid);
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return WALK(task, cgroups, dfl_cgrp, kn, id);
}

#endif

#endif
