/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sends through io_uring (IORING_OP_SENDMSG and SENDMSG_ZC): a request is a call
 * from its submission to its completion, which may come on another thread. Its
 * state is kept by the address of the request.
 *
 * Kernels hand their tracepoints different things; each form has a program, and
 * the loader takes those that this kernel's BTF asks for (uring.go).
 */
#ifndef SENDMSGREC_URING_H
#define SENDMSGREC_URING_H

#include "sends.h"

#define IORING_OP_SENDMSG 9
#define IORING_OP_SENDMSG_ZC 48

/* The first flags of a request are those of its submission (IOSQE_*), for ever. */
#define REQ_F_FIXED_FILE (1 << 0)
#define REQ_F_CQE_SKIP (1 << 6)

/* The flag of a ring that a 32-bit program has made, where the kernel has one. Set by
 * the loader.
 */
const volatile __u32 ring_compat_flag = 0;

/* Whether a 32-bit program has made the ring: the pointers of all its requests
 * lead to 32-bit layouts, whoever submits them.
 */
static __always_inline bool is_compat(struct io_kiocb *req)
{
	struct io_ring_ctx *ring = READ(req, ctx);

	if (ring_compat_flag) {
		struct io_ring_ctx___flags *flags = CAST(struct io_ring_ctx___flags, ring);

		return READ(flags, int_flags) & ring_compat_flag;
	}
	return BPF_CORE_READ_BITFIELD_PROBED(ring, compat);
}

static __always_inline void request_end(struct call_state *st, __u64 request)
{
	pending_send_end(st);
	address_state_end(request);
}

/* Accounts a request that ends here and writes its event. A function of its own:
 * the verifier of old kernels has no patience for two copies in a program.
 */
static __noinline int write_request(__u64 request, __s64 res, __u64 now)
{
	struct call_state *st = address_state(request);
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);

	if (!st || !ring)
		return 0;
	move_account(&ring->counters, cpu, st->cpu);
	count(ring->counters.returned);
	write_record(ring, current_task(), st, res, now);
	request_end(st, request);
	return 0;
}

/* The request that had this address has ended unseen. One that was to be silent
 * has succeeded: what is not known of it is its result.
 */
static __always_inline void end_unseen(struct ring_header *ring, __u32 cpu, struct call_state *st,
				       __u64 request)
{
	if (st->silent) {
		st->outcome = OUTCOME_IN_FLIGHT;
		write_request(request, 0, bpf_ktime_get_boot_ns());
		return;
	}
	lose_skipped_exit(ring, cpu, st);
	request_end(st, request);
}

/* What a request says of itself, in the words of sendmsg(). */
static __always_inline void read_request(struct task_struct *task, struct call_state *st,
					 struct io_kiocb *req)
{
	struct call_entry entry = {
		.call = CALL_SENDMSG,
		.entry_path = ENTRY_IO_URING,
		.abi = is_compat(req) ? ABI_COMPAT32 : ABI_64,
		.origin = ORIGIN_USER,
	};
	struct io_sr_msg *message = CAST(struct io_sr_msg, req);
	struct io_kiocb___5_10 *old = (void *)req;
	__u64 flags = READ(req, flags);
	struct event_extra *extra;
	__u64 file;

	entry.args[0] = -1;
	if (bpf_core_field_exists(req->cqe) && !(flags & REQ_F_FIXED_FILE))
		entry.args[0] = (__s64)READ(req, cqe.fd);
	entry.args[1] = (__u64)READ(message, umsg);
	entry.args[2] = READ(message, msg_flags);
	if (entry.abi == ABI_COMPAT32)
		entry.args[2] &= ~(__u64)MSG_CMSG_COMPAT; /* the kernel has added it */
	read_at_entry(task, st, &entry);
	/* 5.10 has looked the descriptor up by now, and forgotten its number. */
	file = (__u64)READ(req, file);
	if (!st->file && file)
		capture_file(st, file);
	st->silent = bpf_core_field_exists(req->cqe) && flags & REQ_F_CQE_SKIP;
	extra = extra_of(st);
	extra->present |= EXTRA_IO;
	if (bpf_core_field_exists(req->cqe))
		extra->io_user_data = READ(req, cqe.user_data);
	else
		extra->io_user_data = BPF_CORE_READ(old, user_data);
	extra->io_opcode = READ(req, opcode);
}

static __always_inline int request_submit(struct io_kiocb *req)
{
	struct task_struct *task = current_task();
	__u32 cpu = bpf_get_smp_processor_id();
	struct ring_header *ring = ring_of(cpu);
	__u8 opcode = READ(req, opcode);
	struct call_state *st;

	if (opcode != IORING_OP_SENDMSG && opcode != IORING_OP_SENDMSG_ZC)
		return 0;
	if (!ring || !admit(ring, submitter(task)))
		return 0;
	st = address_state((__u64)req);
	if (unlikely(st))
		end_unseen(ring, cpu, st, (__u64)req);
	st = address_state_make((__u64)req);
	if (unlikely(!st)) {
		lose_no_state(ring);
		return 0;
	}
	st->cpu = cpu;
	st->outcome = OUTCOME_RETURNED;
	read_request(task, st, req);
	capture_task(st, task);
	pending_send_begin(st);
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

static __always_inline int request_complete(struct io_kiocb *req, __s32 res)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct call_state *st = address_state((__u64)req);

	if (!st)
		return 0;
	recapture_request_socket(st, req);
	return write_request((__u64)req, res, now);
}

/* From 6.2 on. */
SEC("tp_btf/io_uring_submit_req")
int uring_submit_req(__u64 *ctx)
{
	return undisturbed(request_submit((void *)ctx[0]));
}

/* 6.1: the request, whether it may block. */
SEC("tp_btf/io_uring_submit_sqe")
int uring_submit_sqe(__u64 *ctx)
{
	return undisturbed(request_submit((void *)ctx[0]));
}

/* 5.10: the ring, the request, and what stands in it. */
SEC("tp_btf/io_uring_submit_sqe")
int uring_submit_ring(__u64 *ctx)
{
	return undisturbed(request_submit(CAST(struct io_kiocb, (void *)ctx[1])));
}

/* 6.18: the ring, the request, the completion. */
SEC("tp_btf/io_uring_complete")
int uring_complete_cqe(__u64 *ctx)
{
	struct io_uring_cqe *cqe = (void *)ctx[2];

	return undisturbed(request_complete(CAST(struct io_kiocb, (void *)ctx[1]), READ(cqe, res)));
}

/* 6.1, 6.12: the ring, the request, its user data, the result. */
SEC("tp_btf/io_uring_complete")
int uring_complete_res(__u64 *ctx)
{
	return undisturbed(request_complete(CAST(struct io_kiocb, (void *)ctx[1]), (__s32)ctx[3]));
}

/* A call that is kept by an address and has not ended, when all else is
 * detached, gets its event without a result.
 */
static long leave_in_flight(void *map, const __u64 *key, struct call_state *st, void *unused)
{
	struct ring_header *ring;

	if (!st->in_call)
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

/* Run for each task; the first one visits all these calls. */
SEC("iter/task")
int addressed_in_flight(__u64 *ctx)
{
	struct bpf_iter_meta *meta = (void *)ctx[0];

	if (READ(meta, seq_num) == 0)
		bpf_for_each_map_elem(&address_states, leave_in_flight, NULL, 0);
	return 0;
}

/* Before 5.13, which have no loop over a map: run for each call. Later kernels
 * may forbid it (lockdown).
 */
SEC("iter/bpf_map_elem")
int address_in_flight(__u64 *ctx)
{
	const __u64 *key = (void *)ctx[2];
	struct call_state *st;

	if (!key)
		return 0;
	st = address_state(*key);
	if (st)
		leave_in_flight(NULL, key, st, NULL);
	return 0;
}

#endif
