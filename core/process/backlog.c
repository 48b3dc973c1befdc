/* SPDX-License-Identifier: MIT */
/* Bytes that are on their way. See process/backlog.h, pidfd_getfd(2), unix(7), tcp(7), pipe(7). */
#include "process/backlog.h"

#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on all machines; and TIOCOUTQ is SIOCOUTQ of the kernel's headers. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

bool backlog_read_own(int fd, int64_t *ret)
{
	struct stat status;
	int bytes;
	if (fstat(fd, &status))
		return false;
	/* Both ends of a pipe have its bytes; of a socket it is those that it has sent. */
	if (!S_ISSOCK(status.st_mode) && !S_ISFIFO(status.st_mode))
		return false;
	if (ioctl(fd, S_ISSOCK(status.st_mode) ? TIOCOUTQ : FIONREAD, &bytes))
		return false;
	*ret = bytes;
	return true;
}

bool backlog_read(uint32_t pid, uint64_t fd, int64_t *ret)
{
	if (fd > INT_MAX)
		return false;
	int process = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (process < 0)
		return false;
	int copy = (int)syscall(SYS_pidfd_getfd, process, (int)fd, 0);
	bool known = copy >= 0 && backlog_read_own(copy, ret);
	if (copy >= 0)
		close(copy);
	close(process);
	return known;
}
