/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What each call's arguments mean: what is read of them when it enters, and
 * what when it returns.
 *
 * fentry hands user pointers over as typed pointers, with which the verifier
 * allows no arithmetic: they are stored first and, behind a barrier(), loaded
 * as the numbers that they are.
 *
 * To add a call: its number in event.h, its case in the switches below, a line
 * in each tier's list of hooks (tracepoint.bpf.c, fentry.bpf.c, kprobe.bpf.c),
 * its numbers in other ABIs (compat.h) and one in the table of calls in calls.go.
 */
#ifndef SENDMSGREC_ARGUMENTS_H
#define SENDMSGREC_ARGUMENTS_H

#include "receive.h"
#include "send.h"
#include "vector.h"

static __always_inline void read_at_entry(struct task_struct *task, struct call_state *st,
					  const struct call_entry *entry)
{
	begin_arguments(st, entry);
	switch (entry->call) {
	case CALL_SENDMSG:
		begin_sendmsg(task, st, entry);
		break;
	case CALL_SENDTO:
		begin_sendto(st, entry);
		break;
	case CALL_SENDFILE:
		begin_sendfile(st, entry);
		break;
	case CALL_RECVMSG:
		begin_recvmsg(task, st, entry);
		break;
	case CALL_RECVFROM:
		begin_recvfrom(st, entry);
		break;
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
		begin_vector(st, entry);
		break;
	}
	capture_socket(task, st);
}

static __always_inline void read_at_exit(struct task_struct *task, struct call_state *st, __u8 call,
					 __s64 ret)
{
	switch (call) {
	case CALL_SENDMSG:
		end_sendmsg(task, st, ret);
		break;
	case CALL_SENDTO:
		end_sendto(st, ret);
		break;
	case CALL_RECVMSG:
		end_recvmsg(task, st, ret);
		break;
	case CALL_RECVFROM:
		end_recvfrom(st, ret);
		break;
	}
	recapture_socket(task, st);
}

/* Writes the events of a call that has returned. */
static __always_inline void write_events(struct ring_header *ring, struct task_struct *task,
					 struct call_state *st, __u8 call, __s64 ret, __u64 now)
{
	switch (call) {
	case CALL_SENDMMSG:
	case CALL_RECVMMSG:
		write_vector(ring, task, st, ret, now);
		break;
	default:
		write_record(ring, task, st, ret, now);
	}
}

#endif
