//go:build ignore

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The kprobe tier: a kprobe and a kretprobe on the functions behind the system
 * calls.
 */
#include "function.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The two programs of a call: the function's arguments are the system call's,
 * perhaps with others behind them.
 */
#define FUNCTION_HOOKS(by, name, number)                           \
	SEC("kprobe")                                              \
	int enter_##name(struct pt_regs *ctx)                      \
	{                                                          \
		struct call_entry entry = {                        \
			.call = number,                            \
			.args = { REGS_ARGUMENTS(ctx) },           \
		};                                                 \
                                                                   \
		return by##_enter(&entry);                         \
	}                                                          \
                                                                   \
	SEC("kretprobe")                                           \
	int exit_##name(struct pt_regs *ctx)                       \
	{                                                          \
		return by##_exit(number, (__s32)REGS_RETURN(ctx)); \
	}

FUNCTION_HOOKS(function, sendmsg, CALL_SENDMSG)
FUNCTION_HOOKS(function, sendmmsg, CALL_SENDMMSG)
FUNCTION_HOOKS(function, sendto, CALL_SENDTO)
FUNCTION_HOOKS(function, recvmsg, CALL_RECVMSG)
FUNCTION_HOOKS(others, recvmmsg_compat, CALL_RECVMMSG)
FUNCTION_HOOKS(function, recvfrom, CALL_RECVFROM)

ENTRY_KPROBES(recvmmsg, CALL_RECVMMSG, false)
ENTRY_KPROBES(sendfile, CALL_SENDFILE, false)
#ifdef SENDFILE_COMPAT
ENTRY_KPROBES(sendfile_compat, CALL_SENDFILE, false)
#endif
ENTRY_KPROBES(sendfile_compat_32, CALL_SENDFILE, true)

/* The functions that execute requests to io_uring. */
#define REQUEST_HOOKS(function)                                                           \
	SEC("kprobe")                                                                     \
	int enter_##function(struct pt_regs *ctx)                                         \
	{                                                                                 \
		return request_run(CAST(struct io_kiocb, (void *)REGS_ARGUMENT(ctx, 0))); \
	}                                                                                 \
                                                                                          \
	SEC("kretprobe")                                                                  \
	int exit_##function(struct pt_regs *ctx)                                          \
	{                                                                                 \
		return request_ran((__s32)REGS_RETURN(ctx));                              \
	}

REQUEST_HOOKS(io_sendmsg)
REQUEST_HOOKS(io_sendmsg_zc)

/* 5.10: a completion that is posted at once, with its result. */
SEC("kprobe")
int enter_io_req_complete_post(struct pt_regs *ctx)
{
	return request_complete(CAST(struct io_kiocb, (void *)REGS_ARGUMENT(ctx, 0)),
				(__s32)REGS_ARGUMENT(ctx, 1));
}

SEC("kprobe")
int enter_io_dismantle_req(struct pt_regs *ctx)
{
	return request_freed(CAST(struct io_kiocb, (void *)REGS_ARGUMENT(ctx, 0)));
}

/* The functions by which the kernel sends. */
#define KERNEL_HOOKS(function)                                                                 \
	SEC("kprobe")                                                                          \
	int enter_##function(struct pt_regs *ctx)                                              \
	{                                                                                      \
		return kernel_enter(REGS_ARGUMENT(ctx, 0), REGS_ARGUMENT(ctx, 1), (__u64)ctx); \
	}                                                                                      \
                                                                                               \
	SEC("kretprobe")                                                                       \
	int exit_##function(struct pt_regs *ctx)                                               \
	{                                                                                      \
		return kernel_exit((__s32)REGS_RETURN(ctx));                                   \
	}

KERNEL_HOOKS(sock_sendmsg)
KERNEL_HOOKS(kernel_sendmsg)
