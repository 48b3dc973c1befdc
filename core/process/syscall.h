/* SPDX-License-Identifier: MIT */
/* The system calls that threads are in: /proc/PID/task/TID/syscall, or registers in a core. */
#ifndef PROCESS_SYSCALL_H
#define PROCESS_SYSCALL_H

#include "aiodbg.h"

#include <stdbool.h>

struct syscall_state {
	/* It sleeps in futex(2), whose first argument is the address that it waits at. */
	bool is_futex;
	/* It sleeps until something happens to one of its files: poll(2), select(2), epoll_wait(2). */
	bool is_poll;
	/* It writes to the file that is the first argument. */
	bool is_write;
	/* It goes on after a while; it runs, in no system call. */
	bool has_timeout, is_running;
	/* Of a core: it was asleep in the call, whichever that is. */
	bool was_asleep;
	uint64_t first_argument, stack_pointer;
};

/* Of a thread of the target: a process of this machine, or a core that tells. False if that is not
 * known. A thread that is in none sleeps in none. */
bool syscall_read(const struct aiodbg_target *target, uint64_t tid, struct syscall_state *ret);

/* The same of the text of that file. */
bool syscall_parse(const char *text, struct syscall_state *ret);

/* Whether the main thread of a child waits to write to the pipe whose other end the process has as
 * that file. */
bool syscall_writes_to(uint32_t pid, uint64_t fd, uint32_t child);

/* Whether the main thread of a process goes on by itself: it runs, or sleeps for a while. False if the
 * system does not tell, or tells of another process than a child of pid. */
bool syscall_child_goes_on(uint32_t pid, uint32_t child);

/* How often the thread has waited for something so far, rather than been interrupted. False if the
 * system does not tell. */
bool syscall_count_waits(uint32_t pid, uint64_t tid, uint64_t *ret);

/* What a thread has had of the processors so far, in seconds. */
struct thread_time {
	double ran;
	/* It was kept waiting for one; without the time since is_ready. */
	double waited;
	/* It runs, or waits for a processor. */
	bool is_ready;
};

/* False if the system does not tell. */
bool syscall_thread_time(uint32_t pid, uint64_t tid, struct thread_time *ret);

/* The same of the text of /proc/PID/task/TID/stat and schedstat. */
bool syscall_parse_time(const char *stat, const char *schedstat, struct thread_time *ret);

/*
 * Of the seconds between two such times, those in which the thread could do what it wanted to,
 * at least. For how long one has been waiting that is ready at the end is not known.
 */
double syscall_time_had(const struct thread_time *first, const struct thread_time *last,
			double seconds);

#endif
