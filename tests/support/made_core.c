/* SPDX-License-Identifier: MIT */
#include "made_core.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void made_core_put(const struct made_core *core, uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[core->big ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

static size_t word(const struct made_core *core)
{
	return core->wide ? 8 : 4;
}

void made_core_segment(struct made_core *core, uint64_t addr, const void *bytes, uint64_t file_size,
		       uint64_t size, uint32_t flags)
{
	core->segments[core->segment_count++] = (struct made_segment){addr, file_size, size, flags,
								      bytes};
}

/* One note at an address; returns the bytes that it takes. */
static size_t put_note(const struct made_core *core, uint8_t *at, const char *name, uint32_t type,
		       const void *desc, size_t size)
{
	size_t name_size = strlen(name) + 1, padded = (name_size + 3) / 4 * 4;
	made_core_put(core, at, name_size, 4);
	made_core_put(core, at + 4, size, 4);
	made_core_put(core, at + 8, type, 4);
	memcpy(at + 12, name, name_size);
	memcpy(at + 12 + padded, desc, size);
	return 12 + padded + (size + 3) / 4 * 4;
}

void made_core_note(struct made_core *core, const char *name, uint32_t type, const void *desc,
		    size_t size)
{
	if (core->notes_size + size + 64 > sizeof(core->notes))
		abort();
	core->notes_size += put_note(core, core->notes + core->notes_size, name, type, desc, size);
}

void made_core_thread(struct made_core *core, uint32_t tid)
{
	static const uint64_t none[27];
	made_core_thread_at(core, tid, none);
}

void made_core_thread_at(struct made_core *core, uint32_t tid, const uint64_t *registers)
{
	uint8_t status[336] = {0};
	made_core_put(core, status + (core->wide ? 32 : 24), tid, 4);
	for (size_t i = 0; i < 27; i++)
		made_core_put(core, status + 112 + i * 8, registers[i], 8);
	made_core_note(core, "CORE", NT_PRSTATUS, status, sizeof(status));
}

void made_core_process(struct made_core *core, uint32_t pid)
{
	uint8_t info[136] = {0};
	made_core_put(core, info + (core->wide ? 24 : 12), pid, 4);
	made_core_note(core, "CORE", NT_PRPSINFO, info, core->wide ? 136 : 124);
}

void made_core_auxv(struct made_core *core, uint64_t program_headers)
{
	uint8_t pairs[32] = {0};
	made_core_put(core, pairs, AT_PHDR, word(core));
	made_core_put(core, pairs + word(core), program_headers, word(core));
	made_core_note(core, "CORE", NT_AUXV, pairs, 4 * word(core));
}

void made_core_files(struct made_core *core, const struct made_mapping *mappings, size_t count)
{
	uint8_t desc[4096] = {0}, *at = desc;
	const size_t size = word(core);
	made_core_put(core, at, count, size);
	made_core_put(core, at + size, 4096, size);
	at += 2 * size;
	for (size_t i = 0; i < count; i++, at += 3 * size) {
		made_core_put(core, at, mappings[i].start, size);
		made_core_put(core, at + size, mappings[i].end, size);
		made_core_put(core, at + 2 * size, mappings[i].page, size);
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(mappings[i].path) + 1;
		memcpy(at, mappings[i].path, len);
		at += len;
	}
	made_core_note(core, "CORE", NT_FILE, desc, (size_t)(at - desc));
}

static void put_header(const struct made_core *core, uint8_t *at, uint16_t type, size_t count)
{
	const size_t size = word(core);
	memcpy(at, ELFMAG, SELFMAG);
	at[EI_CLASS] = core->wide ? ELFCLASS64 : ELFCLASS32;
	at[EI_DATA] = core->big ? ELFDATA2MSB : ELFDATA2LSB;
	at[EI_VERSION] = EV_CURRENT;
	made_core_put(core, at + 16, type, 2);
	made_core_put(core, at + 20, EV_CURRENT, 4);
	made_core_put(core, at + 24 + size, core->wide ? 64 : 52, size);
	uint8_t *sizes = at + (core->wide ? 52 : 40);
	made_core_put(core, sizes, core->wide ? 64 : 52, 2);
	made_core_put(core, sizes + 2, core->wide ? 56 : 32, 2);
	made_core_put(core, sizes + 4, count, 2);
}

static void put_program_header(const struct made_core *core, uint8_t *at, uint32_t type,
			       const struct made_segment *segment, uint64_t offset)
{
	const size_t size = word(core), first = core->wide ? 8 : 4;
	made_core_put(core, at, type, 4);
	made_core_put(core, at + (core->wide ? 4 : 24), segment->flags, 4);
	made_core_put(core, at + first, offset, size);
	made_core_put(core, at + first + size, segment->addr, size);
	made_core_put(core, at + first + 3 * size, segment->file_size, size);
	made_core_put(core, at + first + 4 * size, segment->size, size);
}

void made_core_finish(struct made_core *core)
{
	const size_t entry = core->wide ? 56 : 32;
	uint8_t *table = core->bytes + (core->wide ? 64 : 52);
	uint8_t *at = table + (core->segment_count + 1) * entry;
	const struct made_segment notes = {.file_size = core->notes_size};
	put_header(core, core->bytes, ET_CORE, core->segment_count + 1);
	put_program_header(core, table, PT_NOTE, &notes, (uint64_t)(at - core->bytes));
	memcpy(at, core->notes, core->notes_size);
	at += core->notes_size;
	for (size_t i = 0; i < core->segment_count; i++) {
		const struct made_segment *segment = &core->segments[i];
		table += entry;
		put_program_header(core, table, PT_LOAD, segment, (uint64_t)(at - core->bytes));
		if (!segment->bytes)
			continue;
		memcpy(at, segment->bytes, segment->file_size);
		at += segment->file_size;
	}
	core->size = (size_t)(at - core->bytes);
}

void made_elf_file(const struct made_core *core, const char *id, uint8_t fill, uint8_t *bytes,
		   size_t size)
{
	const size_t entry = core->wide ? 56 : 32, start = core->wide ? 64 : 52;
	const size_t notes_at = start + 2 * entry;
	struct made_segment notes = {.addr = notes_at}, whole = {.file_size = size, .size = size};
	memset(bytes, fill, size);
	memset(bytes, 0, notes_at);
	put_header(core, bytes, ET_DYN, 2);
	if (id[0])
		notes.file_size = put_note(core, bytes + notes_at, "GNU", NT_GNU_BUILD_ID, id,
					   strlen(id));
	put_program_header(core, bytes + start, PT_LOAD, &whole, 0);
	put_program_header(core, bytes + start + entry, PT_NOTE, &notes, notes_at);
}

void made_write(const void *bytes, size_t size, char *ret)
{
	static const char name[] = "/tmp/aiodbg-made-XXXXXX";
	memcpy(ret, name, sizeof(name));
	int fd = mkstemp(ret);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	close(fd);
}
