//go:build ignore

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The fentry tier: the entry and the return of the functions behind the system
 * calls, by BPF trampolines.
 */
#define PREEMPTIBLE
#include "function.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The verifier of 5.10 lets programs load pointers to structures only: not the
 * last argument of recvfrom.
 */
static __always_inline void take_argument(struct call_entry *entry, const __u64 *ctx, const int i)
{
	if (entry->call == CALL_RECVFROM && i == 5)
		read_kernel(&entry->args[i], sizeof(entry->args[i]), &ctx[i]);
	else
		entry->args[i] = ctx[i];
}

/* The two programs of a call: the function's arguments are the system call's,
 * perhaps with others behind them; its result comes behind all of them. Of
 * recvmmsg's, the sixth is a timeout of 32-bit numbers instead of the fifth.
 */
#define FUNCTION_HOOKS(by, name, number, function, system_call_args, function_args) \
	SEC("fentry/" #function)                                                    \
	int enter_##name(__u64 *ctx)                                                \
	{                                                                           \
		struct call_entry entry = { .call = number };                       \
                                                                                    \
		for (int i = 0; i < (system_call_args); i++)                        \
			take_argument(&entry, ctx, i);                              \
		return by##_enter(&entry);                                          \
	}                                                                           \
                                                                                    \
	SEC("fexit/" #function)                                                     \
	int exit_##name(__u64 *ctx)                                                 \
	{                                                                           \
		return by##_exit(number, (__s32)ctx[function_args]);                \
	}

FUNCTION_HOOKS(function, sendmsg, CALL_SENDMSG, __sys_sendmsg, 3, 4)
FUNCTION_HOOKS(function, sendmmsg, CALL_SENDMMSG, __sys_sendmmsg, 4, 5)
FUNCTION_HOOKS(function, sendto, CALL_SENDTO, __sys_sendto, 6, 6)
FUNCTION_HOOKS(function, recvmsg, CALL_RECVMSG, __sys_recvmsg, 3, 4)
FUNCTION_HOOKS(others, recvmmsg_compat, CALL_RECVMMSG, __sys_recvmmsg, 6, 6)
FUNCTION_HOOKS(function, recvfrom, CALL_RECVFROM, __sys_recvfrom, 6, 6)

/* The entry of a system call. The verifier of 5.10 does not let a program load a
 * pointer to registers whose type the entry's file knows by name only.
 */
#define FUNCTION(kind, function) FUNCTION_(kind, function)
#define FUNCTION_(kind, function) SEC(kind "/" #function)

#define ENTRY_HOOKS(name, number, function, offset32)                \
	FUNCTION("fentry", function)                                 \
	int enter_##name(__u64 *ctx)                                 \
	{                                                            \
		__u64 registers = 0;                                 \
                                                                     \
		read_kernel(&registers, sizeof(registers), ctx);     \
		return registers_enter(registers, number, offset32); \
	}                                                            \
                                                                     \
	FUNCTION("fexit", function)                                  \
	int exit_##name(__u64 *ctx)                                  \
	{                                                            \
		return function_exit(number, (__s64)ctx[1]);         \
	}

ENTRY_HOOKS(recvmmsg, CALL_RECVMMSG, RECVMMSG_64, false)
/* For kernels whose BTF has the entry's name twice (6.1: that of kernels without
 * the call, too), so that no program can be attached to it by name.
 */
ENTRY_KPROBES(recvmmsg_kprobe, CALL_RECVMMSG, false)
ENTRY_HOOKS(sendfile, CALL_SENDFILE, SENDFILE_64, false)
#ifdef SENDFILE_COMPAT
ENTRY_HOOKS(sendfile_compat, CALL_SENDFILE, SENDFILE_COMPAT, false)
#endif
ENTRY_HOOKS(sendfile_compat_32, CALL_SENDFILE, SENDFILE_COMPAT_32, true)

/* The functions that execute requests to io_uring. */
#define REQUEST_HOOKS(function)                     \
	SEC("fentry/" #function)                    \
	int enter_##function(__u64 *ctx)            \
	{                                           \
		return request_run((void *)ctx[0]); \
	}                                           \
                                                    \
	SEC("fexit/" #function)                     \
	int exit_##function(__u64 *ctx)             \
	{                                           \
		return request_ran((__s32)ctx[2]);  \
	}

REQUEST_HOOKS(io_sendmsg)
REQUEST_HOOKS(io_sendmsg_zc)

/* 5.10: a completion that is posted at once, with its result. */
SEC("fentry/io_req_complete_post")
int enter_io_req_complete_post(__u64 *ctx)
{
	return request_complete((void *)ctx[0], (__s32)ctx[1]);
}

SEC("fentry/io_dismantle_req")
int enter_io_dismantle_req(__u64 *ctx)
{
	return request_freed((void *)ctx[0]);
}

/* The functions by which the kernel sends. */
#define KERNEL_HOOKS(function, args)                             \
	SEC("fentry/" #function)                                 \
	int enter_##function(__u64 *ctx)                         \
	{                                                        \
		return kernel_enter(ctx[0], ctx[1], (__u64)ctx); \
	}                                                        \
                                                                 \
	SEC("fexit/" #function)                                  \
	int exit_##function(__u64 *ctx)                          \
	{                                                        \
		return kernel_exit((__s32)ctx[args]);            \
	}

KERNEL_HOOKS(sock_sendmsg, 2)
KERNEL_HOOKS(kernel_sendmsg, 5)
