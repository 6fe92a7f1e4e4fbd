/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Where the programs keep things: what the loader sets before loading, what is
 * carried from a call's entry to its exit, and the way of a record into the
 * ring.
 */
#ifndef SENDMSGREC_STATE_H
#define SENDMSGREC_STATE_H

#include "core.h"
#include "event.h"

/* Set by the loader; the verifier takes them as constants, so a filter that is
 * off costs nothing.
 */
#define FILTER_MAX 16

const volatile __u64 ring_size = 0;	 /* bytes, a power of two */
const volatile __u64 watermark_size = 0; /* bytes, a power of two */
const volatile __u32 self_pid = 0;
const volatile __u32 pid_ns_level = 0;
const volatile __u32 pid_ns_inum = 0;
const volatile __u32 filter_pids = 0; /* number of pids in filter_pid */
const volatile __u32 filter_uids = 0;
const volatile __u32 filter_comms = 0;
const volatile __u32 filter_root = 0; /* pid whose descendants are recorded */
const volatile __u32 filter_pid[FILTER_MAX] = {};
const volatile __u32 filter_uid[FILTER_MAX] = {};
const volatile __u64 filter_comm[FILTER_MAX][EVENT_COMM_LEN / 8] = {};

/* Never set: keeps the shared layouts in the object's BTF, where the loader's
 * tests compare them with its own.
 */
const volatile struct event *const volatile event_layout = NULL;
const volatile struct ring_header *const volatile ring_layout = NULL;

/* How much of user memory one read may cover to get msghdr and iovec at once. */
#define USER_WINDOW 256

/* A call between entry and exit. It stays with its task for good: making and
 * deleting it per call costs several times the whole rest (docs/benchmarks.md).
 */
struct call_state {
	__u32 in_call;	  /* the entry was seen, the exit not yet */
	__u32 cpu;	  /* of the entry */
	__u32 descendant; /* of the process filter_root */
	__u32 pad;
	__u64 file; /* what the descriptor named at entry */
	__u64 sk;
	__u64 time_ns;
	__s64 requested_bytes;
	__s64 sndbuf_used;
	__u32 name_captured;
	__u32 iov_captured;
	__u32 control_captured;
	__u32 local_path_len;
	__u32 remote_path_len;
	__u32 pad2;
	__s64 iov_distance; /* see capture_msghdr() */
	struct event_call_args call;
	struct event_socket socket;
	struct event_iovec iov[EVENT_IOV_MAX];
	__u8 name[EVENT_NAME_MAX];
	__u8 local_path[EVENT_ALIGN(EVENT_PATH_MAX)];
	__u8 remote_path[EVENT_ALIGN(EVENT_PATH_MAX)];
	__u8 window[USER_WINDOW];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call_state);
} call_states SEC(".maps");

/* Control messages are long and most calls have none: theirs is a storage of
 * its own, made for the tasks that send some.
 */
struct control_state {
	__u8 data[EVENT_CONTROL_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct control_state);
} control_states SEC(".maps");

/* One element a CPU; the loader sets the size of an element to
 * RING_HEADER_SIZE + ring_size + RING_SLACK and the number of elements.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, RING_HEADER_SIZE + 4096 + RING_SLACK);
	__uint(max_entries, 1);
} rings SEC(".maps");

/* Wakes the recorder; carries nothing else. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} doorbell SEC(".maps");

/* Scratch memory for summing long iovec arrays, one element a CPU. */
#define IOV_CHUNK 32

struct iov_chunk {
	struct event_iovec iov[IOV_CHUNK];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct iov_chunk));
	__uint(max_entries, 1);
} iov_chunks SEC(".maps");

static __always_inline struct ring_header *ring_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&rings, &cpu);
}

/* A place for size bytes at the head of this CPU's ring, or NULL when it is
 * full. The one producer is this CPU: tracepoint programs run with preemption
 * off, and no interrupt sends messages through this path.
 */
static __always_inline struct event *ring_reserve(struct ring_header *ring, __u64 size)
{
	__u64 head = ring->head;
	__u64 tail = *(volatile __u64 *)&ring->tail;

	if (head + size - tail > ring_size)
		return NULL;
	return (void *)ring + RING_HEADER_SIZE + (head & (ring_size - 1));
}

static __always_inline void ring_commit(struct ring_header *ring, __u64 size)
{
	__u64 head = ring->head + size;

#if defined(__TARGET_ARCH_arm64)
	/* The record must be visible before the head; an exchange is the
	 * cheapest full barrier that every kernel's JIT has.
	 */
	__sync_lock_test_and_set(&ring->head, head);
#else
	barrier();
	*(volatile __u64 *)&ring->head = head;
#endif
	if (((head - size) ^ head) & ~(watermark_size - 1)) {
		__u64 nothing = 0;

		bpf_ringbuf_output(&doorbell, &nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
	}
}

#endif
