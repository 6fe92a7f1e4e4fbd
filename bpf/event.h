/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What kernel programs and recorder share: the event record, the ring it
 * travels in and the counters. event.go mirrors it; a test compares the two
 * through the object's BTF. All numbers are in host byte order.
 */
#ifndef SENDMSGREC_EVENT_H
#define SENDMSGREC_EVENT_H

#include "core.h"

#define EVENT_NAME_MAX 128 /* sizeof(struct sockaddr_storage) */
#define EVENT_IOV_MAX 8
#define EVENT_CONTROL_MAX 4096 /* 253 descriptors need 1032 */
#define EVENT_PATH_MAX 108     /* sizeof(sun_path) */
#define EVENT_COMM_LEN 16

/* Every part of a record begins at a multiple of 8 bytes. */
#define EVENT_ALIGN(n) (((n) + 7) & ~7)

/* The longest record: the fixed part and every variable part at its limit. */
#define EVENT_MAX_SIZE                                                                     \
	(sizeof(struct event) + sizeof(struct event_groups) + sizeof(struct event_extra) + \
	 EVENT_IOV_MAX * sizeof(struct event_iovec) + EVENT_NAME_MAX + EVENT_CONTROL_MAX + \
	 2 * EVENT_ALIGN(EVENT_PATH_MAX))

/* Where a field comes from, or why it is absent; schema.Source. */
enum event_source {
	SOURCE_UNAVAILABLE = 0,
	SOURCE_ENTRY = 1,
	SOURCE_KERNEL_COPY = 2,
	SOURCE_EXIT = 3,
	SOURCE_FAULTED = 4,
	SOURCE_TRUNCATED = 5,
	SOURCE_REDACTED = 6,
	SOURCE_RACED = 7,
	SOURCE_NULL = 8,
	SOURCE_INVALID = 9,
};

/* The enumerations have the values of schema's columns. */
enum event_call {
	CALL_SENDMSG = 1,
	CALL_SENDMMSG = 2,
	CALL_SENDTO = 3,
	CALL_RECVMSG = 4,
	CALL_RECVMMSG = 5,
	CALL_RECVFROM = 6,
	CALL_SENDFILE = 7,
};

enum event_entry_path {
	ENTRY_SYSCALL = 1,
	ENTRY_SOCKETCALL = 2,
	ENTRY_IO_URING = 3,
	ENTRY_KERNEL = 4,
};

enum event_abi { ABI_64 = 1, ABI_COMPAT32 = 2, ABI_X32 = 3 };
enum event_origin { ORIGIN_USER = 1, ORIGIN_KERNEL = 2 };

/* How the call ended. */
enum event_outcome {
	OUTCOME_RETURNED = 1,
	OUTCOME_KILLED = 2,    /* returned -ERESTART* to a task that was being killed */
	OUTCOME_IN_FLIGHT = 3, /* not returned; ret and duration mean nothing */
};

/* requested_bytes of a call whose iovecs could not be summed. */
#define EVENT_REQUESTED_UNKNOWN (-1LL)

struct event_iovec {
	__u64 base;
	__u64 len;
};

/* The three groups below stand each in one piece and without unset bytes: the
 * recorder compares them as bytes to store what repeats once.
 */
struct event_task {
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 gid;
	char comm[EVENT_COMM_LEN];
	__u64 start_time_ns;
	__u64 cgroup_id;
	__u64 netns;
};

struct event_call_args {
	__s32 sockfd;
	__u32 flags;
	__u64 msg_ptr;
	__u64 msg_name_ptr;
	__s32 msg_namelen;
	__u32 msg_flags;
	__u64 msg_iov_ptr;
	__u64 msg_iovlen;
	__u64 msg_control_ptr;
	__u64 msg_controllen;
	__u8 msghdr_source;
	__u8 name_source;
	__u8 iov_source;
	__u8 control_source;
	__u8 socket_source;
	__u8 call;
	__u8 entry_path;
	__u8 abi;
	__u8 origin;
	__u8 pad[7];
};

/* Without a socket (socket_source says why) all zero. */
struct event_socket {
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 local_port;
	__u16 remote_port;
	__u8 has_peer; /* AF_UNIX: there is a peer, remote_path is its path */
	__u8 pad;
	__u32 peer_pid; /* AF_UNIX: 0 is none */
	__u64 inode;
	__u32 sndbuf_limit;
	__u32 pad2;
	__u8 local_address[16]; /* the first 4 for AF_INET, all for AF_INET6 */
	__u8 remote_address[16];
};

/* What mostly repeats from a call to the next one on its CPU. */
struct event_groups {
	struct event_task task;
	struct event_call_args call;
	struct event_socket socket;
};

/* What only some calls have: which members, present says. */
enum event_extra_present {
	EXTRA_ATTEMPT = 1,     /* attempt_of, attempt_of_cpu */
	EXTRA_VECTOR = 2,      /* vector_index, vlen */
	EXTRA_FILE = 4,	       /* in_fd, offset_ptr */
	EXTRA_OFFSET = 8,      /* offset; of recvmmsg: the timeout in ns */
	EXTRA_OUT_NAME = 16,   /* out_namelen */
	EXTRA_OUT_MSGHDR = 32, /* out_msg_flags, out_controllen */
	EXTRA_IO = 64,	       /* io_user_data, io_opcode */
	EXTRA_IO_EXEC = 128,   /* io_queue_ns, io_exec_ns, io_worker_tid */
};

struct event_extra {
	__s64 attempt_of;     /* number of the first attempt's event ... */
	__s32 attempt_of_cpu; /* ... on this CPU */
	__s32 vector_index;   /* -1: no message of the array */
	__u32 vlen;
	__s32 in_fd;
	__u64 offset_ptr;
	__s64 offset;
	__u64 out_controllen;
	__s32 out_namelen;
	__u32 out_msg_flags;
	__u64 io_user_data;
	__u64 io_queue_ns;
	__u64 io_exec_ns;
	__u32 io_worker_tid; /* 0: the submitter */
	__u8 io_opcode;
	__u8 present;
	__u8 pad[2];
};

/* A record in the ring. After the fixed part come, each filled up to 8 bytes
 * (with anything): event_groups unless same is 1, event_extra where extra is 1,
 * iov_captured iovecs, name_captured bytes of msg_name, control_captured bytes
 * of msg_control, local_path_len and remote_path_len bytes of Unix path.
 *
 * Where same is 1, the groups are those of the last record of this ring that
 * has any: most records take one cache line and not five, on the way through
 * two CPUs.
 */
struct event {
	/* These eight bytes the recorder compares as one word, and the programs
	 * copy as one.
	 */
	__u16 control_captured;
	__u8 name_captured;
	__u8 iov_captured;
	__u8 local_path_len;
	__u8 remote_path_len;
	__u8 extra;   /* 1: there is an event_extra */
	__u8 outcome; /* event_outcome */
	__u32 size;   /* of the whole record, a multiple of 8 */
	__u8 same;    /* 1: there are no event_groups */
	__u8 pad[3];
	__u64 seq;
	__u64 time_ns; /* entry, CLOCK_BOOTTIME */
	__u64 duration_ns;
	__s64 ret;
	__s64 requested_bytes; /* or EVENT_REQUESTED_UNKNOWN */
	__s64 sndbuf_used;     /* -1 without a socket */
};

_Static_assert(sizeof(struct event_task) == 56, "event_task");
_Static_assert(sizeof(struct event_call_args) == 80, "event_call_args");
_Static_assert(sizeof(struct event_socket) == 64, "event_socket");
_Static_assert(sizeof(struct event_groups) == 200, "event_groups");
_Static_assert(sizeof(struct event) == 64, "event");
_Static_assert(sizeof(struct event_extra) == 88, "event_extra");

/* What happened on one CPU. Each is written by that CPU alone, but for
 * moved_out, which the CPU that the task moved to adds to atomically.
 *
 *   seen      = entered - moved_out + moved_in
 *   in flight = entered - filtered - lost_no_state - moved_out
 *               - (returned - moved_in)
 *   seq       = returned + lost_no_state
 *
 * What is counted is events. A call is one from its entry on; when a sendmmsg or
 * recvmmsg of n messages returns, n - 1 more have entered and returned where it
 * returns. A filtered one counts as one: nobody looked at its messages.
 *
 * Where programs can be preempted by one another (lane.h), seq lags by
 * lost_preempted - preempted_numbered.
 */
struct counters {
	__u64 entered;	/* calls of others that reached the entry program */
	__u64 filtered; /* dropped by the filter, at entry */
	__u64 returned; /* accepted calls that left flight here, recorded or lost */
	__u64 seq;	/* the next event's number */
	__u64 lost_ring_full;
	__u64 lost_no_state;
	__u64 lost_skipped_exit;
	__u64 moved_in;		  /* returned here, entered elsewhere */
	__u64 moved_out;	  /* entered here, returned elsewhere */
	__u64 under_way;	  /* returned without an entry */
	__u64 self;		  /* the recorder's own calls */
	__u64 unmarked;		  /* descendants that got no storage: their calls are filtered */
	__u64 lost_preempted;	  /* another program was at this CPU's ring */
	__u64 preempted_numbered; /* of these, counted in seq */
	__u64 sends;		  /* of all sockets, by whom the filter lets through (sends.h) */
	__u64 unexplained_others; /* of them, unexplained and by processes that found no room */
};

/* One CPU's ring: RING_HEADER_SIZE bytes of this, then ring_size bytes of
 * records, then RING_SLACK bytes so that a record never wraps. head and tail
 * count bytes since the start and are never reduced.
 */
struct ring_header {
	__u64 tail; /* written by the recorder */
	__u64 pad0[7];
	__u64 head; /* written by the producer, after the record */
	__u64 busy; /* programs that want to write; see lane.h */
	__u64 base; /* head before the last record with groups, plus 1; 0: none */
	__u64 pad1[5];
	struct counters counters;
};

#define RING_HEADER_SIZE 4096
#define RING_SLACK 8192

_Static_assert(EVENT_MAX_SIZE <= RING_SLACK, "a record fits the slack");
_Static_assert(sizeof(struct ring_header) <= RING_HEADER_SIZE, "ring_header");

#endif
