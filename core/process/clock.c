/* SPDX-License-Identifier: MIT */
/* Clocks and stopped processes. See process/clock.h. */
#include "process/clock.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool read_file(const char *folder_path, const char *name, char **ret)
{
	int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	int error = proc_file_read(folder, name, LIMIT_PROC_FILE, ret);
	close(folder);
	return !error;
}

bool clock_parse_offset(const char *text, double *ret)
{
	long long seconds;
	long nanoseconds;
	if (sscanf(text, "monotonic %lld %ld", &seconds, &nanoseconds) != 2)
		return false;
	*ret = (double)seconds + (double)nanoseconds / 1e9;
	return true;
}

/* 0 where there are no time namespaces. */
static bool read_offset(const char *folder, double *ret)
{
	char *text;
	*ret = 0;
	if (!read_file(folder, "timens_offsets", &text))
		return true;
	bool known = clock_parse_offset(text, ret);
	free(text);
	return known;
}

bool clock_now(uint32_t pid, double *ret)
{
	char folder[32];
	double offset, own;
	struct timespec now;
	snprintf(folder, sizeof(folder), "/proc/%" PRIu32, pid);
	if (!read_offset(folder, &offset) || !read_offset("/proc/self", &own) ||
	    clock_gettime(CLOCK_MONOTONIC, &now))
		return false;
	*ret = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + offset - own;
	return true;
}

/* "0::/path" in /proc/PID/cgroup is its control group (cgroups(7)). */
static bool is_frozen(const char *folder)
{
	char *text, path[LIMIT_FILE_SHOWN + 32];
	bool frozen = false;
	if (!read_file(folder, "cgroup", &text))
		return false;
	const char *group = strstr(text, "0::/");
	if (group) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s", (int)strcspn(group + 3, "\n"),
			 group + 3);
		char *events;
		if (read_file(path, "cgroup.events", &events)) {
			frozen = strstr(events, "frozen 1") != NULL;
			free(events);
		}
	}
	free(text);
	return frozen;
}

static uint32_t number_of(const char *status, const char *key)
{
	const char *field = proc_file_field(status, key);
	return field ? (uint32_t)strtoul(field, NULL, 10) : 0;
}

/* LLDB has a child of its own that traces. */
static bool is_ours(uint32_t tracer)
{
	char folder[32], *text;
	snprintf(folder, sizeof(folder), "/proc/%" PRIu32, tracer);
	if (tracer == (uint32_t)getpid() || !read_file(folder, "status", &text))
		return tracer == (uint32_t)getpid();
	bool ours = number_of(text, "PPid") == (uint32_t)getpid();
	free(text);
	return ours;
}

bool clock_is_stopped(uint32_t pid)
{
	char folder[32], *text;
	snprintf(folder, sizeof(folder), "/proc/%" PRIu32, pid);
	if (!read_file(folder, "status", &text))
		return false;
	const char *state = proc_file_field(text, "State");
	bool stopped = state &&
		       (*state == 'T' || (*state == 't' && !is_ours(number_of(text, "TracerPid"))));
	free(text);
	return stopped || is_frozen(folder);
}
