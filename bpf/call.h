/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The core that the hooks of every tier run: call_enter() when a call enters
 * and call_exit() when it returns.
 *
 * Entry reads user memory and the socket into the task's state; exit adds the
 * result and writes one record into its CPU's ring. Every call that passes the
 * filter takes a number (counters.seq) where it ends.
 */
#ifndef SENDMSGREC_CALL_H
#define SENDMSGREC_CALL_H

#include "arguments.h"
#include "filter.h"

/* Moves the account of a call that entered on another CPU to this one. */
static __always_inline void move_account(struct counters *here, __u32 cpu, __u32 entry_cpu)
{
	struct ring_header *there;

	if (likely(cpu == entry_cpu))
		return;
	there = ring_of(entry_cpu);
	if (!there)
		return;
	count(here->moved_in);
	__sync_fetch_and_add(&there->counters.moved_out, 1);
}

/* The exit program of the task's last call was not run by the kernel. */
static __always_inline void lose_skipped_exit(struct ring_header *ring, __u32 cpu,
					      struct call_state *st)
{
	st->in_call = 0;
	move_account(&ring->counters, cpu, st->cpu);
	count(ring->counters.returned);
	if (!lane_lock(ring))
		return;
	lane_number(ring);
	ring->counters.lost_skipped_exit++;
	lane_unlock(ring);
}

static __always_inline void lose_no_state(struct ring_header *ring)
{
	if (!lane_lock(ring)) {
		/* Given up like a call that returns. */
		count(ring->counters.returned);
		return;
	}
	lane_number(ring);
	ring->counters.lost_no_state++;
	lane_unlock(ring);
}

/* Accounts a call that enters; whether it is to be recorded. */
static __always_inline bool admit(struct ring_header *ring, struct task_struct *task)
{
	__u32 pid = process_id(task);

	if (unlikely(self_test)) {
		if (pid != self_pid)
			return false;
	} else if (pid == self_pid) {
		count(ring->counters.self);
		return false;
	}
	count(ring->counters.entered);
	if (pid != self_pid && !passes_filter(task, pid)) {
		count(ring->counters.filtered);
		return false;
	}
	return true;
}

/* The task's state to keep a call in that enters, or NULL when it is not
 * recorded.
 */
static __always_inline struct call_state *account_entry(struct ring_header *ring,
							struct task_struct *task, __u32 cpu)
{
	struct call_state *st;

	if (!admit(ring, task))
		return NULL;
	st = task_state_make(task);
	if (unlikely(!st)) {
		lose_no_state(ring);
		return NULL;
	}
	if (unlikely(st->in_call))
		lose_skipped_exit(ring, cpu, st);
	return st;
}

static __always_inline int call_enter(struct task_struct *task, const struct call_entry *entry)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	struct call_state *st;

	if (!ring)
		return 0;
	st = account_entry(ring, task, cpu);
	if (!st)
		return 0;
	st->cpu = cpu;
	st->outcome = OUTCOME_RETURNED;
	st->argument = entry->args[1];
	capture_task(st, task);
	read_at_entry(task, st, entry);
	link_attempt(st);
	st->in_call = entry->call;
	/* Last, so that the duration is the call's and not ours. */
	st->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* The state of a call that will enter again is kept for it. */
static __always_inline void call_end(struct task_struct *task, struct call_state *st)
{
	if (likely(!st->attempt.call))
		task_state_end(task, st);
}

static __always_inline int call_exit(struct task_struct *task, __u8 call, __s64 ret)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct call_state *st = task_state(task);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);

	if (!ring)
		return 0;
	if (!st || st->in_call != call) {
		__u32 pid = process_id(task);

		if (pid != self_pid && passes_filter(task, pid))
			count(ring->counters.under_way);
		return 0;
	}
	st->in_call = 0;
	move_account(&ring->counters, cpu, st->cpu);
	count(ring->counters.returned);
	judge_interruption(st, ret);
	read_at_exit(task, st, call, ret);
	write_events(ring, task, st, call, ret, now);
	call_end(task, st);
	return 0;
}

#endif
