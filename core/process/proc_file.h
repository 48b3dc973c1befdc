/* SPDX-License-Identifier: MIT */
/* Files in /proc, which have no size before they are read. */
#ifndef PROCESS_PROC_FILE_H
#define PROCESS_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read a whole file of the open folder, of at most max bytes; what is beyond is left out.
 * *ret is NUL-terminated and to be freed. Returns 0 or an errno value.
 */
int proc_file_read(int folder, const char *name, size_t max, char **ret);

/* Behind "key:" at the start of a line of a file such as /proc/PID/status; NULL if not there. */
const char *proc_file_field(const char *text, const char *key);

/* The number behind that key; 0: there is none. */
uint32_t proc_file_number(const char *text, const char *key);

/*
 * Call visit() for each thread of a process, with the open folder that has a folder for each, and the name
 * of that. Returns whether all were visited: not if visit() has returned false, if there are more than
 * LIMIT_THREADS_WATCHED, or if the process is gone.
 */
typedef bool proc_thread_fn(int folder, const char *tid, void *arg);
bool proc_file_visit_threads(uint32_t pid, proc_thread_fn *visit, void *arg);

/* Open a file of that folder for reading, but nothing other than a regular one: opening others may
 * do something. Returns -1 on failure. */
int proc_file_open_regular(int folder, const char *name);

#endif
