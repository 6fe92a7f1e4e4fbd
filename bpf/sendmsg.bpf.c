//go:build ignore

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The tracepoint tier: syscalls:sys_enter_sendmsg and sys_exit_sendmsg.
 *
 * Entry reads user memory and the socket into the task's storage; exit adds
 * the result and writes one record into its CPU's ring. Every call that passes
 * the filter takes a number (counters.seq) where it ends, before anything can
 * be lost, so that a missing number is a lost event.
 */
#include "capture.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
	__u64 comm[EVENT_COMM_LEN / 8];

	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < FILTER_MAX; i++)
		if (i < filter_comms && filter_comm[i][0] == comm[0] &&
		    filter_comm[i][1] == comm[1])
			return true;
	return false;
}

/* Kinds of filter are joined by AND, the values of one kind by OR. */
static __always_inline bool passes_filter(struct task_struct *task, __u32 pid)
{
	if (filter_pids && !matches_pid(pid))
		return false;
	if (filter_uids && !matches_uid(task->cred->uid.val))
		return false;
	if (filter_comms && !matches_comm())
		return false;
	if (filter_root && pid != filter_root) {
		struct call_state *st = bpf_task_storage_get(&call_states, task, NULL, 0);

		return st && st->descendant;
	}
	return true;
}

/* Moves the account of a call that entered on another CPU to this one. */
static __always_inline void move_account(struct counters *here, __u32 cpu, __u32 entry_cpu)
{
	struct ring_header *there;

	if (likely(cpu == entry_cpu))
		return;
	there = ring_of(entry_cpu);
	if (!there)
		return;
	here->moved_in++;
	__sync_fetch_and_add(&there->counters.moved_out, 1);
}

/* The exit program of the task's last call was not run by the kernel. */
static __always_inline void lose_skipped_exit(struct counters *counters, __u32 cpu,
					      struct call_state *st)
{
	st->in_call = 0;
	move_account(counters, cpu, st->cpu);
	counters->returned++;
	counters->seq++;
	counters->lost_skipped_exit++;
}

SEC("tracepoint/syscalls/sys_enter_sendmsg")
int sys_enter_sendmsg(struct sys_enter_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	struct call_state *st;
	__u32 pid;

	if (!ring)
		return 0;
	pid = process_id(task);
	if (pid == self_pid) {
		ring->counters.self++;
		return 0;
	}
	ring->counters.entered++;
	if (!passes_filter(task, pid)) {
		ring->counters.filtered++;
		return 0;
	}
	st = bpf_task_storage_get(&call_states, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (unlikely(!st)) {
		ring->counters.seq++;
		ring->counters.lost_no_state++;
		return 0;
	}
	if (unlikely(st->in_call))
		lose_skipped_exit(&ring->counters, cpu, st);

	st->cpu = cpu;
	__builtin_memset(&st->call, 0, sizeof(st->call));
	st->call.call = CALL_SENDMSG;
	st->call.entry_path = ENTRY_SYSCALL;
	st->call.abi = ABI_64;
	st->call.origin = ORIGIN_USER;
	st->call.sockfd = ctx->args[0];
	st->call.msg_ptr = ctx->args[1];
	st->call.flags = ctx->args[2];
	st->call.msghdr_source = SOURCE_FAULTED;
	st->call.name_source = SOURCE_FAULTED;
	st->call.iov_source = SOURCE_FAULTED;
	st->call.control_source = SOURCE_FAULTED;
	st->requested_bytes = EVENT_REQUESTED_UNKNOWN;
	st->name_captured = 0;
	st->iov_captured = 0;
	st->control_captured = 0;
	capture_msghdr(task, st, SOURCE_ENTRY);
	capture_socket(task, st);
	st->in_call = 1;
	/* Last, so that the duration is the call's and not ours. */
	st->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* Copies len bytes, at most max, behind the record's first offset bytes. */
static __always_inline __u64 put(void *record, __u64 offset, const void *src, __u64 len,
				 const __u64 max)
{
	if (len == 0)
		return offset;
	barrier_var(len);
	if (len < 1 || len > max)
		return offset;
	barrier_var(offset);
	if (offset > RING_SLACK - max)
		return offset;
	bpf_probe_read_kernel(record + offset, len, src);
	return offset + EVENT_ALIGN(len);
}

static __always_inline void write_record(struct task_struct *task, struct call_state *st,
					 struct event *event, struct control_state *control)
{
	__u64 offset = sizeof(*event);

	capture_task(&event->task, task);
	event->call = st->call;
	event->socket = st->socket;
	event->time_ns = st->time_ns;
	event->requested_bytes = st->requested_bytes;
	event->sndbuf_used = st->sndbuf_used;
	event->control_captured = st->control_captured;
	event->name_captured = st->name_captured;
	event->iov_captured = st->iov_captured;
	event->local_path_len = st->local_path_len;
	event->remote_path_len = st->remote_path_len;
	if (likely(st->iov_captured == 1)) {
		*(struct event_iovec *)(event + 1) = st->iov[0];
		offset += sizeof(struct event_iovec);
	} else {
		offset = put(event, offset, st->iov, st->iov_captured * sizeof(struct event_iovec),
			     sizeof(st->iov));
	}
	offset = put(event, offset, st->name, st->name_captured, sizeof(st->name));
	if (control)
		offset = put(event, offset, control->data, st->control_captured,
			     sizeof(control->data));
	offset = put(event, offset, st->local_path, st->local_path_len, EVENT_PATH_MAX);
	put(event, offset, st->remote_path, st->remote_path_len, EVENT_PATH_MAX);
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int sys_exit_sendmsg(struct sys_exit_args *ctx)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_state *st = bpf_task_storage_get(&call_states, task, NULL, 0);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	struct control_state *control = NULL;
	struct event *event;
	__u64 size, seq;

	if (!ring)
		return 0;
	if (!st || !st->in_call) {
		__u32 pid = process_id(task);

		if (pid != self_pid && passes_filter(task, pid))
			ring->counters.under_way++;
		return 0;
	}
	st->in_call = 0;
	move_account(&ring->counters, cpu, st->cpu);
	ring->counters.returned++;
	seq = ring->counters.seq++;

	/* Memory that was not resident at entry has been brought in by the
	 * kernel's own copy, unless the call failed for want of it.
	 */
	if (unlikely(ctx->ret != -EFAULT && (st->call.msghdr_source == SOURCE_FAULTED ||
					     st->call.name_source == SOURCE_FAULTED ||
					     st->call.iov_source == SOURCE_FAULTED ||
					     st->call.control_source == SOURCE_FAULTED)))
		capture_msghdr(task, st, SOURCE_EXIT);

	if (unlikely(!same_file(task, st))) {
		st->call.socket_source = SOURCE_RACED;
	} else if (st->sk && st->socket.local_port == 0 &&
		   (st->socket.family == AF_INET || st->socket.family == AF_INET6)) {
		/* The call itself may have bound or connected it. */
		capture_inet(&st->socket, cast_to(struct sock, (void *)st->sk));
	}

	if (unlikely(st->control_captured)) {
		control = bpf_task_storage_get(&control_states, task, NULL, 0);
		if (!control)
			st->control_captured = 0;
	}
	size = sizeof(*event) + st->iov_captured * sizeof(struct event_iovec) +
	       EVENT_ALIGN(st->name_captured) + EVENT_ALIGN(st->control_captured) +
	       EVENT_ALIGN(st->local_path_len) + EVENT_ALIGN(st->remote_path_len);
	event = ring_reserve(ring, size);
	if (unlikely(!event)) {
		ring->counters.lost_ring_full++;
		return 0;
	}
	event->size = size;
	event->seq = seq;
	event->duration_ns = now - st->time_ns;
	event->ret = ctx->ret;
	write_record(task, st, event, control);
	ring_commit(ring, size);
	return 0;
}

/* A task that ends within a call whose exit was skipped will make no other
 * call that shows it.
 */
SEC("tp_btf/sched_process_exit")
int sched_process_exit(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_state *st = bpf_task_storage_get(&call_states, task, NULL, 0);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);

	if (st && st->in_call && ring)
		lose_skipped_exit(&ring->counters, cpu, st);
	return 0;
}

/* Marks the descendants of the process that is recorded. */
SEC("tp_btf/sched_process_fork")
int sched_process_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	struct call_state *st = bpf_task_storage_get(&call_states, parent, NULL, 0);

	if (process_id(parent) != filter_root && !(st && st->descendant))
		return 0;
	st = bpf_task_storage_get(&call_states, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (st) {
		st->descendant = 1;
	} else {
		struct ring_header *ring = ring_of(bpf_get_smp_processor_id());

		if (ring)
			__sync_fetch_and_add(&ring->counters.unmarked, 1);
	}
	return 0;
}

/* Run once by the loader in its own context: how deep its PID namespace is. */
SEC("raw_tp")
int pid_namespace_level(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->thread_pid->level;
}
