/* SPDX-License-Identifier: MIT */
/* What a process has written and nobody has taken yet, beside what it still has itself. */
#ifndef PROCESS_BACKLOG_H
#define PROCESS_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes that the system has of a socket's or pipe's, for whoever reads at the other end. It is asked at a
 * duplicate of the process's file, which is closed at once. False if it does not tell: before Linux 5.6,
 * without the right to trace the process, for other files.
 */
bool backlog_read(uint32_t pid, uint64_t fd, int64_t *ret);

/* The same of a file of this process. */
bool backlog_read_own(int fd, int64_t *ret);

#endif
