/* SPDX-License-Identifier: MIT */
/* The system call that a thread of this machine is in: /proc/PID/task/TID/syscall. */
#ifndef PROCESS_SYSCALL_H
#define PROCESS_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

struct syscall_state {
	/* It sleeps in futex(2), whose first argument is the address that it waits at. */
	bool is_futex;
	/* It sleeps until something happens to one of its files: poll(2), select(2), epoll_wait(2). */
	bool is_poll;
	/* It writes to the file that is the first argument. */
	bool is_write;
	/* It goes on after a while. */
	bool has_timeout;
	uint64_t first_argument, stack_pointer;
};

/* False if the system does not tell. A thread that is in none sleeps in none. */
bool syscall_read(uint32_t pid, uint64_t tid, struct syscall_state *ret);

/* The same of the text of that file. */
bool syscall_parse(const char *text, struct syscall_state *ret);

/* Whether the main thread of a child waits to write to the pipe whose other end the process has as
 * that file. */
bool syscall_writes_to(uint32_t pid, uint64_t fd, uint32_t child);

/* How often the thread has waited for something so far, rather than been interrupted. False if the
 * system does not tell. */
bool syscall_count_waits(uint32_t pid, uint64_t tid, uint64_t *ret);

/* For how many seconds the thread has been kept waiting for a processor so far. False if the system
 * does not tell. */
bool syscall_run_delay(uint32_t pid, uint64_t tid, double *ret);

#endif
