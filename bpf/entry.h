/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A call's arguments as its entry hook hands them over. */
#ifndef SENDMSGREC_ENTRY_H
#define SENDMSGREC_ENTRY_H

#include "capture.h"
#include "socket.h"
#include "task.h"

/* A call as its entry hook hands it over. call is a constant in each hook, so
 * that only its case is compiled there.
 */
struct call_entry {
	__u8 call;	 /* event_call */
	__u8 entry_path; /* event_entry_path */
	__u8 abi;	 /* event_abi */
	__u8 origin;	 /* event_origin */
	bool offset32;	 /* a sendfile whose offset has 32 bits */
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

/* What only some calls have, zeroed before its first use in a call. */
static __always_inline struct event_extra *extra_of(struct call_state *st)
{
	if (!st->has_extra) {
		__builtin_memset(&st->extra, 0, sizeof(st->extra));
		st->has_extra = 1;
	}
	return &st->extra;
}

#endif
