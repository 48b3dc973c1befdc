/* SPDX-License-Identifier: MIT */
/* System calls of threads. See process/syscall.h and proc(5). */
#include "process/syscall.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool syscall_parse(const char *text, struct syscall_state *ret)
{
	long number;
	uint64_t arguments[6], sp, pc;
	int count = sscanf(text,
			   "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
			   " %" SCNx64 " %" SCNx64 " %" SCNx64,
			   &number, &arguments[0], &arguments[1], &arguments[2], &arguments[3],
			   &arguments[4], &arguments[5], &sp, &pc);
	*ret = (struct syscall_state){0};
	if (count != 9)
		return !strncmp(text, "running", strlen("running"));
	/* One with a timeout that a debugger has interrupted is restarted in another name; which it was
	 * its arguments tell. */
	bool is_futex = number == SYS_futex || number == SYS_restart_syscall;
	*ret = (struct syscall_state){
		.is_futex = is_futex,
		.has_timeout = is_futex && arguments[3],
		.first_argument = arguments[0],
		.stack_pointer = sp,
	};
	return true;
}

bool syscall_read(uint32_t pid, uint64_t tid, struct syscall_state *ret)
{
	char path[64], *text;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu64, pid, tid);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	bool found = proc_file_read(folder, "syscall", LIMIT_PROC_FILE, &text) == 0;
	close(folder);
	if (!found)
		return false;
	found = syscall_parse(text, ret);
	free(text);
	return found;
}
