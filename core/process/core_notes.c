/* SPDX-License-Identifier: MIT */
/* Notes of a core. See process/core_notes.h. */
#include "process/core_notes.h"

#include "base/ceilings.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef NT_FILE
#define NT_FILE 0x46494c45
#endif

uint64_t core_bytes_uint(const struct core_bytes *bytes, const uint8_t *from, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | from[bytes->big_endian ? i : size - 1 - i];
	return value;
}

bool core_bytes_read(const struct core_bytes *bytes, uint64_t offset, void *buf, size_t len)
{
	if (offset > bytes->size || len > bytes->size - offset)
		return false;
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(bytes->fd, (char *)buf + done, len - done,
				    (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		/* It may have been cut since. */
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* One note. */
struct note {
	uint32_t type;
	uint64_t offset, size;
};

/* ---- struct elf_prstatus, struct elf_prpsinfo ---- */

static bool add_thread(struct core_notes *notes, const struct core_bytes *bytes,
		       const struct note *note)
{
	uint8_t id[4];
	/* Behind struct elf_siginfo, a short and two sets of signals. */
	uint64_t offset = bytes->word_size == 8 ? 32 : 24;
	if (note->size < offset + sizeof(id) ||
	    !core_bytes_read(bytes, note->offset + offset, id, sizeof(id)))
		return true;
	const struct core_thread thread = {
		.tid = core_bytes_uint(bytes, id, sizeof(id)),
		.offset = note->offset,
		.size = note->size,
	};
	if (!notes->threads.count)
		notes->tid = (uint32_t)thread.tid;
	return array_push(&notes->threads, thread);
}

static void add_process(struct core_notes *notes, const struct core_bytes *bytes,
			const struct note *note)
{
	uint8_t id[4];
	/* Ids of users have two bytes on the older machines of 32 bits. */
	uint64_t offset = bytes->word_size == 8 ? 24 : note->size == 124 ? 12 : 16;
	if (note->size >= offset + sizeof(id) &&
	    core_bytes_read(bytes, note->offset + offset, id, sizeof(id)))
		notes->pid = (uint32_t)core_bytes_uint(bytes, id, sizeof(id));
}

/* Pairs of words, the last of type AT_NULL. */
static void add_auxv(struct core_notes *notes, const struct core_bytes *bytes,
		     const struct note *note)
{
	uint8_t pair[16];
	size_t size = 2ul * bytes->word_size;
	for (uint64_t at = 0; at + size <= note->size && at < LIMIT_PROC_FILE; at += size) {
		if (!core_bytes_read(bytes, note->offset + at, pair, size))
			return;
		if (core_bytes_uint(bytes, pair, bytes->word_size) == AT_PHDR)
			notes->program_headers = core_bytes_uint(bytes, pair + bytes->word_size,
								 bytes->word_size);
	}
}

/* ---- NT_FILE ---- */

static int compare_mappings(const void *first, const void *second)
{
	const struct mapping *a = first, *b = second;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* Those that overlap an earlier one are left out: no kernel writes such. */
static void sort_mappings(struct mappings *mappings)
{
	size_t kept = 0;
	if (mappings->count)
		qsort(mappings->items, mappings->count, sizeof(*mappings->items), compare_mappings);
	for (size_t i = 0; i < mappings->count; i++) {
		if (!kept || mappings->items[kept - 1].end <= mappings->items[i].start)
			mappings->items[kept++] = mappings->items[i];
	}
	mappings->count = kept;
}

/*
 * Count and size of a page; start, end and offset in pages of each; their names, each with a NUL.
 * text has that, and another NUL.
 */
static bool parse_files(struct maps *maps, const struct core_bytes *bytes, const char *text,
			size_t size)
{
	size_t word = bytes->word_size;
	if (size < 2 * word)
		return true;
	const uint8_t *at = (const uint8_t *)text;
	uint64_t count = core_bytes_uint(bytes, at, word);
	uint64_t page = core_bytes_uint(bytes, at + word, word);
	if (count > (size - 2 * word) / (3 * word + 1))
		return true;
	const char *name = text + 2 * word + count * 3 * word, *end = text + size;
	at += 2 * word;
	for (uint64_t i = 0; i < count && name < end; i++, at += 3 * word) {
		struct mapping mapping = {
			.start = core_bytes_uint(bytes, at, word),
			.end = core_bytes_uint(bytes, at + word, word),
			.readable = true,
			.path = name,
		};
		uint64_t pages = core_bytes_uint(bytes, at + 2 * word, word);
		name += strlen(name) + 1;
		if (mapping.start >= mapping.end ||
		    __builtin_mul_overflow(pages, page, &mapping.offset))
			continue;
		if (!array_push(&maps->mappings, mapping))
			return false;
	}
	sort_mappings(&maps->mappings);
	return true;
}

static bool add_files(struct core_notes *notes, const struct core_bytes *bytes,
		      const struct note *note)
{
	/* There is one such note. */
	if (notes->maps.text || note->size > LIMIT_MAPS_SIZE)
		return true;
	char *text = malloc(note->size + 1);
	if (!text)
		return false;
	text[note->size] = '\0';
	notes->maps.text = text;
	if (!core_bytes_read(bytes, note->offset, text, note->size))
		return true;
	return parse_files(&notes->maps, bytes, text, note->size);
}

/* ---- all notes ---- */

static bool add_note(struct core_notes *notes, const struct core_bytes *bytes,
		     const struct note *note)
{
	switch (note->type) {
	case NT_PRSTATUS:
		return add_thread(notes, bytes, note);
	case NT_PRPSINFO:
		add_process(notes, bytes, note);
		return true;
	case NT_AUXV:
		add_auxv(notes, bytes, note);
		return true;
	case NT_FILE:
		return add_files(notes, bytes, note);
	default:
		return true;
	}
}

static uint64_t align(uint32_t size)
{
	return ((uint64_t)size + 3) & ~UINT64_C(3);
}

bool core_notes_add(struct core_notes *notes, const struct core_bytes *bytes, uint64_t offset,
		    uint64_t size)
{
	uint8_t header[12], name[sizeof("CORE")];
	if (offset > bytes->size)
		return true;
	uint64_t end = size < bytes->size - offset ? offset + size : bytes->size;
	while (notes->count++ < LIMIT_CORE_NOTES && end - offset >= sizeof(header)) {
		if (!core_bytes_read(bytes, offset, header, sizeof(header)))
			return true;
		uint32_t name_size = (uint32_t)core_bytes_uint(bytes, header, 4);
		struct note note = {
			.type = (uint32_t)core_bytes_uint(bytes, header + 8, 4),
			.size = core_bytes_uint(bytes, header + 4, 4),
		};
		offset += sizeof(header);
		note.offset = offset + align(name_size);
		uint64_t next = note.offset + align((uint32_t)note.size);
		if (next > end)
			return true;
		if (name_size == sizeof(name) &&
		    core_bytes_read(bytes, offset, name, sizeof(name)) &&
		    !memcmp(name, "CORE", sizeof(name)) && !add_note(notes, bytes, &note))
			return false;
		offset = next;
	}
	return true;
}

static int compare_threads(const void *first, const void *second)
{
	const struct core_thread *a = first, *b = second;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

void core_notes_sort(struct core_notes *notes)
{
	if (notes->threads.count)
		qsort(notes->threads.items, notes->threads.count, sizeof(*notes->threads.items),
		      compare_threads);
}

void core_notes_deinit(struct core_notes *notes)
{
	array_deinit(&notes->threads);
	maps_deinit(&notes->maps);
}
