/* SPDX-License-Identifier: MIT */
/* Write cores of all kinds into a folder, for the fuzzer to begin with: fuzz_core_seeds FOLDER */
#include "made_core.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

/* A file that most machines have, and what a core has of it. */
static const char program[] = "/usr/bin/env";

static void make(struct made_core *core, int kind, const uint8_t *head)
{
	static uint8_t heap[PAGE];
	const struct made_mapping mappings[] = {
		{0x400000, 0x401000, 0, program},
		{0x401000, 0x409000, 1, program},
		{0x500000, 0x501000, 0, "/nonexistent/libpython3.so"},
	};
	*core = (struct made_core){.wide = kind & 1, .big = kind & 2};
	memcpy(heap + 64, "xdebugpy", 8);
	made_core_put(core, heap + 72, 0x030e00f0, 8);
	made_core_segment(core, 0x10000, heap, sizeof(heap), 2 * sizeof(heap), PF_R | PF_W);
	made_core_segment(core, 0x400000, head, PAGE, PAGE, PF_R);
	made_core_segment(core, 0x401000, NULL, 0, 8 * PAGE, PF_R | PF_X);
	made_core_thread(core, 2);
	made_core_thread(core, 1);
	made_core_process(core, 1);
	made_core_auxv(core, 0x400040);
	made_core_files(core, mappings, sizeof(mappings) / sizeof(mappings[0]));
	made_core_finish(core);
}

int main(int argc, char **argv)
{
	static struct made_core core;
	uint8_t head[PAGE] = {0};
	int program_fd = open(program, O_RDONLY);
	if (argc != 2 || program_fd < 0 || read(program_fd, head, sizeof(head)) < 0)
		return EXIT_FAILURE;
	close(program_fd);
	for (int kind = 0; kind < 4; kind++) {
		char path[4096];
		make(&core, kind, head);
		snprintf(path, sizeof(path), "%s/made-%d", argv[1], kind);
		FILE *file = fopen(path, "wb");
		if (!file || fwrite(core.bytes, 1, core.size, file) != core.size || fclose(file))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
