/* SPDX-License-Identifier: MIT */
/* Source files of a process. See process/source.h. */
#include "process/source.h"

#include "aiodbg.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A generated source may be large; a path may be that of anything. */
#define SOURCE_SIZE_MAX (64 << 20)

/* The path comes from the target: what would block, or never end, is not read. */
static FILE *open_source(int folder, const char *name, double newest, bool *changed)
{
	struct stat status;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	FILE *file = NULL;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size <= SOURCE_SIZE_MAX)
		file = fdopen(fd, "r");
	*changed = file && newest > 0 && (double)status.st_mtime > newest;
	if (!file)
		close(fd);
	return file;
}

int source_read_file(int folder, const char *name, uint32_t line, double newest, char *buf,
		     size_t size)
{
	bool changed = false;
	FILE *file = open_source(folder, name, newest, &changed);
	if (!file)
		return AIODBG_NOT_FOUND;
	if (changed) {
		fclose(file);
		return AIODBG_CORRUPT;
	}
	int c = getc_unlocked(file);
	/* It may grow meanwhile. */
	for (size_t left = SOURCE_SIZE_MAX; line > 1 && c != EOF && left; left--) {
		line -= c == '\n';
		c = getc_unlocked(file);
	}
	bool found = line == 1 && c != EOF;
	size_t used = 0;
	while (found && c != EOF && c != '\n' && used + 1 < size) {
		buf[used++] = (char)c;
		c = getc_unlocked(file);
	}
	buf[used] = '\0';
	fclose(file);
	return found ? 0 : AIODBG_NOT_FOUND;
}

int source_read_line(int folder, const char *path, uint32_t line, double newest, char *buf,
		     size_t size)
{
	char inside[PATH_MAX];
	if (path[0] != '/' || strlen(path) >= sizeof(inside) - sizeof("root"))
		return AIODBG_NOT_FOUND;
	snprintf(inside, sizeof(inside), "root%s", path);
	return source_read_file(folder, inside, line, newest, buf, size);
}
