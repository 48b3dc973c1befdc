/* SPDX-License-Identifier: MIT */
/* Where a process of this machine comes from, as /proc tells: proc(5), pid_namespaces(7). */
#ifndef PROCESS_FAMILY_H
#define PROCESS_FAMILY_H

#include <stddef.h>
#include <stdint.h>

/* Its id in its own PID namespace, as it sees itself; 0 if it is not known. */
uint32_t family_inner_pid(uint32_t pid);

/*
 * 1 if it was forked and still runs the program of its parent, so that it may have copies of what
 * that had; 0 if it has called execve(2) since; -1 if that is not known.
 */
int family_is_forked(uint32_t pid);

/* How many threads it has; 0 if that is not known. */
size_t family_thread_count(uint32_t pid);

/* When it began, in seconds since 1970, a few seconds later rather than earlier; 0: not known. */
double family_started(uint32_t pid);

/*
 * Children that run Python: up to max of their ids in ret. Returns how many there are; helpers of
 * multiprocessing do not count.
 */
size_t family_python_children(uint32_t pid, uint32_t *ret, size_t max);

#endif
