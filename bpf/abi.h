/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which binary interface the caller of a system call uses.
 *
 * 32-bit calls (int 0x80, sysenter, arm's) mark the task while they are under
 * way, whatever program makes them: a 64-bit one can. x32 calls are 64-bit ones
 * by number. The kernel serves both by the same functions as 64-bit calls, where
 * MSG_CMSG_COMPAT among the flags says that pointers lead to 32-bit layouts.
 */
#ifndef SENDMSGREC_ABI_H
#define SENDMSGREC_ABI_H

#include "entry.h"

#define MSG_CMSG_COMPAT 0x80000000U

#if defined(__TARGET_ARCH_x86)

#define THREAD_SIZE (16 << 10)
#define X32_SYSCALL_BIT 0x40000000
#define I386_SOCKETCALL 102

static __always_inline bool is_compat32(struct task_struct *task)
{
	return WALK(task, thread_info.status) & TS_COMPAT;
}

/* The registers with which the task has entered the kernel. */
static __always_inline const struct pt_regs *user_registers(struct task_struct *task)
{
#ifdef PORTABLE
	return READ(task, stack) + THREAD_SIZE - sizeof(struct pt_regs);
#else
	return (const struct pt_regs *)bpf_task_pt_regs(task);
#endif
}

static __always_inline bool is_x32(struct task_struct *task)
{
	return has_x32 && READ(user_registers(task), orig_ax) & X32_SYSCALL_BIT;
}

/* An argument of a 32-bit call, as its caller gave it. */
static __always_inline __u32 i386_register(const struct pt_regs *regs, int i)
{
	switch (i) {
	case 0:
		return READ(regs, bx);
	case 1:
		return READ(regs, cx);
	case 2:
		return READ(regs, dx);
	case 3:
		return READ(regs, si);
	case 4:
		return READ(regs, di);
	default:
		return READ(regs, bp);
	}
}

#else

static __always_inline bool is_compat32(struct task_struct *task)
{
	return WALK(task, thread_info.flags) >> TIF_32BIT & 1;
}

static __always_inline bool is_x32(struct task_struct *task)
{
	return false;
}

#endif

/* Which of the call's arguments are its flags. */
static __always_inline int flags_argument(__u8 call)
{
	return call == CALL_SENDMSG || call == CALL_RECVMSG ? 2 : 3;
}

/* Whether the call can be an x32 one, asked before its number is looked up: the
 * functions of two calls are the same for x32 and 64-bit callers.
 */
static __always_inline bool may_be_x32(const struct call_entry *entry)
{
	if (!has_x32)
		return false;
	if (entry->call == CALL_SENDTO || entry->call == CALL_SENDFILE)
		return true;
	return entry->args[flags_argument(entry->call)] & MSG_CMSG_COMPAT;
}

/* Who has entered the function behind a system call with these arguments. */
static __always_inline __u8 caller_abi(struct task_struct *task, const struct call_entry *entry)
{
	if (is_compat32(task))
		return ABI_COMPAT32;
	if (unlikely(may_be_x32(entry)) && is_x32(task))
		return ABI_X32;
	return ABI_64;
}

/* Turns a function's arguments into those that a caller of another ABI gave: by
 * socketcall() or by number, and without the flag that the kernel has added.
 */
static __always_inline void as_called(struct task_struct *task, struct call_entry *entry)
{
	int flags = flags_argument(entry->call);
	__u32 given = 0;

	if (entry->call == CALL_SENDFILE)
		return;
#if defined(__TARGET_ARCH_x86)
	if (entry->abi == ABI_COMPAT32) {
		const struct pt_regs *regs = user_registers(task);

		if (READ(regs, orig_ax) == I386_SOCKETCALL)
			entry->entry_path = ENTRY_SOCKETCALL;
		else
			given = i386_register(regs, flags);
	}
#endif
	if (entry->call != CALL_SENDTO)
		entry->args[flags] &= ~(__u64)MSG_CMSG_COMPAT | (given & MSG_CMSG_COMPAT);
}

#endif
