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

#include "capture.h"

/* A call as its entry hook hands it over. call is a constant in each hook, so
 * that only its case is compiled there.
 */
struct call_entry {
	__u8 call;	 /* event_call */
	__u8 entry_path; /* event_entry_path */
	__u8 abi;	 /* event_abi */
	__u8 origin;	 /* event_origin */
	__u64 args[6];	 /* the system call's, in its order */
};

/* A state that says nothing yet but who called. */
static __always_inline void begin_arguments(struct call_state *st, const struct call_entry *entry)
{
	__builtin_memset(&st->call, 0, sizeof(st->call));
	st->call.call = entry->call;
	st->call.entry_path = entry->entry_path;
	st->call.abi = entry->abi;
	st->call.origin = entry->origin;
	st->requested_bytes = EVENT_REQUESTED_UNKNOWN;
	st->has_extra = 0;
	st->name_captured = 0;
	st->iov_captured = 0;
	st->control_captured = 0;
}

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
