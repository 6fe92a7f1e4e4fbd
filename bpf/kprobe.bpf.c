//go:build ignore

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The kprobe tier: a kprobe and a kretprobe on the functions behind the system
 * calls.
 */
#include "function.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The two programs of a call: the function's arguments are the system call's,
 * perhaps with others behind them.
 */
#define FUNCTION_HOOKS(name, number)                                   \
	SEC("kprobe")                                                  \
	int enter_##name(struct pt_regs *ctx)                          \
	{                                                              \
		struct call_entry entry = {                            \
			.call = number,                                \
			.args = { REGS_ARGUMENTS(ctx) },               \
		};                                                     \
                                                                       \
		return function_enter(&entry);                         \
	}                                                              \
                                                                       \
	SEC("kretprobe")                                               \
	int exit_##name(struct pt_regs *ctx)                           \
	{                                                              \
		return function_exit(number, (__s32)REGS_RETURN(ctx)); \
	}

FUNCTION_HOOKS(sendmsg, CALL_SENDMSG)
FUNCTION_HOOKS(sendmmsg, CALL_SENDMMSG)
FUNCTION_HOOKS(sendto, CALL_SENDTO)
FUNCTION_HOOKS(recvmsg, CALL_RECVMSG)
FUNCTION_HOOKS(recvmmsg, CALL_RECVMMSG)
FUNCTION_HOOKS(recvfrom, CALL_RECVFROM)

#define SENDFILE_HOOKS(name, offset32)                                 \
	SEC("kprobe")                                                  \
	int enter_##name(struct pt_regs *ctx)                          \
	{                                                              \
		return sendfile_enter(REGS_FIRST(ctx), offset32);      \
	}                                                              \
                                                                       \
	SEC("kretprobe")                                               \
	int exit_##name(struct pt_regs *ctx)                           \
	{                                                              \
		return function_exit(CALL_SENDFILE, REGS_RETURN(ctx)); \
	}

SENDFILE_HOOKS(sendfile, false)
#ifdef SENDFILE_COMPAT
SENDFILE_HOOKS(sendfile_compat, false)
#endif
SENDFILE_HOOKS(sendfile_compat_32, true)
