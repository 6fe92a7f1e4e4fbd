/* Sends through io_uring as liburing has it: two messages, the second with a
 * descriptor, in one submission.
 */
#include <liburing.h>
#include <string.h>
#include <sys/socket.h>

int main(void)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, buffer[32];
	struct iovec iov[2] = { { "first", 5 }, { "second", 6 } };
	struct msghdr messages[2] = { { .msg_iov = &iov[0], .msg_iovlen = 1 },
				      { .msg_iov = &iov[1], .msg_iovlen = 1 } };
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct cmsghdr *cmsg;
	int pair[2], zero = 0;

	if (io_uring_queue_init(4, &ring, 0) || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	messages[1].msg_control = control;
	messages[1].msg_controllen = sizeof(control);
	cmsg = CMSG_FIRSTHDR(&messages[1]);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &zero, sizeof(zero));
	for (int i = 0; i < 2; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		io_uring_prep_sendmsg(sqe, pair[0], &messages[i], MSG_NOSIGNAL);
		io_uring_sqe_set_data64(sqe, 100 + i);
	}
	if (io_uring_submit_and_wait(&ring, 2) != 2)
		return 2;
	for (int i = 0; i < 2; i++) {
		if (io_uring_wait_cqe(&ring, &cqe) || cqe->res != (cqe->user_data == 100 ? 5 : 6))
			return 3;
		io_uring_cqe_seen(&ring, cqe);
	}
	return recv(pair[1], buffer, sizeof(buffer), 0) != 5;
}
