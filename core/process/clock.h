/* SPDX-License-Identifier: MIT */
/* What time it is for a process of this machine, and whether it is stopped. */
#ifndef PROCESS_CLOCK_H
#define PROCESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Its CLOCK_MONOTONIC now, in seconds: that of its time namespace (time_namespaces(7)). False if
 * it is in another one whose offset the system does not tell.
 */
bool clock_now(uint32_t pid, double *ret);

/* When it began, on the same clock, or a little before. False if that is not known. */
bool clock_began(uint32_t pid, double *ret);

/* The ticks since the system's start in the text of /proc/PID/stat, at which it began. */
bool clock_parse_start(const char *text, uint64_t *ret);

/* It is stopped by a signal or a tracer other than the debugger that we are in, or its control
 * group is frozen. */
bool clock_is_stopped(uint32_t pid);

/* The offset in the text of /proc/PID/timens_offsets. */
bool clock_parse_offset(const char *text, double *ret);

#endif
