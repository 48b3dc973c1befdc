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

/* Machines have some of these only. */
static bool is_poll(long number)
{
	static const long numbers[] = {
#ifdef SYS_epoll_wait
		SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait2
		SYS_epoll_pwait2,
#endif
#ifdef SYS_poll
		SYS_poll,
#endif
#ifdef SYS_select
		SYS_select,
#endif
		SYS_epoll_pwait,  SYS_ppoll, SYS_pselect6,
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] == number)
			return true;
	}
	return false;
}

/* The argument in which poll(2) and epoll_wait(2) have their milliseconds, -1 for ever; or -1. */
static int timeout_argument(long number)
{
#ifdef SYS_poll
	if (number == SYS_poll)
		return 2;
#endif
#ifdef SYS_epoll_wait
	if (number == SYS_epoll_wait)
		return 3;
#endif
	return number == SYS_epoll_pwait ? 3 : -1;
}

static bool is_sleep(long number, const uint64_t *arguments)
{
	/* Up to 3.10 time.sleep() is select(2) without files. */
#ifdef SYS_select
	if (number == SYS_select)
		return !arguments[0] && arguments[4];
#endif
	if (number == SYS_pselect6)
		return !arguments[0] && arguments[4];
	return number == SYS_nanosleep || number == SYS_clock_nanosleep;
}

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
	if (count != 9) {
		ret->is_running = !strncmp(text, "running", strlen("running"));
		return ret->is_running;
	}
	/* One with a timeout that a debugger has interrupted is restarted in another name; which it was
	 * its arguments tell. */
	bool is_futex = number == SYS_futex || number == SYS_restart_syscall;
	int timeout = timeout_argument(number);
	*ret = (struct syscall_state){
		.is_futex = is_futex,
		.is_poll = is_poll(number),
		.is_write = number == SYS_write || number == SYS_writev || number == SYS_sendto,
		.has_timeout = (is_futex && arguments[3]) || is_sleep(number, arguments) ||
			       (timeout >= 0 && (int32_t)arguments[timeout] >= 0),
		.first_argument = arguments[0],
		.stack_pointer = sp,
	};
	return true;
}

static bool read_thread_file(uint32_t pid, uint64_t tid, const char *name, char **ret)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu64, pid, tid);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	bool found = proc_file_read(folder, name, LIMIT_PROC_FILE, ret) == 0;
	close(folder);
	return found;
}

bool syscall_read(uint32_t pid, uint64_t tid, struct syscall_state *ret)
{
	char *text;
	if (!read_thread_file(pid, tid, "syscall", &text))
		return false;
	bool known = syscall_parse(text, ret);
	free(text);
	return known;
}

/* "pipe:[4711]": the same for both ends of a pipe. */
static bool read_file_name(uint32_t pid, uint64_t fd, char *ret, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu64, pid, fd);
	ssize_t len = readlink(path, ret, size - 1);
	ret[len < 0 ? 0 : len] = '\0';
	return len > 0;
}

bool syscall_writes_to(uint32_t pid, uint64_t fd, uint32_t child)
{
	struct syscall_state state;
	char ours[64], theirs[64];
	if (!syscall_read(child, child, &state) || !state.is_write ||
	    !read_file_name(pid, fd, ours, sizeof(ours)) ||
	    !read_file_name(child, state.first_argument, theirs, sizeof(theirs)))
		return false;
	return !strcmp(ours, theirs);
}

bool syscall_count_waits(uint32_t pid, uint64_t tid, uint64_t *ret)
{
	char *text;
	if (!read_thread_file(pid, tid, "status", &text))
		return false;
	const char *field = proc_file_field(text, "voluntary_ctxt_switches");
	if (field)
		*ret = strtoull(field, NULL, 10);
	free(text);
	return field != NULL;
}

bool syscall_parse_time(const char *stat, const char *schedstat, struct thread_time *ret)
{
	uint64_t ran, waited;
	/* The name of a thread may have anything in it. */
	const char *name_end = strrchr(stat, ')');
	char state;
	if (!name_end || sscanf(name_end + 1, " %c", &state) != 1)
		return false;
	/* Nanoseconds. */
	if (sscanf(schedstat, "%" SCNu64 " %" SCNu64, &ran, &waited) != 2)
		return false;
	*ret = (struct thread_time){(double)ran * 1e-9, (double)waited * 1e-9, state == 'R'};
	return true;
}

bool syscall_thread_time(uint32_t pid, uint64_t tid, struct thread_time *ret)
{
	char *stat, *schedstat;
	if (!read_thread_file(pid, tid, "stat", &stat))
		return false;
	bool known = read_thread_file(pid, tid, "schedstat", &schedstat);
	if (known) {
		known = syscall_parse_time(stat, schedstat, ret);
		free(schedstat);
	}
	free(stat);
	return known;
}

double syscall_time_had(const struct thread_time *first, const struct thread_time *last,
			double seconds)
{
	double had = last->is_ready ? last->ran - first->ran
				    : seconds - (last->waited - first->waited);
	return had < 0 ? 0 : had < seconds ? had : seconds;
}
