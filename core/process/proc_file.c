/* SPDX-License-Identifier: MIT */
/* Files in /proc. See process/proc_file.h. */
#include "process/proc_file.h"

#include "base/ceilings.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for max bytes and a NUL, or for twice as many as there are. */
static bool grow(char **text, size_t *size, size_t max)
{
	size_t wanted = *size ? *size * 2 : 16384;
	if (wanted > max + 1)
		wanted = max + 1;
	char *moved = realloc(*text, wanted);
	if (!moved)
		return false;
	*text = moved;
	*size = wanted;
	return true;
}

int proc_file_read(int folder, const char *name, size_t max, char **ret)
{
	char *text = NULL;
	size_t size = 0, used = 0;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC), error = 0;
	if (fd < 0)
		return errno;
	for (;;) {
		if (used + 1 >= size && !grow(&text, &size, max)) {
			error = ENOMEM;
			break;
		}
		ssize_t got = used < max ? read(fd, text + used, size - 1 - used) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error = errno;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	close(fd);
	if (error) {
		free(text);
		return error;
	}
	text[used] = '\0';
	*ret = text;
	return 0;
}

const char *proc_file_field(const char *text, const char *key)
{
	size_t len = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

uint32_t proc_file_number(const char *text, const char *key)
{
	const char *field = proc_file_field(text, key);
	return field ? (uint32_t)strtoul(field, NULL, 10) : 0;
}

bool proc_file_visit_threads(uint32_t pid, proc_thread_fn *visit, void *arg)
{
	char path[48];
	const struct dirent *entry;
	unsigned int threads = 0;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	DIR *folder = opendir(path);
	bool good = folder != NULL;
	while (good && (entry = readdir(folder))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			good = threads++ < LIMIT_THREADS_WATCHED &&
			       visit(dirfd(folder), entry->d_name, arg);
	}
	if (folder)
		closedir(folder);
	return good;
}

int proc_file_open_regular(int folder, const char *name)
{
	char link[64];
	struct stat found;
	int fd = -1, path = openat(folder, name, O_PATH | O_CLOEXEC);
	if (path < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	if (!fstat(path, &found) && S_ISREG(found.st_mode))
		fd = open(link, O_RDONLY | O_CLOEXEC);
	close(path);
	return fd;
}
