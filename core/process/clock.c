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

bool clock_parse_start(const char *text, uint64_t *ret)
{
	/* Behind its name, which may have anything in it, it is the 20th. */
	const char *at = strrchr(text, ')');
	for (int i = 0; at && i < 20; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at && sscanf(at, "%" SCNu64, ret) == 1;
}

bool clock_began(uint32_t pid, double *ret)
{
	char folder[32], *text;
	uint64_t ticks;
	double now;
	struct timespec since_boot;
	long per_second = sysconf(_SC_CLK_TCK);
	snprintf(folder, sizeof(folder), "/proc/%" PRIu32, pid);
	if (per_second <= 0 || !read_file(folder, "stat", &text))
		return false;
	bool known = clock_parse_start(text, &ticks);
	free(text);
	if (!known || clock_gettime(CLOCK_BOOTTIME, &since_boot) || !clock_now(pid, &now))
		return false;
	/* While the system was suspended, this clock went on and the other one did not. */
	*ret = now - ((double)since_boot.tv_sec - (double)ticks / (double)per_second) - 2;
	return true;
}

/* Where the control group of a process is mounted that /proc/PID/cgroup has in the line with that
 * mark (cgroups(7)), and what a file of it says if it is frozen. */
static const struct {
	const char *mark, *mount, *file, *says;
} freezers[] = {
	{"0::/", "/sys/fs/cgroup", "cgroup.events", "frozen 1"},
	/* Beside those of version 1. */
	{"0::/", "/sys/fs/cgroup/unified", "cgroup.events", "frozen 1"},
	{":freezer:/", "/sys/fs/cgroup/freezer", "freezer.state", "FROZEN"},
};

static bool group_is_frozen(const char *groups, size_t i)
{
	char path[LIMIT_FILE_SHOWN + 32], *text;
	const char *group = strstr(groups, freezers[i].mark);
	if (!group)
		return false;
	group += strlen(freezers[i].mark) - 1;
	snprintf(path, sizeof(path), "%s%.*s", freezers[i].mount, (int)strcspn(group, "\n"), group);
	if (!read_file(path, freezers[i].file, &text))
		return false;
	bool frozen = strstr(text, freezers[i].says) != NULL;
	free(text);
	return frozen;
}

static bool is_frozen(const char *folder)
{
	char *groups;
	bool frozen = false;
	if (!read_file(folder, "cgroup", &groups))
		return false;
	for (size_t i = 0; !frozen && i < sizeof(freezers) / sizeof(freezers[0]); i++)
		frozen = group_is_frozen(groups, i);
	free(groups);
	return frozen;
}

/* LLDB has a child of its own that traces. */
static bool is_ours(uint32_t tracer)
{
	char folder[32], *text;
	snprintf(folder, sizeof(folder), "/proc/%" PRIu32, tracer);
	if (tracer == (uint32_t)getpid() || !read_file(folder, "status", &text))
		return tracer == (uint32_t)getpid();
	bool ours = proc_file_number(text, "PPid") == (uint32_t)getpid();
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
	bool stopped = state && (*state == 'T' ||
				 (*state == 't' && !is_ours(proc_file_number(text, "TracerPid"))));
	free(text);
	return stopped || is_frozen(folder);
}
