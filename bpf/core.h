/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The parts of kernel types that the programs read, relocated against the
 * running kernel's BTF when they are loaded (CO-RE), and the helpers used.
 */
#ifndef SENDMSGREC_CORE_H
#define SENDMSGREC_CORE_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define NULL ((void *)0)
#define true 1
#define false 0

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1U << 0,
	BPF_F_MMAPABLE = 1U << 10,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1ULL << 0,
	BPF_RB_FORCE_WAKEUP = 1ULL << 1,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define UIO_MAXIOV 1024
#define EFAULT 14

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Runs turn(i, context) for i = 0 to turns - 1, until it returns 1. A loop in C the
 * verifier walks turn by turn, the helper's turns once, and its context takes less
 * stack. It came with 5.17: where the typed and the mixed build find none, the
 * portable one is taken.
 */
typedef long (*turn_fn)(__u32 i, void *context);

static __always_inline void repeat(const __u32 turns, const turn_fn turn, void *context)
{
#ifndef PORTABLE
	bpf_loop(turns, turn, context, 0);
#else
	for (__u32 i = 0; i < turns; i++)
		if (turn(i, context))
			return;
#endif
}

/* Bounds a number for the verifier in the register in which it is used next:
 * what the compiler makes of a comparison in C, older ones cannot follow.
 */
#define at_most(x, max) asm volatile("if %0 <= %1 goto +1; %0 = %1" : "+r"(x) : "ri"((__u64)(max)))

/* Shows the verifier that a number is a multiple of 8, which it asks of an offset
 * into the stack.
 */
#define word_aligned(x) asm volatile("%0 &= -8" : "+r"(x))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct ns_common {
	__u32 inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	__u32 level;
	struct upid numbers[1];
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct net *net_ns;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
};

struct file {
	void *private_data;
	struct inode *f_inode;
};

struct fdtable {
	__u32 max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

#if defined(__TARGET_ARCH_x86)
#define TS_COMPAT 2 /* a 32-bit system call is under way */

struct thread_info {
	__u32 status;
};
#else
#define TIF_32BIT 22 /* a 32-bit task */

struct thread_info {
	unsigned long flags;
};
#endif

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct signal_struct {
	struct sigpending shared_pending;
};

#define PF_IO_WORKER 0x10 /* a thread of io_uring's, of the process that it works for */
#define PF_KTHREAD 0x200000

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	void *stack;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	struct sigpending pending;
};

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u64 skc_addrpair; /* IPv4: the remote address, behind it the local one */
	__u32 skc_portpair; /* the remote port, as sent, behind it the local one */
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	int sk_wmem_queued;
	refcount_t sk_wmem_alloc;
	__u16 sk_protocol;
	__u16 sk_type;
	int sk_sndbuf;
	struct pid *sk_peer_pid;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

/* See READ_WORD. */
struct io_ring_ctx {
	unsigned int compat : 1;
};

/* 7.3 has it among flags. */
struct io_ring_ctx___flags {
	unsigned int int_flags;
};

struct io_cqe {
	__u64 user_data;
	__s32 res;
	int fd;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	__u64 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
};

/* What 5.10 has in place of cqe. */
struct io_kiocb___5_10 {
	__u64 user_data;
	__s32 result;
};

struct io_sr_msg {
	void *umsg;
	unsigned int msg_flags;
};

struct io_uring_cqe {
	__s32 res;
};

enum iter_type {
	ITER_KVEC = 1,
	ITER_BVEC = 2,
};

struct iov_iter {
	__u8 iter_type;
	unsigned long count;
	const void *kvec;
	unsigned long nr_segs;
};

/* iter_type and the direction, as 5.10 has them. */
struct iov_iter___5_10 {
	unsigned int type;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;
	unsigned int msg_flags;
	unsigned long msg_controllen;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

/* The verifier's. Kernels that have might_sleep let global functions be called while
 * preemption is off.
 */
struct bpf_subprog_info {
	bool might_sleep : 1;
};

struct bpf_iter_meta {
	__u64 seq_num;
};

struct timespec64 {
	__s64 tv_sec;
};

#pragma clang attribute pop

/* Since 6.2: reads through the result are checked by the JIT's exception
 * table, not by a helper call; the verifier gives them the type's layout.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* Since 6.10. */
extern void bpf_preempt_disable(void) __weak __ksym;
extern void bpf_preempt_enable(void) __weak __ksym;

/* What the syscalls:sys_enter_* and sys_exit_* tracepoints hand over. */
struct sys_enter_args {
	__u64 common;
	__s64 nr;
	__u64 args[6];
};

struct sys_exit_args {
	__u64 common;
	__s64 nr;
	__s64 ret;
};

/* What kprobes hand over: the registers, with a function's arguments. And what
 * stands on a task's stack while it is in a system call: its caller's.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

#define REGS_ARGUMENTS(regs) (regs)->di, (regs)->si, (regs)->dx, (regs)->cx, (regs)->r8, (regs)->r9
#define REGS_FIRST(regs) (regs)->di
#define REGS_RETURN(regs) (regs)->ax
#define REGS_ARGUMENT(regs, i) ((i) == 0 ? (regs)->di : (regs)->si)
#else
struct pt_regs {
	__u64 regs[31];
};

#define REGS_ARGUMENTS(r) \
	(r)->regs[0], (r)->regs[1], (r)->regs[2], (r)->regs[3], (r)->regs[4], (r)->regs[5]
#define REGS_FIRST(r) (r)->regs[0]
#define REGS_RETURN(r) (r)->regs[0]
#define REGS_ARGUMENT(r, i) (r)->regs[i]
#endif

/* Layouts that user space fixed for ever. */
struct user_msghdr {
	__u64 msg_name;
	__s32 msg_namelen;
	__u32 pad0;
	__u64 msg_iov;
	__u64 msg_iovlen;
	__u64 msg_control;
	__u64 msg_controllen;
	__u32 msg_flags;
	__u32 pad1;
};

struct user_mmsghdr {
	struct user_msghdr msg_hdr;
	__u32 msg_len;
	__u32 pad;
};

/* The same for 32-bit and x32 callers. */
struct compat_msghdr {
	__u32 msg_name;
	__s32 msg_namelen;
	__u32 msg_iov;
	__u32 msg_iovlen;
	__u32 msg_control;
	__u32 msg_controllen;
	__u32 msg_flags;
};

struct compat_mmsghdr {
	struct compat_msghdr msg_hdr;
	__u32 msg_len;
};

struct compat_iovec {
	__u32 base;
	__u32 len;
};

#endif
