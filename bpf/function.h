/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the tiers that hook functions have in common. A function like
 * __sys_sendmsg serves callers of every ABI, so that the hook has to ask which
 * one it is. sendfile has no such function, and 64-bit callers of recvmmsg do not
 * come by theirs where the compiler has made it part of the system call's entry
 * (5.10): of these the entry itself is hooked, whose only argument is the caller's
 * registers.
 */
#ifndef SENDMSGREC_FUNCTION_H
#define SENDMSGREC_FUNCTION_H

#include "abi.h"
#include "tasks.h"

#if defined(__TARGET_ARCH_x86)
#define SENDFILE_64 __x64_sys_sendfile64      /* of 64-bit and x32 callers */
#define SENDFILE_COMPAT __ia32_sys_sendfile64 /* of 32-bit callers, by two numbers */
#define SENDFILE_COMPAT_32 __ia32_compat_sys_sendfile
#define RECVMMSG_64 __x64_sys_recvmmsg
#else
#define SENDFILE_64 __arm64_sys_sendfile64 /* of 64-bit and 32-bit callers */
#define SENDFILE_COMPAT_32 __arm64_compat_sys_sendfile
#define RECVMMSG_64 __arm64_sys_recvmmsg
#endif

static __always_inline bool is_64bit(struct task_struct *task)
{
	return !is_compat32(task) && !is_x32(task);
}

static __always_inline int function_enter(struct call_entry *entry)
{
	struct task_struct *task = current_task();

	entry->entry_path = ENTRY_SYSCALL;
	entry->origin = ORIGIN_USER;
	entry->abi = caller_abi(task, entry);
	if (unlikely(entry->abi != ABI_64)) {
		if (!watch_compat)
			return 0;
		as_called(task, entry);
	}
	return call_enter(task, entry);
}

static __always_inline int function_exit(__u8 call, __s64 ret)
{
	struct task_struct *task = current_task();

	if (!watch_compat && !is_64bit(task))
		return 0;
	return call_exit(task, call, ret);
}

/* The same of a function by which 64-bit callers need not come. */
static __always_inline int others_enter(struct call_entry *entry)
{
	return is_64bit(current_task()) ? 0 : function_enter(entry);
}

static __always_inline int others_exit(__u8 call, __s64 ret)
{
	return is_64bit(current_task()) ? 0 : function_exit(call, ret);
}

/* The entry of a system call of at most five arguments, of a caller with the
 * registers that stand there.
 */
static __always_inline int registers_enter(__u64 registers, __u8 call, bool offset32)
{
	const struct pt_regs *regs = CAST(struct pt_regs, (void *)registers);
	struct call_entry entry = { .call = call, .offset32 = offset32 };

#if defined(__TARGET_ARCH_x86)
	if (is_compat32(current_task())) {
		entry.args[0] = i386_register(regs, 0);
		entry.args[1] = i386_register(regs, 1);
		entry.args[2] = i386_register(regs, 2);
		entry.args[3] = i386_register(regs, 3);
		entry.args[4] = i386_register(regs, 4);
	} else {
		entry.args[0] = READ(regs, di);
		entry.args[1] = READ(regs, si);
		entry.args[2] = READ(regs, dx);
		entry.args[3] = READ(regs, r10);
		entry.args[4] = READ(regs, r8);
	}
#else
	entry.args[0] = READ(regs, regs[0]);
	entry.args[1] = READ(regs, regs[1]);
	entry.args[2] = READ(regs, regs[2]);
	entry.args[3] = READ(regs, regs[3]);
	entry.args[4] = READ(regs, regs[4]);
#endif
	return function_enter(&entry);
}

/* Its kprobe and kretprobe. */
#define ENTRY_KPROBES(name, number, offset32)                              \
	SEC("kprobe")                                                      \
	int enter_##name(struct pt_regs *ctx)                              \
	{                                                                  \
		return registers_enter(REGS_FIRST(ctx), number, offset32); \
	}                                                                  \
                                                                           \
	SEC("kretprobe")                                                   \
	int exit_##name(struct pt_regs *ctx)                               \
	{                                                                  \
		return function_exit(number, (__s64)REGS_RETURN(ctx));     \
	}

#endif
