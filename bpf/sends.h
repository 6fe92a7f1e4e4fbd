/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The account of all sends, which shows what left by ways that are not watched.
 * The tracepoint sock_send_length fires for each send of each socket, whatever
 * call made it. A send is explained when it belongs to a call that has its
 * event: its task is within one, or a request to io_uring is pending that will
 * use the same socket.
 */
#ifndef SENDMSGREC_SENDS_H
#define SENDMSGREC_SENDS_H

#include "call.h"

const volatile __u32 count_sends = 0; /* 1: the program below is attached */

/* Who made unexplained sends. */
struct sender {
	__u64 sends;
	__u64 bytes;
	char comm[EVENT_COMM_LEN]; /* of the thread that made the first */
};

const volatile struct sender *const volatile sender_layout = NULL;

/* By process id of the recorder's PID namespace. What finds no room is counted as
 * of others (counters.unexplained_others).
 */
#define SENDERS_MAX 1024

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SENDERS_MAX);
	__type(key, __u32);
	__type(value, struct sender);
} senders SEC(".maps");

/* How many pending requests to io_uring will use a socket, by its address; where
 * it is not known yet (a registered file) by the process. Elements stay until
 * others need their room.
 */
#define PENDING_MAX 4096

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PENDING_MAX);
	__type(key, __u64);
	__type(value, __s64);
} pending_sends SEC(".maps");

static __always_inline void pending_send_begin(struct call_state *st)
{
	__u64 key = st->sk ? st->sk : st->task.pid;
	__s64 none = 0, *pending;

	if (!count_sends)
		return;
	pending = bpf_map_lookup_elem(&pending_sends, &key);
	if (!pending) {
		bpf_map_update_elem(&pending_sends, &key, &none, BPF_NOEXIST);
		pending = bpf_map_lookup_elem(&pending_sends, &key);
	}
	if (!pending)
		return;
	__sync_fetch_and_add(pending, 1);
	st->counted = key;
}

static __always_inline void pending_send_end(struct call_state *st)
{
	__u64 key = st->counted;
	__s64 *pending;

	if (!count_sends || !key)
		return;
	pending = bpf_map_lookup_elem(&pending_sends, &key);
	/* An element that lost its room since has not counted this request. */
	if (pending && *pending > 0)
		__sync_fetch_and_add(pending, -1);
}

static __always_inline bool is_pending(__u64 key)
{
	__s64 *pending = bpf_map_lookup_elem(&pending_sends, &key);

	return pending && *pending > 0;
}

static __always_inline void count_unexplained(struct ring_header *ring, __u32 pid, __s64 ret)
{
	struct sender *sender = bpf_map_lookup_elem(&senders, &pid);

	if (!sender) {
		struct sender first = {};

		bpf_get_current_comm(first.comm, sizeof(first.comm));
		bpf_map_update_elem(&senders, &pid, &first, BPF_NOEXIST);
		sender = bpf_map_lookup_elem(&senders, &pid);
	}
	if (!sender) {
		count(ring->counters.unexplained_others);
		return;
	}
	__sync_fetch_and_add(&sender->sends, 1);
	if (ret > 0)
		__sync_fetch_and_add(&sender->bytes, ret);
}

static __always_inline int send_made(__u64 sk, __s32 ret)
{
	struct task_struct *task = current_task();
	struct ring_header *ring = ring_of(bpf_get_smp_processor_id());
	struct call_state *st = task_state(task);
	__u32 pid;

	if (!ring)
		return 0;
	if (likely(st && st->in_call)) {
		count(ring->counters.sends);
		return 0;
	}
	pid = process_id(task);
	if (pid == self_pid || !passes_filter(submitter(task), pid))
		return 0;
	count(ring->counters.sends);
	st = address_state((__u64)task);
	if ((st && st->in_call) || is_pending(sk) || is_pending(pid))
		return 0;
	count_unexplained(ring, pid, ret);
	return 0;
}

/* sock_send_length(sk, ret, flags) */
SEC("tp_btf/sock_send_length")
int count_send(__u64 *ctx)
{
	return undisturbed(send_made(ctx[0], (__s32)ctx[1]));
}

#endif
