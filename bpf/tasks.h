/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Programs that every tier has, beside those of its calls: what becomes of the
 * tasks that are recorded.
 */
#ifndef SENDMSGREC_TASKS_H
#define SENDMSGREC_TASKS_H

#include "call.h"

/* A task that ends within a call whose exit was skipped will make no other
 * call that shows it.
 */
static __always_inline int task_ends(void)
{
	struct task_struct *task = current_task();
	struct call_state *st = task_state(task);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);

	if (st && st->in_call && ring)
		lose_skipped_exit(ring, cpu, st);
	if (st)
		task_state_drop(task, st);
	/* A sender inside the kernel is kept by the address of its task, where the
	 * next task may be.
	 */
	st = address_state((__u64)task);
	if (unlikely(st)) {
		if (st->in_call && ring)
			lose_skipped_exit(ring, cpu, st);
		address_state_end((__u64)task);
	}
	unmark_descendant(task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int sched_process_exit(__u64 *ctx)
{
	return undisturbed(task_ends());
}

/* Marks the descendants of the process that is recorded. */
SEC("tp_btf/sched_process_fork")
int sched_process_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];

	if (process_id(parent) != filter_root && !is_descendant(parent))
		return 0;
	if (!mark_descendant(child)) {
		struct ring_header *ring = ring_of(bpf_get_smp_processor_id());

		if (ring)
			__sync_fetch_and_add(&ring->counters.unmarked, 1);
	}
	return 0;
}

/* Run for each task by the recorder when all else is detached: a call that has
 * not returned gets its event, without a result, where it entered.
 */
SEC("iter/task")
int in_flight(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	struct call_state *st;
	struct ring_header *ring;

	if (!task)
		return 0;
	st = task_state(task);
	if (!st || !st->in_call)
		return 0;
	ring = ring_of(st->cpu);
	if (!ring)
		return 0;
	st->in_call = 0;
	st->restarts = 0;
	st->base = 0; /* of the CPU of the call before */
	st->outcome = OUTCOME_IN_FLIGHT;
	count(ring->counters.returned);
	write_record(ring, task, st, 0, bpf_ktime_get_boot_ns());
	return 0;
}

/* Run once by the loader in its own context: how deep its PID namespace is. */
SEC("raw_tp")
int pid_namespace_level(void *ctx)
{
	return WALK(current_task(), thread_pid, level);
}

#endif
