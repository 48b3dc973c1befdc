/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps. See process/maps.h. */
#include "process/maps.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <errno.h>
#include <string.h>

/*
 * "7f3285000000-7f3285021000 r--p 00000000 fe:00 1234   /usr/lib/libpython3.11.so.1.0": start,
 * end, permissions, offset, device, inode, path. False if the line is not like that.
 */
static bool parse_line(char *line, struct mapping *ret)
{
	char *at;
	*ret = (struct mapping){.start = strtoull(line, &at, 16)};
	if (*at++ != '-')
		return false;
	ret->end = strtoull(at, &at, 16);
	if (*at++ != ' ' || strnlen(at, 5) < 5)
		return false;
	ret->readable = at[0] == 'r';
	ret->writable = at[1] == 'w';
	ret->shared = at[3] == 's';
	ret->offset = strtoull(at + 4, &at, 16);
	/* Device and inode are not needed. */
	for (int i = 0; i < 2; i++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	ret->path = at + strspn(at, " ");
	return ret->start < ret->end;
}

int maps_parse(char *text, struct maps *ret)
{
	*ret = (struct maps){.text = text};
	for (char *line = text; *line;) {
		struct mapping mapping;
		char *end = line + strcspn(line, "\n");
		bool last = !*end;
		*end = '\0';
		bool good = parse_line(line, &mapping);
		if (good && !array_push(&ret->mappings, mapping)) {
			maps_deinit(ret);
			return ENOMEM;
		}
		line = last ? end : end + 1;
	}
	return 0;
}

int maps_read(int proc, struct maps *ret)
{
	char *text;
	*ret = (struct maps){0};
	int error = proc_file_read(proc, "maps", LIMIT_MAPS_SIZE, &text);
	return error ? error : maps_parse(text, ret);
}

void maps_deinit(struct maps *maps)
{
	array_deinit(&maps->mappings);
	free(maps->text);
	maps->text = NULL;
}

size_t maps_find(const struct maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->mappings.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (maps->mappings.items[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool mapping_is_file(const struct mapping *mapping)
{
	return mapping->path[0] == '/';
}

bool mapping_is_deleted(const struct mapping *mapping)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(mapping->path);
	return len >= sizeof(mark) - 1 && !strcmp(mapping->path + len - (sizeof(mark) - 1), mark);
}
