/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sends through io_uring (IORING_OP_SENDMSG and SENDMSG_ZC): a request is a call
 * from its submission to its completion, which may come on another thread. Its
 * state is kept by the address of the request.
 */
#ifndef SENDMSGREC_URING_H
#define SENDMSGREC_URING_H

#include "call.h"

#define IORING_OP_SENDMSG 9
#define IORING_OP_SENDMSG_ZC 48
#define REQ_F_FIXED_FILE 1

static __always_inline void request_end(__u64 request)
{
	bpf_map_delete_elem(&request_controls, &request);
	bpf_map_delete_elem(&request_states, &request);
}

/* Requests of 32-bit programs have another layout behind their pointers. */
static __always_inline bool is_compat(struct io_kiocb *req)
{
	struct io_ring_ctx *ring = READ(req, ctx);

	return BPF_CORE_READ_BITFIELD_PROBED(ring, compat);
}

static __always_inline struct call_state *request_state_make(struct ring_header *ring, __u32 cpu,
							     __u64 request)
{
	struct call_state *st = bpf_map_lookup_elem(&request_states, &request);
	struct blank *blank;
	__u32 zero = 0;

	/* The request that had this address has ended unseen. */
	if (unlikely(st)) {
		lose_skipped_exit(ring, cpu, st);
		request_end(request);
	}
	blank = bpf_map_lookup_elem(&blanks, &zero);
	if (!blank || bpf_map_update_elem(&request_states, &request, &blank->call, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&request_states, &request);
}

SEC("tp_btf/io_uring_submit_req")
int uring_submit(__u64 *ctx)
{
	struct io_kiocb *req = (void *)ctx[0];
	struct task_struct *task = current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	__u8 opcode = READ(req, opcode);
	struct call_entry entry = {
		.call = CALL_SENDMSG,
		.entry_path = ENTRY_IO_URING,
		.abi = ABI_64,
		.origin = ORIGIN_USER,
	};
	struct io_sr_msg *message;
	struct event_extra *extra;
	struct call_state *st;
	bool fixed;

	if (opcode != IORING_OP_SENDMSG && opcode != IORING_OP_SENDMSG_ZC)
		return 0;
	if (!ring || is_compat(req) || !admit(ring, task))
		return 0;
	st = request_state_make(ring, cpu, (__u64)req);
	if (unlikely(!st)) {
		lose_no_state(ring);
		return 0;
	}
	message = CAST(struct io_sr_msg, req);
	fixed = READ(req, flags) & REQ_F_FIXED_FILE;
	entry.args[0] = fixed ? -1 : (__s64)READ(req, cqe.fd);
	entry.args[1] = (__u64)READ(message, umsg);
	entry.args[2] = READ(message, msg_flags);
	st->cpu = cpu;
	st->request = (__u64)req;
	st->outcome = OUTCOME_RETURNED;
	read_at_entry(task, st, &entry);
	extra = extra_of(st);
	extra->present |= EXTRA_IO;
	extra->io_user_data = READ(req, cqe.user_data);
	extra->io_opcode = opcode;
	capture_task(&st->task, task);
	st->in_call = CALL_SENDMSG;
	st->time_ns = bpf_ktime_get_boot_ns();
	return 0;
}

/* The socket as the kernel has used it: at submission a descriptor may have
 * named another file, and a registered file has none.
 */
static __always_inline void recapture_request_socket(struct call_state *st, struct io_kiocb *req)
{
	__u64 used = (__u64)READ(req, file);

	if (!used || used == st->file)
		return;
	if (st->file) {
		st->call.socket_source = SOURCE_RACED;
		return;
	}
	capture_file(st, used);
	if (st->call.socket_source == SOURCE_ENTRY)
		st->call.socket_source = SOURCE_EXIT;
}

SEC("tp_btf/io_uring_complete")
int uring_complete(__u64 *ctx)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u64 request = ctx[1];
	struct io_uring_cqe *cqe = (void *)ctx[2];
	struct call_state *st = bpf_map_lookup_elem(&request_states, &request);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);

	if (!st || !ring)
		return 0;
	move_account(&ring->counters, cpu, st->cpu);
	count(ring->counters.returned);
	recapture_request_socket(st, CAST(struct io_kiocb, (void *)request));
	write_record(ring, current_task(), st, READ(cqe, res), now);
	request_end(request);
	return 0;
}

/* Run for each request that has not completed, when all else is detached. */
SEC("iter/bpf_map_elem")
int uring_in_flight(__u64 *ctx)
{
	const __u64 *key = (void *)ctx[2];
	struct ring_header *ring;
	struct call_state *st;
	__u64 request;

	if (!key)
		return 0;
	request = *key;
	st = bpf_map_lookup_elem(&request_states, &request);
	if (!st || !st->in_call)
		return 0;
	ring = ring_of(st->cpu);
	if (!ring)
		return 0;
	st->in_call = 0;
	st->outcome = OUTCOME_IN_FLIGHT;
	count(ring->counters.returned);
	write_record(ring, current_task(), st, 0, bpf_ktime_get_boot_ns());
	return 0;
}

#endif
