/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The task that makes a call: its numbers in the recorder's PID namespace, its
 * name, credentials and namespaces.
 */
#ifndef SENDMSGREC_TASK_H
#define SENDMSGREC_TASK_H

#include "state.h"

/* The pid of p in the recorder's PID namespace, 0 when it has none there. */
static __always_inline __u32 pid_in_namespace(struct pid *p)
{
	struct upid upid;

	if (WALK(p, level) < pid_ns_level)
		return 0;
	if (read_kernel(&upid, bpf_core_type_size(struct upid),
			(void *)p + bpf_core_field_offset(struct pid, numbers) +
				pid_ns_level * bpf_core_type_size(struct upid)))
		return 0;
	if (BPF_CORE_READ(upid.ns, ns.inum) != pid_ns_inum)
		return 0;
	return upid.nr;
}

static __always_inline __u32 process_id(struct task_struct *task)
{
	if (pid_ns_level == 0)
		return group_number(task);
	return pid_in_namespace(WALK(task, group_leader, thread_pid));
}

static __always_inline __u32 thread_id(struct task_struct *task)
{
	if (pid_ns_level == 0)
		return thread_number(task);
	return pid_in_namespace(WALK(task, thread_pid));
}

/* Brings st->task up to date: the current task as it enters a call.
 *
 * Numbers and start time are kept. A state belongs to one task, whose thread_pid
 * is another one only when it was not the leader of its process and has called
 * exec: it then takes over the leader's. All else can change at any time, and
 * what it is read from can come back at the same address with other content (a
 * struct cred, a css_set, an nsproxy that was freed), so it is read each time.
 */
static __always_inline void capture_task(struct call_state *st, struct task_struct *task)
{
	__u64 thread_pid = (__u64)WALK(task, thread_pid);
	const struct cred *cred = WALK(task, cred);
	__u64 *kept = (__u64 *)st->task.comm;
	__u64 comm[EVENT_COMM_LEN / 8];

	if (unlikely(st->thread_pid != thread_pid)) {
		st->thread_pid = thread_pid;
		st->attempt.call = 0; /* of a thread that had this one's number */
		st->base = 0;
		st->task.pid = process_id(task);
		st->task.tid = thread_id(task);
		st->task.start_time_ns = WALK(task, group_leader, start_boottime);
	}
	read_comm(comm, task);
	if (unlikely(kept[0] != comm[0] || kept[1] != comm[1])) {
		kept[0] = comm[0];
		kept[1] = comm[1];
		st->base = 0;
	}
	SET(st, task.uid, WALK(cred, uid.val));
	SET(st, task.gid, WALK(cred, gid.val));
	SET(st, task.cgroup_id, cgroup_of(task));
	SET(st, task.netns, WALK(task, nsproxy, net_ns, ns.inum));
}

#endif
