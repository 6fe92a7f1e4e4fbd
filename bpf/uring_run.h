/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Where functions can be hooked: when a request to io_uring is executed, and by
 * whom. Before it completes it may be executed more than once: without waiting,
 * and when the socket has room or in a worker thread.
 */
#ifndef SENDMSGREC_URING_RUN_H
#define SENDMSGREC_URING_RUN_H

#include "uring.h"

#define ECANCELED 125

/* By thread id of the first PID namespace: the request that the thread executes. */
#define RUNNING_MAX 4096

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, ADDRESS_FLAGS);
	__uint(max_entries, RUNNING_MAX);
	__type(key, __u32);
	__type(value, __u64);
} running_requests SEC(".maps");

/* io_sendmsg(req, issue_flags), io_sendmsg_zc(the same) */
static __always_inline int request_run(struct io_kiocb *req)
{
	struct task_struct *task = current_task();
	struct call_state *st = address_state((__u64)req);
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 request = (__u64)req;
	__u32 tid = thread_number(task), by;

	if (!st || !st->in_call)
		return 0;
	if (!(st->extra.present & EXTRA_IO_EXEC)) {
		st->extra.present |= EXTRA_IO_EXEC;
		st->extra.io_queue_ns = now - st->time_ns;
	}
	by = thread_id(task);
	st->extra.io_worker_tid = by == st->task.tid ? 0 : by;
	st->run_ns = now;
	bpf_map_update_elem(&running_requests, &tid, &request, BPF_ANY);
	return 0;
}

/* The same functions return: 0 when the request is done, an error else. Who asked
 * for silence gets a completion only of what failed, and the flag is gone then.
 */
static __always_inline int request_ran(__s32 ret)
{
	struct task_struct *task = current_task();
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 tid = thread_number(task);
	__u64 *running = bpf_map_lookup_elem(&running_requests, &tid);
	struct call_state *st;
	struct io_kiocb *req;
	__u64 request;

	if (!running)
		return 0;
	request = *running;
	bpf_map_delete_elem(&running_requests, &tid);
	st = address_state(request);
	if (!st || !st->in_call)
		return 0;
	st->extra.io_exec_ns += now - st->run_ns;
	st->ran = ret == 0;
	req = CAST(struct io_kiocb, (void *)request);
	if (bpf_core_field_exists(req->cqe) && ret == 0 && st->silent &&
	    READ(req, flags) & REQ_F_CQE_SKIP)
		return request_complete(req, READ(req, cqe.res));
	return 0;
}

/* 5.10, whose tracepoint of completions does not say which request: where one is
 * given back, and, if its completion was posted at once, where that was done.
 * What was not executed to its end was cancelled.
 */
static __always_inline int request_freed(struct io_kiocb *req)
{
	struct call_state *st = address_state((__u64)req);
	struct io_kiocb___5_10 *old = (void *)req;

	if (!st)
		return 0;
	return request_complete(req, st->ran ? BPF_CORE_READ(old, result) : -ECANCELED);
}

#endif
