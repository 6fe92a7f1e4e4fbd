/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The socket that a call uses.
 *
 * A task mostly sends on the socket of its last call, so what cannot change on a
 * socket stays in the state and is read once: type, protocol, inode, the path
 * that it is bound to. What can change (addresses, ports, peer, the limit of the
 * send buffer) is read in each call.
 */
#ifndef SENDMSGREC_SOCKET_H
#define SENDMSGREC_SOCKET_H

#include "task.h"

/* The file that the descriptor names now, or 0. */
static __always_inline __u64 file_of(struct task_struct *task, struct call_state *st)
{
	__u32 fd = st->call.sockfd;
	struct fdtable *fdt = WALK(task, files, fdt);

	st->slot = (__u64)WALK(fdt, fd) + fd * sizeof(void *);
	if (fd >= WALK(fdt, max_fds))
		return 0;
	return READ_WORD((void *)st->slot);
}

/* The same at exit: where the array is the one of the entry, so is its bound. */
static __always_inline __u64 file_again(struct task_struct *task, const struct call_state *st)
{
	struct fdtable *fdt = WALK(task, files, fdt);
	__u32 fd = st->call.sockfd;
	__u64 slot = (__u64)WALK(fdt, fd) + fd * sizeof(void *);

	if (unlikely(slot != st->slot || !st->file) && fd >= WALK(fdt, max_fds))
		return 0;
	return READ_WORD((void *)slot);
}

/* Whether the file st->file is still the socket st->sk. Files and sockets that
 * are closed can come back at the same addresses (files since 6.7 at once), but
 * a socket does not get its inode number back. The inode and the struct socket
 * are one object, and a socket keeps its sock.
 */
static __always_inline bool same_socket(const struct call_state *st)
{
	struct file *file = CAST(struct file, (void *)st->file);
	struct inode *inode = CAST(struct inode, (void *)st->inode);

	return (__u64)READ(file, private_data) == st->socket_of &&
	       READ(inode, i_ino) == st->socket.inode;
}

static __always_inline void capture_inet(struct call_state *st, struct sock *sk)
{
	__u64 *local = (__u64 *)st->socket.local_address;
	__u64 *remote = (__u64 *)st->socket.remote_address;
	__u32 ports = READ(sk, __sk_common.skc_portpair);
	__u64 address[4] = {};

	SET(st, socket.remote_port, __builtin_bswap16(ports));
	SET(st, socket.local_port, ports >> 16);
	if (st->socket.family == AF_INET) {
		__u64 pair = READ(sk, __sk_common.skc_addrpair);

		address[0] = pair >> 32;
		address[2] = (__u32)pair;
	} else {
		read_address(&address[0], sk, skc_v6_rcv_saddr);
		read_address(&address[2], sk, skc_v6_daddr);
	}
	if (unlikely(local[0] != address[0] || local[1] != address[1] || remote[0] != address[2] ||
		     remote[1] != address[3])) {
		local[0] = address[0];
		local[1] = address[1];
		remote[0] = address[2];
		remote[1] = address[3];
		st->base = 0;
	}
}

/* Copies sun_path of a bound Unix socket; returns its length, without the NUL
 * that the kernel keeps behind a path (but not behind an abstract name).
 */
static __always_inline __u32 capture_unix_path(__u8 *dst, struct unix_address *addr)
{
	__s64 len;
	__u64 last;

	if (!addr)
		return 0;
	len = (__s64)READ(addr, len) - (__s64)sizeof(unsigned short);
	if (len < 1)
		return 0;
	at_most(len, EVENT_PATH_MAX);
	if (read_kernel(dst, len,
			(void *)addr + bpf_core_field_offset(struct unix_address, name) +
				sizeof(unsigned short)))
		return 0;
	last = len - 1;
	at_most(last, EVENT_PATH_MAX - 1);
	if (dst[0] && !dst[last])
		len--;
	return len;
}

/* The number of a pid in the recorder's PID namespace, 0 when there is none. */
static __always_inline __u32 pid_number(struct pid *pid)
{
	if (!pid)
		return 0;
	if (pid_ns_level == 0)
		return READ(pid, numbers[0].nr);
	return pid_in_namespace(pid);
}

/* The pid of the peer. While a socket has a struct pid, that is nobody else's, and only
 * one that listens again gets another.
 */
static __always_inline void capture_peer_pid(struct call_state *st, struct sock *sk)
{
	struct pid *pid = READ(sk, sk_peer_pid);

	if (unlikely(st->peer_pid != (__u64)pid)) {
		st->peer_pid = (__u64)pid;
		SET(st, socket.peer_pid, pid_number(pid));
	}
}

/* A socket is bound once, so its path is that of its address. The peer's is read
 * each time: another peer can have an address at the same place.
 */
static __always_inline void capture_unix(struct call_state *st, struct sock *sk)
{
	struct unix_sock *unix_sk = CAST(struct unix_sock, sk);
	struct sock *peer = READ(unix_sk, peer);

	if (!st->local_addr) {
		struct unix_address *local = READ(unix_sk, addr);

		st->local_addr = (__u64)local;
		st->local_path_len = capture_unix_path(st->local_path, local);
	}
	capture_peer_pid(st, sk);
	SET(st, socket.has_peer, peer != NULL);
	st->remote_path_len = 0;
	if (peer)
		st->remote_path_len = capture_unix_path(st->remote_path,
							READ(CAST(struct unix_sock, peer), addr));
}

/* What can change on the socket. */
static __always_inline void refresh_sock(struct call_state *st, struct sock *sk)
{
	st->call.socket_source = SOURCE_ENTRY;
	SET(st, socket.sndbuf_limit, READ(sk, sk_sndbuf));
	if (st->socket.family == AF_UNIX) {
		capture_unix(st, sk);
	} else if (st->socket.family == AF_INET || st->socket.family == AF_INET6) {
		capture_inet(st, sk);
		if (st->socket.protocol == IPPROTO_TCP) {
			st->sndbuf_used = READ(sk, sk_wmem_queued);
			return;
		}
	}
	/* sk_wmem_alloc starts at 1: the socket's own reference. */
	st->sndbuf_used = READ(sk, sk_wmem_alloc.refs.counter) - 1;
}

/* What sk is now, for the call's record; of it the state knows nothing. */
static __always_inline void capture_sock(struct call_state *st, struct sock *sk, __u64 inode)
{
	st->sk = (__u64)sk;
	st->socket.family = READ(sk, __sk_common.skc_family);
	st->socket.type = READ(sk, sk_type);
	st->socket.protocol = READ(sk, sk_protocol);
	st->socket.inode = inode;
	refresh_sock(st, sk);
}

/* The socket that the file is, if it is one; of it the state knows nothing. */
static __always_inline void capture_file(struct call_state *st, __u64 file_address)
{
	struct file *file;
	struct inode *inode;
	struct socket *socket;
	struct sock *sk;

	st->base = 0;
	st->file = file_address;
	st->sk = 0;
	st->local_addr = 0;
	st->peer_pid = 0;
	st->sndbuf_used = -1;
	st->local_path_len = 0;
	st->remote_path_len = 0;
	__builtin_memset(&st->socket, 0, sizeof(st->socket));
	st->call.socket_source = SOURCE_NULL;
	if (!file_address)
		return;
	file = CAST(struct file, (void *)file_address);
	inode = READ(file, f_inode);
	if ((READ(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return;
	socket = CAST(struct socket, READ(file, private_data));
	/* An O_PATH descriptor of a socket in the file system has none. */
	if ((__u64)READ(socket, file) != file_address)
		return;
	st->socket_of = (__u64)socket;
	st->inode = (__u64)inode;
	sk = READ(socket, sk);
	if (sk)
		capture_sock(st, sk, READ(inode, i_ino));
}

/* IPV6_ADDRFORM makes a socket of IPv4 of one of IPv6. */
static __always_inline bool same_family(const struct call_state *st)
{
	struct sock *sk = CAST(struct sock, (void *)st->sk);

	return st->socket.family != AF_INET6 || READ(sk, __sk_common.skc_family) == AF_INET6;
}

/* The socket that the descriptor st->call.sockfd names. */
static __always_inline void capture_socket(struct task_struct *task, struct call_state *st)
{
	__u64 file = file_of(task, st);

	if (likely(file == st->file && st->sk && same_socket(st) && same_family(st)))
		refresh_sock(st, CAST(struct sock, (void *)st->sk));
	else
		capture_file(st, file);
}

/* Whether the descriptor still names the file that it named at entry. */
static __always_inline bool same_file(struct task_struct *task, const struct call_state *st)
{
	return file_again(task, st) == st->file && (!st->sk || same_socket(st));
}

/* At exit: whether the socket is still the one of the entry, and what the call
 * itself has made of it.
 */
static __always_inline void recapture_socket(struct task_struct *task, struct call_state *st)
{
	if (unlikely(!same_file(task, st))) {
		st->call.socket_source = SOURCE_RACED;
	} else if (st->sk && st->socket.local_port == 0 &&
		   (st->socket.family == AF_INET || st->socket.family == AF_INET6)) {
		/* The call itself may have bound or connected it. */
		capture_inet(st, CAST(struct sock, (void *)st->sk));
	}
}

#endif
