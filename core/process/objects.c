/* SPDX-License-Identifier: MIT */
/* Looking into mapped ELF files. See process/objects.h. */
#include "process/objects.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "process/inside.h"
#include "process/proc_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int objects_collect(struct process *process, struct aiodbg_error *err)
{
	const struct mappings *mappings = &process->maps.mappings;
	for (size_t i = 0; i < mappings->count; i++) {
		struct object object = {.mapping = &mappings->items[i], .image = {.fd = -1}};
		if (!mapping_is_file(object.mapping) || object.mapping->offset ||
		    !object.mapping->readable)
			continue;
		if (!array_push(&process->objects, object))
			return error_no_memory(err);
	}
	return 0;
}

void objects_deinit(struct process *process)
{
	for (size_t i = 0; i < process->objects.count; i++) {
		if (process->objects.items[i].image.elf)
			elf_file_close(&process->objects.items[i].image);
	}
	array_deinit(&process->objects);
}

/* ---- files ---- */

/* The path below the root folder of the process: the kernel tells it from that of the mount
 * namespace, which a chroot does not change. */
static const char *path_in_root(const struct process *process, const char *path)
{
	size_t len = strlen(process->root);
	return len > 1 && !strncmp(path, process->root, len) && path[len] == '/' ? path + len
										 : path;
}

static int open_source(const struct process *process, const struct mapping *mapping,
		       enum source source)
{
	char name[PATH_MAX];
	int len = 0;
	bool deleted = mapping_is_deleted(mapping);
	switch (source) {
	case SOURCE_MAP_FILES:
		len = snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
			       mapping->end);
		break;
	case SOURCE_EXE:
		if (!strcmp(mapping->path, process->exe))
			len = snprintf(name, sizeof(name), "exe");
		break;
	case SOURCE_ROOT:
		if (!deleted)
			len = snprintf(name, sizeof(name), "root%s",
				       path_in_root(process, mapping->path));
		break;
	case SOURCE_PATH:
		if (!deleted)
			len = snprintf(name, sizeof(name), "%s", mapping->path);
		break;
	default:
		break;
	}
	if (len <= 0 || len >= (int)sizeof(name))
		return -1;
	return proc_file_open_regular(process->folder, name);
}

/* A file may have been replaced by one of the same name. The first page tells, which has the
 * build id. */
static bool is_mapped_file(struct process *process, const struct mapping *mapping, int fd)
{
	uint8_t mapped[LIMIT_PAGE_SIZE], stored[LIMIT_PAGE_SIZE];
	ssize_t len = pread(fd, stored, sizeof(stored), 0);
	return len > 0 && !process_read(process, mapping->start, mapped, (size_t)len) &&
	       !memcmp(mapped, stored, (size_t)len);
}

/* ---- files put together from memory ---- */

static int read_what_is_there(struct process *process, uint64_t addr, char *buf, uint64_t len)
{
	for (uint64_t at = 0; at < len; at += LIMIT_BLOCK_SIZE) {
		uint64_t part = len - at < LIMIT_BLOCK_SIZE ? len - at : LIMIT_BLOCK_SIZE;
		int status = process_check_interrupt(process);
		if (status)
			return status;
		if (process_read(process, addr + at, buf + at, part) == READ_GONE)
			return READ_GONE;
	}
	return 0;
}

/* The segments as they are described at the start of the file. */
static int read_segments(struct process *process, const struct elf_file *head, char **image,
			 uint64_t *size)
{
	struct elf_segment segment;
	uint64_t left = LIMIT_ELF_IMAGES - process->images_size, total = 0;
	*size = 0;
	for (size_t i = 0; elf_file_segment(head, &i, &segment);) {
		/* Their sum bounds the work, too. */
		if (segment.file_size > left - total || segment.offset > left - segment.file_size)
			return AIODBG_LIMIT;
		total += segment.file_size;
		if (segment.offset + segment.file_size > *size)
			*size = segment.offset + segment.file_size;
	}
	if (*size < LIMIT_PAGE_SIZE)
		return AIODBG_NOT_FOUND;
	*image = calloc(1, *size);
	if (!*image)
		return AIODBG_NO_MEMORY;
	uint64_t cost = *size > total ? *size : total;
	process->images_size += cost;
	int status = 0;
	for (size_t i = 0; !status && elf_file_segment(head, &i, &segment);)
		status = read_what_is_there(process, head->bias + segment.addr,
					    *image + segment.offset, segment.file_size);
	if (status) {
		process->images_size -= cost;
		free(*image);
	}
	return status;
}

static int open_memory(struct process *process, struct object *object)
{
	struct elf_file head;
	uint64_t start = object->mapping->start, size;
	char *page = malloc(LIMIT_PAGE_SIZE), *image;
	if (!page)
		return AIODBG_NO_MEMORY;
	if (process_read(process, start, page, LIMIT_PAGE_SIZE)) {
		free(page);
		return AIODBG_NOT_FOUND;
	}
	int status = elf_file_open_image(&head, page, LIMIT_PAGE_SIZE);
	if (status)
		return status;
	status = elf_file_find_bias(&head, start) ? read_segments(process, &head, &image, &size)
						  : AIODBG_NOT_FOUND;
	if (!status)
		status = elf_file_open_image(&object->image, image, size);
	if (!status)
		object->image.bias = head.bias;
	elf_file_close(&head);
	return status;
}

/* ---- the ELF file of an object ---- */

/* An ELF file of the same kind as the executable. A process in an emulator has others as well. */
static bool is_elf(struct process *process, const struct mapping *mapping)
{
	uint8_t ident[ELF_IDENT_SIZE];
	return !process_read(process, mapping->start, ident, sizeof(ident)) &&
	       elf_ident_word_size(ident) == process->target.word_size &&
	       elf_ident_byte_order(ident) == process->target.byte_order;
}

static bool open_file(struct process *process, struct object *object, enum source source,
		      struct elf_file *ret)
{
	int fd = open_source(process, object->mapping, source);
	if (fd < 0)
		return false;
	if (!is_mapped_file(process, object->mapping, fd)) {
		close(fd);
		return false;
	}
	if (elf_file_open(ret, fd))
		return false;
	if (elf_file_find_bias(ret, object->mapping->start))
		return true;
	elf_file_close(ret);
	return false;
}

/* Whether it is an ELF file of ours, of which there are not too many. */
static bool is_candidate(struct process *process, struct object *object)
{
	if (!is_elf(process, object->mapping))
		return false;
	object->skipped = process->elf_count++ >= LIMIT_ELF_FILES;
	return !object->skipped;
}

/*
 * Opens it anew each time: there may be more of them than files that we may have open. Returns
 * AIODBG_NOT_FOUND if there is none, or what callbacks return.
 */
static int object_open(struct process *process, struct object *object, struct elf_file *ret)
{
	enum source source = object->source;
	if (source == SOURCE_UNKNOWN)
		source = is_candidate(process, object) ? SOURCE_MAP_FILES : SOURCE_NONE;
	object->source = source;
	for (; source < SOURCE_MEMORY; source++) {
		if (open_file(process, object, source, ret)) {
			object->source = source;
			return 0;
		}
	}
	if (source == SOURCE_MEMORY && !object->image.elf) {
		int status = open_memory(process, object);
		object->skipped = status == AIODBG_LIMIT || status == AIODBG_NO_MEMORY;
		if (status < 0)
			return status;
		if (status)
			source = SOURCE_NONE;
	}
	object->source = source;
	if (source == SOURCE_NONE)
		return AIODBG_NOT_FOUND;
	*ret = object->image;
	return 0;
}

static void object_close(struct object *object, struct elf_file *file)
{
	if (object->source != SOURCE_MEMORY)
		elf_file_close(file);
}

static struct answers *find_answers(struct process *process, lookup_fn *lookup, const char *name)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct answers *answers = &process->answers[i];
		if (answers->lookup == lookup && !strcmp(answers->name, name))
			return answers;
	}
	struct answers *answers = &process->answers[process->next_answers++ % NAMES];
	*answers = (struct answers){.lookup = lookup};
	snprintf(answers->name, sizeof(answers->name), "%s", name);
	return answers;
}

/* Adds the answer of one object, if it has one. */
static int look_into(struct process *process, struct object *object, struct answers *answers)
{
	struct elf_file file;
	if (answers->looked > LIMIT_ELF_LOOKED) {
		object->skipped = object->skipped || object->source != SOURCE_NONE;
		return 0;
	}
	int status = object_open(process, object, &file);
	if (status)
		return status == AIODBG_NOT_FOUND ? 0 : status;
	file.looked = 0;
	file.cut = false;
	answers->count += answers->lookup(&file, answers->name, &answers->addr, &answers->len);
	answers->looked += file.looked;
	object->skipped = object->skipped || file.cut;
	object_close(object, &file);
	return 0;
}

/* The index-th (from 0) answer of all objects that lookup finds name in. */
static int look_up(struct process *process, lookup_fn *lookup, const char *name, unsigned int index,
		   uint64_t *addr, uint64_t *len)
{
	if (strlen(name) >= sizeof(process->answers[0].name))
		return AIODBG_NOT_FOUND;
	struct answers *answers = find_answers(process, lookup, name);
	if (answers->count > index + 1) {
		answers->count = 0;
		answers->object_count = 0;
		answers->looked = 0;
	}
	int status = process_check_interrupt(process);
	for (; !status && answers->count <= index; status = process_check_interrupt(process)) {
		if (answers->object_count == process->objects.count)
			return AIODBG_NOT_FOUND;
		status = look_into(process, &process->objects.items[answers->object_count],
				   answers);
		if (status)
			return status;
		answers->object_count++;
	}
	if (status)
		return status;
	*addr = answers->addr;
	*len = answers->len;
	return 0;
}

static bool lookup_symbol(struct elf_file *file, const char *name, uint64_t *addr, uint64_t *len)
{
	*len = 0;
	return elf_file_symbol(file, name, addr);
}

int objects_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	uint64_t len;
	return look_up(ctx, lookup_symbol, name, index, ret, &len);
}

int objects_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
			 uint64_t *len)
{
	return look_up(ctx, elf_file_section, name, index, addr, len);
}

bool process_skipped(const struct process *process, struct aiodbg_error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < process->objects.count; i++)
		count += process->objects.items[i].skipped;
	if (count)
		error_set(err, AIODBG_LIMIT,
			  "%zu mapped files were not looked into, or not to their end: more than "
			  "%d ELF files, or %u MB of symbols",
			  count, LIMIT_ELF_FILES, (unsigned int)(LIMIT_ELF_LOOKED >> 20));
	return count;
}
