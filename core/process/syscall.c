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

/* What a system call does that a thread may be in for long. */
enum call {
	CALL_OTHER,
	CALL_FUTEX,
	/* Until something happens to a file; sleeps, without any file; both. */
	CALL_POLL,
	CALL_SLEEP,
	CALL_SELECT,
	CALL_WRITE,
};

/* Numbers are those of this machine, or -1 if it has no such call; and those of x86-64. */
struct call_number {
	long here;
	int64_t x86_64;
	enum call call;
	/* Index of the argument that is a pointer to a timeout, or in milliseconds with -1 for ever;
	 * 0 if there is none. */
	unsigned char timeout, milliseconds;
};

#ifndef SYS_epoll_wait
#define SYS_epoll_wait (-1)
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 (-1)
#endif
#ifndef SYS_poll
#define SYS_poll (-1)
#endif
#ifndef SYS_select
#define SYS_select (-1)
#endif
#ifndef SYS_futex
#define SYS_futex SYS_futex_time64
#endif

/* One with a timeout that a debugger has interrupted is restarted in another name; which it was
 * its arguments tell. */
static const struct call_number call_numbers[] = {
	{SYS_futex, 202, CALL_FUTEX, 3, 0},
	{SYS_restart_syscall, 219, CALL_FUTEX, 3, 0},
	{SYS_epoll_wait, 232, CALL_POLL, 0, 3},
	{SYS_epoll_pwait, 281, CALL_POLL, 0, 3},
	{SYS_epoll_pwait2, 441, CALL_POLL, 0, 0},
	{SYS_poll, 7, CALL_POLL, 0, 2},
	{SYS_ppoll, 271, CALL_POLL, 0, 0},
	{SYS_select, 23, CALL_SELECT, 4, 0},
	{SYS_pselect6, 270, CALL_SELECT, 4, 0},
	{SYS_nanosleep, 35, CALL_SLEEP, 0, 0},
	{SYS_clock_nanosleep, 230, CALL_SLEEP, 0, 0},
	{SYS_write, 1, CALL_WRITE, 0, 0},
	{SYS_writev, 20, CALL_WRITE, 0, 0},
	{SYS_sendto, 44, CALL_WRITE, 0, 0},
};

static const struct call_number *find_call(int64_t number, bool is_here)
{
	static const struct call_number other = {0};
	for (size_t i = 0; i < sizeof(call_numbers) / sizeof(call_numbers[0]); i++) {
		const struct call_number *call = &call_numbers[i];
		if (number >= 0 && number == (is_here ? call->here : call->x86_64))
			return call;
	}
	return &other;
}

static struct syscall_state state_of(const struct aiodbg_syscall *syscall, bool is_here)
{
	const struct call_number *call = find_call(syscall->number, is_here);
	const uint64_t *arguments = syscall->arguments;
	bool has_timeout = call->timeout && arguments[call->timeout];
	/* Up to 3.10 time.sleep() is select(2) without files; with some, a loop looks again. */
	if (call->call == CALL_SELECT)
		has_timeout &= !arguments[0];
	if (call->milliseconds)
		has_timeout = (int32_t)arguments[call->milliseconds] >= 0;
	return (struct syscall_state){
		.is_futex = call->call == CALL_FUTEX,
		.is_poll = call->call == CALL_POLL || call->call == CALL_SELECT,
		.is_write = call->call == CALL_WRITE,
		.has_timeout = has_timeout || call->call == CALL_SLEEP,
		.is_running = syscall->number < 0,
		.first_argument = arguments[0],
		.stack_pointer = syscall->stack_pointer,
	};
}

bool syscall_parse(const char *text, struct syscall_state *ret)
{
	struct aiodbg_syscall syscall;
	uint64_t pc, *arguments = syscall.arguments;
	int count = sscanf(text,
			   "%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
			   " %" SCNx64 " %" SCNx64 " %" SCNx64,
			   &syscall.number, &arguments[0], &arguments[1], &arguments[2],
			   &arguments[3], &arguments[4], &arguments[5], &syscall.stack_pointer,
			   &pc);
	*ret = (struct syscall_state){0};
	if (count != 9) {
		ret->is_running = !strncmp(text, "running", strlen("running"));
		return ret->is_running;
	}
	*ret = state_of(&syscall, true);
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

static bool read_of_process(uint32_t pid, uint64_t tid, struct syscall_state *ret)
{
	char *text;
	if (!read_thread_file(pid, tid, "syscall", &text))
		return false;
	bool known = syscall_parse(text, ret);
	free(text);
	return known;
}

bool syscall_read(const struct aiodbg_target *target, uint64_t tid, struct syscall_state *ret)
{
	struct aiodbg_syscall syscall;
	if (!tid)
		return false;
	if (target->local_pid)
		return read_of_process(target->local_pid, tid, ret);
	if (!target->find_syscall || target->find_syscall(target->ctx, tid, &syscall))
		return false;
	*ret = state_of(&syscall, false);
	/* What it was in for a moment had returned before it stopped. */
	ret->was_asleep = syscall.number >= 0;
	return true;
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
	if (!read_of_process(child, child, &state) || !state.is_write ||
	    !read_file_name(pid, fd, ours, sizeof(ours)) ||
	    !read_file_name(child, state.first_argument, theirs, sizeof(theirs)))
		return false;
	return !strcmp(ours, theirs);
}

static bool is_child(uint32_t pid, uint32_t child)
{
	char *text;
	if (!read_thread_file(child, child, "status", &text))
		return false;
	bool is = proc_file_number(text, "PPid") == pid;
	free(text);
	return is;
}

bool syscall_child_goes_on(uint32_t pid, uint32_t child)
{
	struct syscall_state state;
	return is_child(pid, child) && read_of_process(child, child, &state) &&
	       (state.is_running || state.has_timeout);
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
