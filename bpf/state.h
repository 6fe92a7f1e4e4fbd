/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs know: what the loader sets before loading, and what is
 * carried from a call's entry to its exit.
 */
#ifndef SENDMSGREC_STATE_H
#define SENDMSGREC_STATE_H

#include "event.h"
#include "read.h"

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

const volatile __u32 watch_compat = 0;	/* callers of other ABIs are recorded */
const volatile __u32 has_x32 = 0;	/* this kernel takes x32 calls */
const volatile __u32 watched_calls = 0; /* bits: 1 << event_call */

/* While it is set, the recorder's own calls are recorded and nobody else's:
 * that is how it finds out what its hooks show.
 */
volatile __u32 self_test = 0;

/* Never set: keeps the shared layouts in the object's BTF, where the loader's
 * tests compare them with its own.
 */
const volatile struct event *const volatile event_layout = NULL;
const volatile struct event_extra *const volatile extra_layout = NULL;
const volatile struct ring_header *const volatile ring_layout = NULL;

/* How much of user memory one read may cover to get msghdr and iovec at once. */
#define USER_WINDOW 128

/* The last attempt of a call that was to enter again (restart.h). */
struct attempt {
	__u32 call; /* 0: none */
	__s32 sockfd;
	__u64 argument;
	__s64 of; /* the first attempt's event ... */
	__u32 of_cpu;
	__u32 pad;
};

/* Messages of a recvmmsg whose room for an address is kept from its entry on. */
#define VECTOR_ROOMS 8

/* A call between entry and exit. */
struct call_state {
	__u32 in_call;	  /* its number (event_call): the entry was seen, the exit not yet */
	__u32 cpu;	  /* of the entry */
	__u32 descendant; /* of the process filter_root; not in the portable build */
	__u64 base;	  /* where the ring of base_cpu has the groups as they are; 0: nowhere */
	__u32 base_cpu;
	__u64 thread_pid; /* the struct pid whose task is in the groups (task.h) */
	__u64 file;	  /* what the descriptor named at entry */
	__u64 slot;	  /* where the descriptor stands */
	__u64 socket_of;  /* the file's struct socket ... */
	__u64 inode;	  /* ... its inode ... */
	__u64 sk;	  /* ... and its sock, whose socket is in the groups (socket.h) */
	__u64 local_addr; /* the address that local_path is of */
	__u64 peer_pid;	  /* the struct pid that the socket's peer_pid is of */
	__u64 time_ns;
	__s64 requested_bytes;
	__s64 sndbuf_used;
	union {
		__u64 parts; /* all of these; the first word of struct event */
		struct {
			__u16 control_captured;
			__u8 name_captured;
			__u8 iov_captured;
			__u8 local_path_len;
			__u8 remote_path_len;
			__u8 has_extra; /* extra is part of the record */
			__u8 outcome;	/* event_outcome */
		};
	};
	__s64 iov_distance; /* see capture_msghdr() */
	__u64 argument;	    /* the call's second */
	__u64 address;	    /* its key in address_states; 0: a system call */
	__u32 restarts;	    /* it returns to enter again */
	__u32 nested;	    /* calls that a sender inside the kernel makes within this one */
	__u64 depth;	    /* where on its stack the sender has entered */
	__u32 silent;	    /* a request that posts no completion when it succeeds */
	__u32 ran;	    /* a request that was executed and is not to be again */
	__u64 run_ns;	    /* when the request's execution began */
	__u64 counted;	    /* its key in pending_sends; 0: none */
	struct attempt attempt;
	__u64 kept_ptr;		   /* recvfrom's addrlen; the array of sendmmsg and recvmmsg */
	__s32 rooms[VECTOR_ROOMS]; /* msg_namelen of recvmmsg's first messages */
	union {
		struct event_groups groups;
		struct {
			struct event_task task;
			struct event_call_args call;
			struct event_socket socket;
		};
	};
	struct event_extra extra;
	struct event_iovec iov[EVENT_IOV_MAX];
	__u8 name[EVENT_NAME_MAX];
	__u8 local_path[EVENT_ALIGN(EVENT_PATH_MAX)];
	__u8 remote_path[EVENT_ALIGN(EVENT_PATH_MAX)];
#ifdef PORTABLE
	__u64 window[USER_WINDOW / 8]; /* see capture_header() */
	__u32 kept;		       /* it stays with its thread */
#endif
};

/* Sets a member of the groups. What the ring has of them is then another. */
#define SET(st, member, value)                           \
	do {                                             \
		__typeof__((st)->member) set_ = (value); \
                                                         \
		if (unlikely((st)->member != set_)) {    \
			(st)->member = set_;             \
			(st)->base = 0;                  \
		}                                        \
	} while (0)

/* Control messages are long and most calls have none: theirs is a storage of
 * its own, made for the tasks that send some.
 */
struct control_state {
	__u8 data[EVENT_CONTROL_MAX];
};

/* What new elements of hashes are copies of. */
struct blank {
	struct call_state call;
	struct control_state control;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct blank);
} blanks SEC(".maps");

/* By the address of what the call belongs to: a request to io_uring, or, of a
 * sender inside the kernel, its task, whose own state may be that of a system
 * call. The typed build's kernels give programs memory on demand; the others do
 * not.
 */
#ifdef PORTABLE
#define ADDRESS_FLAGS 0
#else
#define ADDRESS_FLAGS BPF_F_NO_PREALLOC
#endif
#define ADDRESSES_MAX 4096
#define ADDRESS_CONTROLS_MAX 512

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, ADDRESS_FLAGS);
	__uint(max_entries, ADDRESSES_MAX);
	__type(key, __u64);
	__type(value, struct call_state);
} address_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, ADDRESS_FLAGS);
	__uint(max_entries, ADDRESS_CONTROLS_MAX);
	__type(key, __u64);
	__type(value, struct control_state);
} address_controls SEC(".maps");

#ifdef PORTABLE

/* By thread id of the first PID namespace. A new element is a copy of blank. The
 * first that are made stay with their threads, since making and deleting one costs
 * as much as much of the rest; the others are made at entry and deleted at exit: as
 * many as calls can be in flight at once.
 */
#define STATES_KEPT_MAX 2048
#define STATES_MAX (8192 + STATES_KEPT_MAX)
#define CONTROL_STATES_MAX 1024
#define DESCENDANTS_MAX 65536

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STATES_MAX);
	__type(key, __u32);
	__type(value, struct call_state);
} call_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTROL_STATES_MAX);
	__type(key, __u32);
	__type(value, struct control_state);
} control_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DESCENDANTS_MAX);
	__type(key, __u32);
	__type(value, __u8);
} descendants SEC(".maps");

static __always_inline struct call_state *task_state(struct task_struct *task)
{
	__u32 tid = thread_number(task);

	return bpf_map_lookup_elem(&call_states, &tid);
}

static __always_inline struct call_state *task_state_make(struct task_struct *task)
{
	__u32 tid = thread_number(task), zero = 0;
	struct call_state *st = bpf_map_lookup_elem(&call_states, &tid);
	struct blank *blank;

	if (st)
		return st;
	blank = bpf_map_lookup_elem(&blanks, &zero);
	if (!blank || bpf_map_update_elem(&call_states, &tid, &blank->call, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&call_states, &tid);
}

__u64 states_kept = 0; /* programs that end at once may keep some more than the maximum */

/* The last use of the task's state in this call. */
static __always_inline void task_state_end(struct task_struct *task, struct call_state *st)
{
	__u32 tid = thread_number(task);

	if (unlikely(st->control_captured))
		bpf_map_delete_elem(&control_states, &tid);
	if (likely(st->kept))
		return;
	if (states_kept < STATES_KEPT_MAX) {
		st->kept = 1;
		__sync_fetch_and_add(&states_kept, 1);
		return;
	}
	bpf_map_delete_elem(&call_states, &tid);
}

/* The last use of the task's state. */
static __always_inline void task_state_drop(struct task_struct *task, struct call_state *st)
{
	__u32 tid = thread_number(task);

	if (st->kept)
		__sync_fetch_and_add(&states_kept, -1);
	bpf_map_delete_elem(&control_states, &tid);
	bpf_map_delete_elem(&call_states, &tid);
}

static __always_inline struct control_state *control_state(struct task_struct *task)
{
	__u32 tid = thread_number(task);

	return bpf_map_lookup_elem(&control_states, &tid);
}

static __always_inline struct control_state *control_state_make(struct task_struct *task)
{
	__u32 tid = thread_number(task), zero = 0;
	struct blank *blank = bpf_map_lookup_elem(&blanks, &zero);

	if (!blank || bpf_map_update_elem(&control_states, &tid, &blank->control, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&control_states, &tid);
}

static __always_inline bool is_descendant(struct task_struct *task)
{
	__u32 tid = thread_number(task);

	return bpf_map_lookup_elem(&descendants, &tid);
}

static __always_inline bool mark_descendant(struct task_struct *task)
{
	__u32 tid = thread_number(task);
	__u8 marked = 1;

	return !bpf_map_update_elem(&descendants, &tid, &marked, BPF_ANY);
}

static __always_inline void unmark_descendant(struct task_struct *task)
{
	__u32 tid = thread_number(task);

	if (filter_root)
		bpf_map_delete_elem(&descendants, &tid);
}

#else

/* A state stays with its task for good: making and deleting it per call costs
 * several times the whole rest (docs/benchmarks.md).
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call_state);
} call_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct control_state);
} control_states SEC(".maps");

static __always_inline struct call_state *task_state(struct task_struct *task)
{
	return bpf_task_storage_get(&call_states, task, NULL, 0);
}

static __always_inline struct call_state *task_state_make(struct task_struct *task)
{
	return bpf_task_storage_get(&call_states, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void task_state_end(struct task_struct *task, struct call_state *st)
{
}

static __always_inline void task_state_drop(struct task_struct *task, struct call_state *st)
{
}

static __always_inline struct control_state *control_state(struct task_struct *task)
{
	return bpf_task_storage_get(&control_states, task, NULL, 0);
}

static __always_inline struct control_state *control_state_make(struct task_struct *task)
{
	return bpf_task_storage_get(&control_states, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline bool is_descendant(struct task_struct *task)
{
	struct call_state *st = task_state(task);

	return st && st->descendant;
}

static __always_inline bool mark_descendant(struct task_struct *task)
{
	struct call_state *st = task_state_make(task);

	if (st)
		st->descendant = 1;
	return st;
}

static __always_inline void unmark_descendant(struct task_struct *task)
{
}

#endif

static __always_inline struct call_state *address_state(__u64 address)
{
	return bpf_map_lookup_elem(&address_states, &address);
}

/* A state at an address that has none, or NULL. */
static __always_inline struct call_state *address_state_make(__u64 address)
{
	__u32 zero = 0;
	struct blank *blank = bpf_map_lookup_elem(&blanks, &zero);
	struct call_state *st;

	if (!blank || bpf_map_update_elem(&address_states, &address, &blank->call, BPF_ANY))
		return NULL;
	st = bpf_map_lookup_elem(&address_states, &address);
	if (st)
		st->address = address;
	return st;
}

static __always_inline void address_state_end(__u64 address)
{
	bpf_map_delete_elem(&address_controls, &address);
	bpf_map_delete_elem(&address_states, &address);
}

/* Where a call's control messages are kept: at the same address or with the
 * task.
 */
static __always_inline struct control_state *call_control(struct task_struct *task,
							  struct call_state *st)
{
	__u64 address = st->address;

	if (unlikely(address))
		return bpf_map_lookup_elem(&address_controls, &address);
	return control_state(task);
}

static __always_inline struct control_state *call_control_make(struct task_struct *task,
							       struct call_state *st)
{
	__u64 address = st->address;
	__u32 zero = 0;
	struct blank *blank;

	if (likely(!address))
		return control_state_make(task);
	blank = bpf_map_lookup_elem(&blanks, &zero);
	if (!blank || bpf_map_update_elem(&address_controls, &address, &blank->control, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&address_controls, &address);
}

#endif
