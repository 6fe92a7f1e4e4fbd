/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reading the kernel's memory, in the two builds of the same sources.
 *
 * typed: loads through pointers whose type the verifier knows. A page that is
 * not there reads as 0; nothing is called. Needs bpf_rdonly_cast (6.2) and the
 * task as a typed pointer.
 *
 * portable (PORTABLE is defined): each step is a bpf_probe_read_kernel, with
 * offsets that CO-RE relocates. Needs nothing that 5.10 does not have.
 *
 *   READ(p, a, b.c)      p->a->b.c
 *   CAST(type, p)        p as a pointer that READ can follow
 *   READ_WORD(p)         the 64 bits at p, whatever they belong to
 *   read_comm(dst, task) its 16 bytes of comm
 *   current_task()       the task that runs
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

#ifdef PORTABLE

#define READ(src, a, ...) BPF_CORE_READ(src, a, ##__VA_ARGS__)
#define CAST(type, ptr) ((type *)(ptr))

static __always_inline __u64 READ_WORD(const void *p)
{
	__u64 word = 0;

	read_kernel(&word, sizeof(word), p);
	return word;
}

static __always_inline void read_comm(char *dst, struct task_struct *task)
{
	bpf_core_read(dst, EVENT_COMM_LEN, &task->comm);
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

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

/* As two words: a third of the cost of bpf_get_current_comm(). */
static __always_inline void read_comm(char *dst, struct task_struct *task)
{
	const __u64 *comm = (const __u64 *)task->comm;

	((__u64 *)dst)[0] = comm[0];
	((__u64 *)dst)[1] = comm[1];
}

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

#endif

#endif
