/* SPDX-License-Identifier: MIT */
/* Write cores of all kinds into a folder, for the fuzzer to begin with: fuzz_core_seeds FOLDER */
#include "made_core.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4frame.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

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

/* ---- compressed ones ---- */

struct packed {
	uint8_t bytes[65536];
	size_t size;
};

#ifdef HAVE_ZSTD
static bool pack_zstd(const struct made_core *core, struct packed *ret)
{
	ret->size = ZSTD_compress(ret->bytes, sizeof(ret->bytes), core->bytes, core->size, 3);
	return !ZSTD_isError(ret->size);
}
#endif

#ifdef HAVE_LZ4
static bool pack_lz4(const struct made_core *core, struct packed *ret)
{
	ret->size = LZ4F_compressFrame(ret->bytes, sizeof(ret->bytes), core->bytes, core->size,
				       NULL);
	return !LZ4F_isError(ret->size);
}
#endif

#ifdef HAVE_ZLIB
static bool pack_gzip(const struct made_core *core, struct packed *ret)
{
	z_stream stream = {
		.next_in = (Bytef *)core->bytes,
		.avail_in = (uInt)core->size,
		.next_out = ret->bytes,
		.avail_out = sizeof(ret->bytes),
	};
	/* 16: as gzip does. */
	if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	bool is_done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	ret->size = stream.total_out;
	return deflateEnd(&stream) == Z_OK && is_done;
}
#endif

#ifdef HAVE_LZMA
static bool pack_xz(const struct made_core *core, struct packed *ret)
{
	ret->size = 0;
	return lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, core->bytes, core->size,
				       ret->bytes, &ret->size, sizeof(ret->bytes)) == LZMA_OK;
}
#endif

static const struct {
	const char *name;
	bool (*pack)(const struct made_core *core, struct packed *ret);
} packers[] = {
#ifdef HAVE_ZSTD
	{"zstd", pack_zstd},
#endif
#ifdef HAVE_LZ4
	{"lz4", pack_lz4},
#endif
#ifdef HAVE_ZLIB
	{"gzip", pack_gzip},
#endif
#ifdef HAVE_LZMA
	{"xz", pack_xz},
#endif
	{NULL, NULL},
};

static bool put(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/made-%s", folder, name);
	FILE *file = fopen(path, "wb");
	return file && fwrite(bytes, 1, size, file) == size && !fclose(file);
}

int main(int argc, char **argv)
{
	static struct made_core core;
	static struct packed packed;
	uint8_t head[PAGE] = {0};
	int program_fd = open(program, O_RDONLY);
	if (argc != 2 || program_fd < 0 || read(program_fd, head, sizeof(head)) < 0)
		return EXIT_FAILURE;
	close(program_fd);
	for (int kind = 0; kind < 4; kind++) {
		const char name[] = {(char)('0' + kind), 0};
		make(&core, kind, head);
		if (!put(argv[1], name, core.bytes, core.size))
			return EXIT_FAILURE;
	}
	make(&core, 1, head);
	for (size_t i = 0; packers[i].name; i++) {
		if (!packers[i].pack(&core, &packed) ||
		    !put(argv[1], packers[i].name, packed.bytes, packed.size))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
