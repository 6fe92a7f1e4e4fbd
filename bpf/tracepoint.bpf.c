//go:build ignore

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The tracepoint tier: syscalls:sys_enter_* and sys_exit_* of the calls that
 * are recorded, attached by perf event. Works where functions cannot be probed.
 */
#include "compat.h"
#include "tasks.h"
#include "uring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The two programs of a call. syscall is the name of the system call in the
 * tracepoints.
 */
#define SYSCALL_HOOKS(name, syscall, number)                                              \
	SEC("tracepoint/syscalls/sys_enter_" #syscall)                                    \
	int enter_##name(struct sys_enter_args *ctx)                                      \
	{                                                                                 \
		struct call_entry entry = {                                               \
			.call = number,                                                   \
			.entry_path = ENTRY_SYSCALL,                                      \
			.abi = ABI_64,                                                    \
			.origin = ORIGIN_USER,                                            \
			.args = { ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], \
				  ctx->args[4], ctx->args[5] },                           \
		};                                                                        \
                                                                                          \
		return undisturbed(call_enter(current_task(), &entry));                   \
	}                                                                                 \
                                                                                          \
	SEC("tracepoint/syscalls/sys_exit_" #syscall)                                     \
	int exit_##name(struct sys_exit_args *ctx)                                        \
	{                                                                                 \
		return undisturbed(call_exit(current_task(), number, ctx->ret));          \
	}

SYSCALL_HOOKS(sendmsg, sendmsg, CALL_SENDMSG)
SYSCALL_HOOKS(sendmmsg, sendmmsg, CALL_SENDMMSG)
SYSCALL_HOOKS(sendto, sendto, CALL_SENDTO)
SYSCALL_HOOKS(recvmsg, recvmsg, CALL_RECVMSG)
SYSCALL_HOOKS(recvmmsg, recvmmsg, CALL_RECVMMSG)
SYSCALL_HOOKS(recvfrom, recvfrom, CALL_RECVFROM)
SYSCALL_HOOKS(sendfile, sendfile64, CALL_SENDFILE)
