/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Calls that a signal interrupts. One that has moved nothing returns
 * -ERESTART*, which its caller never sees: the kernel makes it enter again, or
 * turns the result into -EINTR, or the task dies. Which of them is known when
 * the call returns, from the signals that are pending.
 */
#ifndef SENDMSGREC_RESTART_H
#define SENDMSGREC_RESTART_H

#include "entry.h"

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

#define SIGNAL(n) (1ULL << ((n)-1))
#define SIGKILL 9
#define SIG_DFL 0
#define SIG_IGN 1
#define SA_RESTART 0x10000000

/* By default, these are ignored (CHLD, CONT, URG, WINCH) or stop the process
 * (STOP, TSTP, TTIN, TTOU); the others end it. The numbers are those of x86 and
 * arm64.
 */
#define SURVIVED                                                                       \
	(SIGNAL(17) | SIGNAL(18) | SIGNAL(23) | SIGNAL(28) | SIGNAL(19) | SIGNAL(20) | \
	 SIGNAL(21) | SIGNAL(22))

enum interruption { INTERRUPTED = 0, RESTARTED = 1, KILLED = 2 };

/* How many signals are looked at. Few that are pending do nothing to the call:
 * one that is ignored is queued only while the process is traced or blocks it.
 */
#define SIGNALS_TRIED 16

/* The signals of a thread and of its process that are still to be looked at. */
struct signals {
	__u64 sighand;
	__u64 own;
	__u64 shared;
	__u32 error;
	__u32 interruption;
};

/* What the next signal does to the call; 0 when nothing. The kernel takes those of
 * the thread before those of the process.
 */
static long act_on_next(__u32 i, void *context)
{
	struct signals *set = context;
	__u64 first = set->own ? set->own & -set->own : set->shared & -set->shared;
	struct {
		__u64 handler;
		__u64 flags;
	} action = {};
	void *at;

	if (!first)
		return 1;
	set->own &= ~first;
	set->shared &= ~first;
	at = (void *)set->sighand + bpf_core_field_offset(struct sighand_struct, action) +
	     __builtin_popcountll(first - 1) * bpf_core_type_size(struct k_sigaction);
	bpf_probe_read_kernel(&action.handler, sizeof(action.handler),
			      at + bpf_core_field_offset(struct k_sigaction, sa.sa_handler));
	bpf_probe_read_kernel(&action.flags, sizeof(action.flags),
			      at + bpf_core_field_offset(struct k_sigaction, sa.sa_flags));
	if (action.handler == SIG_IGN)
		return 0;
	if (action.handler == SIG_DFL) {
		if (SURVIVED & first)
			return 0;
		set->interruption = KILLED;
		return 1;
	}
	if (set->error == ERESTARTNOINTR ||
	    (set->error == ERESTARTSYS && action.flags & SA_RESTART))
		return 1;
	set->interruption = INTERRUPTED;
	return 1;
}

/* What becomes of the current task's call that returns -error. None that has a
 * handler means that the call enters again. A function of its own, so that the
 * verifier walks it once.
 */
int __noinline interruption_of(__u32 error)
{
	struct task_struct *task = current_task();
	__u64 blocked = WALK(task, blocked.sig[0]);
	struct signals set = {
		.own = WALK(task, pending.signal.sig[0]),
		.shared = WALK(task, signal, shared_pending.signal.sig[0]) & ~blocked,
		.error = error,
		.interruption = RESTARTED,
	};

	if (set.own & SIGNAL(SIGKILL))
		return KILLED;
	/* Read as a number: to a pointer 6.1 allows no sum with one that it has not
	 * bounded.
	 */
	bpf_core_read(&set.sighand, sizeof(set.sighand), &task->sighand);
	set.own &= ~blocked;
	repeat(SIGNALS_TRIED, act_on_next, &set);
	return set.interruption;
}

/* When a call returns: whether it was killed, or will enter again. */
static __always_inline void judge_interruption(struct call_state *st, __s64 ret)
{
	__u32 found;

	st->restarts = 0;
	if (likely(ret > -ERESTARTSYS || ret < -ERESTART_RESTARTBLOCK))
		return;
	if (ret != -ERESTARTSYS && ret != -ERESTARTNOINTR && ret != -ERESTARTNOHAND &&
	    ret != -ERESTART_RESTARTBLOCK)
		return;
	found = interruption_of(-ret);
	if (found == KILLED)
		st->outcome = OUTCOME_KILLED;
	st->restarts = found == RESTARTED;
}

/* The attempt's event has this number. The attempts of a call name the first. */
static __always_inline void keep_attempt(struct call_state *st, __u64 seq, __u32 cpu)
{
	st->attempt.call = st->call.call;
	st->attempt.sockfd = st->call.sockfd;
	st->attempt.argument = st->argument;
	if (st->has_extra && st->extra.present & EXTRA_ATTEMPT) {
		st->attempt.of = st->extra.attempt_of;
		st->attempt.of_cpu = st->extra.attempt_of_cpu;
	} else {
		st->attempt.of = seq;
		st->attempt.of_cpu = cpu;
	}
}

/* When a call enters: whether it is the one that was to enter again. The signal
 * handler's own calls come in between; they are others.
 */
static __always_inline void link_attempt(struct call_state *st)
{
	struct event_extra *extra;

	if (likely(!st->attempt.call))
		return;
	if (st->attempt.call != st->call.call || st->attempt.sockfd != st->call.sockfd ||
	    st->attempt.argument != st->argument)
		return;
	st->attempt.call = 0;
	extra = extra_of(st);
	extra->present |= EXTRA_ATTEMPT;
	extra->attempt_of = st->attempt.of;
	extra->attempt_of_cpu = st->attempt.of_cpu;
}

#endif
