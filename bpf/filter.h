/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which calls are recorded. Decided at entry, before anything is read. */
#ifndef SENDMSGREC_FILTER_H
#define SENDMSGREC_FILTER_H

#include "state.h"

static __always_inline bool matches_pid(__u32 pid)
{
	for (int i = 0; i < FILTER_MAX; i++)
		if (i < filter_pids && filter_pid[i] == pid)
			return true;
	return false;
}

static __always_inline bool matches_uid(__u32 uid)
{
	for (int i = 0; i < FILTER_MAX; i++)
		if (i < filter_uids && filter_uid[i] == uid)
			return true;
	return false;
}

static __always_inline bool matches_comm(void)
{
	__u64 comm[EVENT_COMM_LEN / 8] = {}; /* before 6.2 the kernel does not pad it */

	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < FILTER_MAX; i++)
		if (i < filter_comms && filter_comm[i][0] == comm[0] &&
		    filter_comm[i][1] == comm[1])
			return true;
	return false;
}

/* The task for which the filter decides. A thread of io_uring's own works for
 * its process, and is no descendant of anybody's.
 */
static __always_inline struct task_struct *submitter(struct task_struct *task)
{
	return WALK(task, flags) & PF_IO_WORKER ? WALK(task, group_leader) : task;
}

/* Kinds of filter are joined by AND, the values of one kind by OR. */
static __always_inline bool passes_filter(struct task_struct *task, __u32 pid)
{
	if (filter_pids && !matches_pid(pid))
		return false;
	if (filter_uids && !matches_uid(WALK(task, cred, uid.val)))
		return false;
	if (filter_comms && !matches_comm())
		return false;
	if (filter_root && pid != filter_root)
		return is_descendant(task);
	return true;
}

#endif
