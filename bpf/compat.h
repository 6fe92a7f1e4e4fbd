/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Callers of other ABIs on the tracepoint tier: they do not reach the tracepoints
 * of single system calls, only those of all, which run at every system call of
 * every process. So a 64-bit one is told first, and that is all that it pays.
 */
#ifndef SENDMSGREC_COMPAT_H
#define SENDMSGREC_COMPAT_H

#include "abi.h"
#include "call.h"

/* The calls by their numbers; 0 is none that is recorded. */
#if defined(__TARGET_ARCH_x86)
static __always_inline __u8 x32_call(__u32 nr)
{
	switch (nr) {
	case 40:
		return CALL_SENDFILE;
	case 44:
		return CALL_SENDTO;
	case 517:
		return CALL_RECVFROM;
	case 518:
		return CALL_SENDMSG;
	case 519:
		return CALL_RECVMSG;
	case 537:
		return CALL_RECVMMSG;
	case 538:
		return CALL_SENDMMSG;
	}
	return 0;
}

/* By socketcall()'s first argument. */
#define SOCKETCALL_SEND 9
#define SOCKETCALL_RECV 10

static __always_inline __u8 socketcall_call(__u32 number)
{
	switch (number) {
	case SOCKETCALL_SEND:
	case 11:
		return CALL_SENDTO;
	case SOCKETCALL_RECV:
	case 12:
		return CALL_RECVFROM;
	case 16:
		return CALL_SENDMSG;
	case 17:
		return CALL_RECVMSG;
	case 19:
		return CALL_RECVMMSG;
	case 20:
		return CALL_SENDMMSG;
	}
	return 0;
}

#define NR_SENDTO 369
#define NR_RECVFROM 371
#define NR_SENDMSG 370
#define NR_RECVMSG 372
#define NR_RECVMMSG 337
#define NR_SENDMMSG 345
#else
#define NR_SENDTO 290
#define NR_RECVFROM 292
#define NR_SENDMSG 296
#define NR_RECVMSG 297
#define NR_RECVMMSG 365
#define NR_SENDMMSG 374
#endif
#define NR_SENDFILE 187
#define NR_SENDFILE64 239
#define NR_RECVMMSG_TIME64 417

static __always_inline __u8 compat32_call(__u32 nr)
{
	switch (nr) {
	case NR_SENDFILE:
	case NR_SENDFILE64:
		return CALL_SENDFILE;
	case NR_SENDTO:
		return CALL_SENDTO;
	case NR_RECVFROM:
		return CALL_RECVFROM;
	case NR_SENDMSG:
		return CALL_SENDMSG;
	case NR_RECVMSG:
		return CALL_RECVMSG;
	case NR_RECVMMSG:
	case NR_RECVMMSG_TIME64:
		return CALL_RECVMMSG;
	case NR_SENDMMSG:
		return CALL_SENDMMSG;
	}
	return 0;
}

#if defined(__TARGET_ARCH_x86)

/* Tells the call that a task of another ABI makes; whether it is recorded. */
static __always_inline bool tell_call(struct task_struct *task, struct call_entry *entry,
				      const struct pt_regs *regs, __u32 nr)
{
	if (is_compat32(task)) {
		entry->abi = ABI_COMPAT32;
		entry->entry_path = ENTRY_SYSCALL;
		if (nr == I386_SOCKETCALL) {
			entry->entry_path = ENTRY_SOCKETCALL;
			entry->call = socketcall_call(READ(regs, bx));
		} else {
			entry->call = compat32_call(nr);
		}
	} else if (has_x32 && nr & X32_SYSCALL_BIT) {
		entry->abi = ABI_X32;
		entry->entry_path = ENTRY_SYSCALL;
		entry->call = x32_call(nr & ~X32_SYSCALL_BIT);
	} else {
		return false;
	}
	return watched_calls >> entry->call & 1;
}

/* The array behind socketcall()'s second argument. The kernel reads it too: when
 * it cannot be read there is no call.
 */
static __always_inline bool read_array(struct call_entry *entry, const struct pt_regs *regs)
{
	__u32 values[6] = {};
	__u64 size = sizeof(values), number = (__u32)READ(regs, bx);

	if (number == SOCKETCALL_SEND || number == SOCKETCALL_RECV || entry->call == CALL_SENDMMSG)
		size = 4 * sizeof(__u32); /* of send and recv: no address */
	else if (entry->call == CALL_SENDMSG || entry->call == CALL_RECVMSG)
		size = 3 * sizeof(__u32);
	else if (entry->call == CALL_RECVMMSG)
		size = 5 * sizeof(__u32);
	at_most(size, sizeof(values));
	if (read_user(values, size, (void *)(__u64)(__u32)READ(regs, cx)))
		return false;
#pragma unroll
	for (int i = 0; i < 6; i++)
		entry->args[i] = values[i];
	return true;
}

static __always_inline bool take_arguments(struct call_entry *entry, const struct pt_regs *regs)
{
	if (entry->abi == ABI_X32) {
		entry->args[0] = READ(regs, di);
		entry->args[1] = READ(regs, si);
		entry->args[2] = READ(regs, dx);
		entry->args[3] = READ(regs, r10);
		entry->args[4] = READ(regs, r8);
		entry->args[5] = READ(regs, r9);
		return true;
	}
	if (entry->entry_path == ENTRY_SOCKETCALL)
		return read_array(entry, regs);
	entry->args[0] = i386_register(regs, 0);
	entry->args[1] = i386_register(regs, 1);
	entry->args[2] = i386_register(regs, 2);
	entry->args[3] = i386_register(regs, 3);
	entry->args[4] = i386_register(regs, 4);
	entry->args[5] = i386_register(regs, 5);
	return true;
}

static __always_inline __u32 number_at_exit(const struct pt_regs *regs)
{
	return READ(regs, orig_ax);
}

#else

static __always_inline bool tell_call(struct task_struct *task, struct call_entry *entry,
				      const struct pt_regs *regs, __u32 nr)
{
	if (!is_compat32(task))
		return false;
	entry->abi = ABI_COMPAT32;
	entry->entry_path = ENTRY_SYSCALL;
	entry->call = compat32_call(nr);
	return watched_calls >> entry->call & 1;
}

static __always_inline bool take_arguments(struct call_entry *entry, const struct pt_regs *regs)
{
	entry->args[0] = (__u32)READ(regs, regs[0]);
	entry->args[1] = (__u32)READ(regs, regs[1]);
	entry->args[2] = (__u32)READ(regs, regs[2]);
	entry->args[3] = (__u32)READ(regs, regs[3]);
	entry->args[4] = (__u32)READ(regs, regs[4]);
	entry->args[5] = (__u32)READ(regs, regs[5]);
	return true;
}

/* r7 of a 32-bit caller. */
static __always_inline __u32 number_at_exit(const struct pt_regs *regs)
{
	return READ(regs, regs[7]);
}

#endif

/* Arguments whose meaning depends on the number of the call. */
static __always_inline void adjust_arguments(struct call_entry *entry, __u32 nr)
{
	if (entry->abi == ABI_X32)
		return;
	entry->offset32 = nr == NR_SENDFILE;
	if (entry->call == CALL_RECVMMSG) {
		/* take_timeout() */
		entry->args[5] = nr == NR_RECVMMSG_TIME64 ? 0 : entry->args[4];
		if (nr != NR_RECVMMSG_TIME64)
			entry->args[4] = 0;
	}
}

SEC("tp_btf/sys_enter")
int enter_compat(__u64 *ctx)
{
	const struct pt_regs *regs = CAST(struct pt_regs, (void *)ctx[0]);
	struct task_struct *task = current_task();
	struct call_entry entry = { .origin = ORIGIN_USER };
	__u32 nr = ctx[1];

	if (likely(!tell_call(task, &entry, regs, nr)))
		return 0;
	if (!take_arguments(&entry, regs))
		return 0;
	adjust_arguments(&entry, nr);
	return undisturbed(call_enter(task, &entry));
}

SEC("tp_btf/sys_exit")
int exit_compat(__u64 *ctx)
{
	const struct pt_regs *regs = CAST(struct pt_regs, (void *)ctx[0]);
	struct task_struct *task = current_task();
	struct call_entry entry = {};
	struct call_state *st;

	if (likely(!tell_call(task, &entry, regs, number_at_exit(regs))))
		return 0;
	st = task_state(task);
	if ((!st || st->in_call != entry.call) && !take_arguments(&entry, regs))
		return 0;
	/* Of 32-bit callers the upper half of the result says nothing. */
	return undisturbed(
		call_exit(task, entry.call, entry.abi == ABI_X32 ? ctx[1] : (__s32)ctx[1]));
}

#endif
