/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What each call's arguments mean: what is read of them when it enters, and
 * what when it returns.
 *
 * fentry hands user pointers over as typed pointers, with which the verifier
 * allows no arithmetic: they are stored first and, behind a barrier(), loaded
 * as the numbers that they are.
 *
 * To add a call: its number in event.h, its case in the two switches below, a
 * line in each tier's list of hooks (tracepoint.bpf.c, fentry.bpf.c,
 * kprobe.bpf.c) and one in the table of calls in calls.go.
 */
#ifndef SENDMSGREC_ARGUMENTS_H
#define SENDMSGREC_ARGUMENTS_H

#include "entry.h"

/* sendmsg(sockfd, msg, flags) */
static __always_inline void enter_message(struct task_struct *task, struct call_state *st,
					  const struct call_entry *entry)
{
	st->call.sockfd = entry->args[0];
	st->call.msg_ptr = entry->args[1];
	st->call.flags = entry->args[2];
	st->call.msghdr_source = SOURCE_FAULTED;
	st->call.name_source = SOURCE_FAULTED;
	st->call.iov_source = SOURCE_FAULTED;
	st->call.control_source = SOURCE_FAULTED;
	barrier();
	capture_msghdr(task, st, SOURCE_ENTRY);
}

/* Memory that was not resident at entry has been brought in by the kernel's own
 * copy, unless the call failed for want of it.
 */
static __always_inline void exit_message(struct task_struct *task, struct call_state *st, __s64 ret)
{
	if (unlikely(ret != -EFAULT && (st->call.msghdr_source == SOURCE_FAULTED ||
					st->call.name_source == SOURCE_FAULTED ||
					st->call.iov_source == SOURCE_FAULTED ||
					st->call.control_source == SOURCE_FAULTED)))
		capture_msghdr(task, st, SOURCE_EXIT);
}

static __always_inline void read_at_entry(struct task_struct *task, struct call_state *st,
					  const struct call_entry *entry)
{
	begin_arguments(st, entry);
	switch (entry->call) {
	case CALL_SENDMSG:
		enter_message(task, st, entry);
		break;
	}
	capture_socket(task, st);
}

static __always_inline void read_at_exit(struct task_struct *task, struct call_state *st, __u8 call,
					 __s64 ret)
{
	switch (call) {
	case CALL_SENDMSG:
		exit_message(task, st, ret);
		break;
	}
	recapture_socket(task, st);
}

#endif
