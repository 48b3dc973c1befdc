/* SPDX-License-Identifier: MIT */
/* Parents and children. See process/family.h. */
#include "process/family.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In the flags of /proc/PID/stat: PF_FORKNOEXEC in include/linux/sched.h. */
#define FORKED_NO_EXEC 0x00000040u

static int open_folder(uint32_t pid)
{
	char name[32];
	snprintf(name, sizeof(name), "/proc/%" PRIu32, pid);
	return open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool read_file(uint32_t pid, const char *name, char **ret)
{
	int folder = open_folder(pid);
	if (folder < 0)
		return false;
	int error = proc_file_read(folder, name, LIMIT_PROC_FILE, ret);
	close(folder);
	return !error;
}

uint32_t family_inner_pid(uint32_t pid)
{
	char *text;
	uint32_t inner = 0;
	if (!read_file(pid, "status", &text))
		return 0;
	/* One for each namespace, the innermost last. */
	const char *field = proc_file_field(text, "NSpid");
	for (; field && *field && *field != '\n'; field += strspn(field, " \t")) {
		char *end;
		unsigned long value = strtoul(field, &end, 10);
		if (end == field)
			break;
		inner = (uint32_t)value;
		field = end;
	}
	free(text);
	return inner;
}

int family_is_forked(uint32_t pid)
{
	char *text;
	uint32_t flags;
	if (!read_file(pid, "stat", &text))
		return -1;
	/* The name stands before, in parentheses, and may be anything. */
	const char *end = strrchr(text, ')');
	bool known = end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %" SCNu32, &flags) == 1;
	free(text);
	return known ? (flags & FORKED_NO_EXEC) != 0 : -1;
}

/* The system's clock may have been set a little since. */
#define CLOCK_SLACK 2

double family_started(uint32_t pid)
{
	char *text;
	unsigned long long ticks;
	struct timespec now, boot;
	if (!read_file(pid, "stat", &text))
		return 0;
	const char *end = strrchr(text, ')');
	bool known = end &&
		     sscanf(end + 1,
			    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			    "%*d %*d %*d %llu",
			    &ticks) == 1;
	free(text);
	if (!known || clock_gettime(CLOCK_REALTIME, &now) || clock_gettime(CLOCK_BOOTTIME, &boot))
		return 0;
	double age = (double)boot.tv_sec - (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return (double)now.tv_sec - age + CLOCK_SLACK;
}

/* ---- children ---- */

struct children {
	/* That of the parent. */
	char exe[LIMIT_FILE_SHOWN];
	uint32_t *ids;
	size_t max, count;
};

static bool read_exe(uint32_t pid, char *ret, size_t size)
{
	int folder = open_folder(pid);
	ssize_t len = folder < 0 ? -1 : readlinkat(folder, "exe", ret, size - 1);
	if (folder >= 0)
		close(folder);
	ret[len < 0 ? 0 : len] = '\0';
	return len > 0;
}

/* multiprocessing begins helpers as python -c "from multiprocessing.NAME import main; ...". */
static bool is_helper(uint32_t pid)
{
	static const char helper[] = "from multiprocessing.resource_tracker ";
	bool found = false;
	int folder = open_folder(pid), fd = folder < 0 ? -1 : openat(folder, "cmdline", O_RDONLY);
	char arguments[1024];
	ssize_t len = fd < 0 ? -1 : read(fd, arguments, sizeof(arguments));
	if (len > 0)
		found = memmem(arguments, (size_t)len, helper, sizeof(helper) - 1) != NULL;
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return found;
}

static bool is_python(const struct children *children, uint32_t pid)
{
	char exe[LIMIT_FILE_SHOWN];
	if (!read_exe(pid, exe, sizeof(exe)))
		return false;
	const char *slash = strrchr(exe, '/');
	return !strcmp(exe, children->exe) || strstr(slash ? slash : exe, "python");
}

/* The file lists the ids of the children that one thread has forked. */
static bool add_children(int folder, const char *tid, void *arg)
{
	struct children *children = arg;
	char name[300], *text, *end;
	snprintf(name, sizeof(name), "%s/children", tid);
	if (proc_file_read(folder, name, LIMIT_PROC_FILE, &text))
		return true;
	for (const char *at = text; *at; at = end) {
		uint32_t id = (uint32_t)strtoul(at, &end, 10);
		if (end == at)
			break;
		if (!is_python(children, id) || is_helper(id))
			continue;
		if (children->count < children->max)
			children->ids[children->count] = id;
		children->count++;
	}
	free(text);
	return true;
}

static bool count_thread(int folder, const char *tid, void *arg)
{
	size_t *count = arg;
	(void)folder, (void)tid;
	++*count;
	return true;
}

size_t family_thread_count(uint32_t pid)
{
	size_t count = 0;
	proc_file_visit_threads(pid, count_thread, &count);
	return count;
}

size_t family_python_children(uint32_t pid, uint32_t *ret, size_t max)
{
	struct children children = {.ids = ret, .max = max};
	read_exe(pid, children.exe, sizeof(children.exe));
	proc_file_visit_threads(pid, add_children, &children);
	return children.count;
}
