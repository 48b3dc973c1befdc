/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of core files: the input is the whole file. What is in it leads to bytes that commands
 * read; what those mean is the business of the other target.
 */
#include "aiodbg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const lines[][2] = {
	{"ps", "--json"}, {"doctor", NULL}, {"why", "--all"}, {"threads", NULL}};

static int drop(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return 0;
}

static void fail(const char *what, uint64_t value)
{
	fprintf(stderr, "%s: %#" PRIx64 "\n", what, value);
	abort();
}

static void check_regions(const struct aiodbg_target *target)
{
	struct aiodbg_region region = {0};
	struct aiodbg_mapping mapping;
	char byte;
	for (int i = 0; i < 1000; i++) {
		uint64_t from = region.end;
		if (target->next_region(target->ctx, from, &region))
			return;
		if (region.end <= from || region.start >= region.end)
			fail("regions do not go on", region.end);
		if (target->find_mapping(target->ctx, region.start, &mapping) ||
		    mapping.start > region.start || mapping.end <= region.start)
			fail("no mapping at the start of a region", region.start);
		/* It may be cut off. */
		target->read(target->ctx, region.end - 1, &byte, 1);
	}
}

static void check_files(const struct aiodbg_target *target)
{
	struct aiodbg_other_file other;
	uint64_t addr, len;
	target->find_symbol(target->ctx, "_PyRuntime", 0, &addr);
	target->find_section(target->ctx, ".PyRuntime", 0, &addr, &len);
	for (unsigned int i = 0; i < 4 && !target->find_other_file(target->ctx, i, &other); i++) {
		if (!other.file[0] || !strcmp(other.mapped_id, other.file_id))
			fail("a file of another build that is none", i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[64];
	struct aiodbg_error err;
	struct aiodbg_core *core;
	const struct aiodbg_sink sink = {.size = sizeof(sink), .write = drop};
	int fd = memfd_create("core", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		fail("no file in memory", size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int status = aiodbg_core_open(path, NULL, NULL, &err, &core);
	if (!status) {
		const struct aiodbg_target *target = aiodbg_core_target(core);
		const char *const *line = lines[size % (sizeof(lines) / sizeof(lines[0]))];
		check_regions(target);
		check_files(target);
		status = aiodbg_command_run(target, line[1] ? 2 : 1, line, &sink, &err);
		aiodbg_core_close(core);
	}
	if (status != err.code || (status && (!err.message[0] || strchr(err.message, '\n'))))
		fail("status without its error", (uint64_t)status);
	close(fd);
	return 0;
}
