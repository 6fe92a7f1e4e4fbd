/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the tiers that hook functions have in common. A function like
 * __sys_sendmsg serves callers of every ABI, so that the hook has to ask the
 * task which one it is.
 */
#ifndef SENDMSGREC_FUNCTION_H
#define SENDMSGREC_FUNCTION_H

#include "tasks.h"

static __always_inline __u8 caller_abi(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	if (READ(task, thread_info.status) & TS_COMPAT)
		return ABI_COMPAT32;
#else
	if (READ(task, thread_info.flags) >> TIF_32BIT & 1)
		return ABI_COMPAT32;
#endif
	return ABI_64;
}

static __always_inline int function_enter(struct call_entry *entry)
{
	entry->abi = caller_abi(current_task());
	if (entry->abi != ABI_64)
		return 0;
	entry->entry_path = ENTRY_SYSCALL;
	entry->origin = ORIGIN_USER;
	return call_enter(entry);
}

static __always_inline int function_exit(__u8 call, __s64 ret)
{
	if (caller_abi(current_task()) != ABI_64)
		return 0;
	return call_exit(call, ret);
}

#endif
