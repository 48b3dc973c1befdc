/* SPDX-License-Identifier: MIT */
/* Looking into mapped ELF files. See process/objects.h. */
#include "process/objects.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "process/maps.h"

#include <stdio.h>
#include <string.h>

/* Where one is looked for. */
struct lookup {
	struct objects *objects;
	const struct objects_owner *owner;
};

static int read_memory(const struct lookup *lookup, uint64_t addr, void *buf, size_t len)
{
	return lookup->owner->read(lookup->owner->ctx, addr, buf, len);
}

int objects_collect(struct objects *objects, const struct maps *maps, struct aiodbg_error *err)
{
	const struct mappings *mappings = &maps->mappings;
	for (size_t i = 0; i < mappings->count; i++) {
		struct object object = {.mapping = &mappings->items[i], .image = {.fd = -1}};
		if (!mapping_is_file(object.mapping) || object.mapping->offset ||
		    !object.mapping->readable)
			continue;
		if (!array_push(&objects->list, object))
			return error_no_memory(err);
	}
	return 0;
}

void objects_deinit(struct objects *objects)
{
	for (size_t i = 0; i < objects->list.count; i++) {
		if (objects->list.items[i].image.elf)
			elf_file_close(&objects->list.items[i].image);
	}
	array_deinit(&objects->list);
}

/* ---- files put together from memory ---- */

static int read_what_is_there(const struct objects_owner *owner, uint64_t addr, char *buf,
			      uint64_t len)
{
	for (uint64_t at = 0; at < len; at += LIMIT_BLOCK_SIZE) {
		uint64_t part = len - at < LIMIT_BLOCK_SIZE ? len - at : LIMIT_BLOCK_SIZE;
		int status = owner->check(owner->ctx);
		if (status)
			return status;
		status = owner->read(owner->ctx, addr + at, buf + at, part);
		if (status < 0)
			return status;
	}
	return 0;
}

/* The segments as they are described at the start of the file. */
static int read_segments(struct lookup *lookup, const struct elf_file *head, char **image,
			 uint64_t *size)
{
	struct elf_segment segment;
	uint64_t left = LIMIT_ELF_IMAGES - lookup->objects->images_size, total = 0;
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
	lookup->objects->images_size += cost;
	int status = 0;
	for (size_t i = 0; !status && elf_file_segment(head, &i, &segment);)
		status = read_what_is_there(lookup->owner, head->bias + segment.addr,
					    *image + segment.offset, segment.file_size);
	if (status) {
		lookup->objects->images_size -= cost;
		free(*image);
	}
	return status;
}

static int open_memory(struct lookup *lookup, struct object *object)
{
	struct elf_file head;
	uint64_t start = object->mapping->start, size;
	char *page = malloc(LIMIT_PAGE_SIZE), *image;
	if (!page)
		return AIODBG_NO_MEMORY;
	if (read_memory(lookup, start, page, LIMIT_PAGE_SIZE)) {
		free(page);
		return AIODBG_NOT_FOUND;
	}
	int status = elf_file_open_image(&head, page, LIMIT_PAGE_SIZE);
	if (status)
		return status;
	status = elf_file_find_bias(&head, start) ? read_segments(lookup, &head, &image, &size)
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
static bool is_elf(struct lookup *lookup, const struct mapping *mapping)
{
	uint8_t ident[ELF_IDENT_SIZE];
	return !read_memory(lookup, mapping->start, ident, sizeof(ident)) &&
	       elf_ident_word_size(ident) == lookup->owner->word_size &&
	       elf_ident_byte_order(ident) == lookup->owner->byte_order;
}

static bool open_file(struct lookup *lookup, struct object *object, enum source source,
		      struct elf_file *ret)
{
	int fd = lookup->owner->open(lookup->owner->ctx, object->mapping, source);
	if (fd < 0 || elf_file_open(ret, fd))
		return false;
	if (elf_file_find_bias(ret, object->mapping->start))
		return true;
	elf_file_close(ret);
	return false;
}

/* Whether it is an ELF file of ours, of which there are not too many. */
static bool is_candidate(struct lookup *lookup, struct object *object)
{
	if (!is_elf(lookup, object->mapping))
		return false;
	object->skipped = lookup->objects->elf_count++ >= LIMIT_ELF_FILES;
	return !object->skipped;
}

/*
 * Opens it anew each time: there may be more of them than files that we may have open. Returns
 * AIODBG_NOT_FOUND if there is none, or what callbacks return.
 */
static int object_open(struct lookup *lookup, struct object *object, struct elf_file *ret)
{
	enum source source = object->source;
	if (source == SOURCE_UNKNOWN)
		source = is_candidate(lookup, object) ? SOURCE_MAP_FILES : SOURCE_NONE;
	object->source = source;
	for (; source < SOURCE_MEMORY; source++) {
		if (open_file(lookup, object, source, ret)) {
			object->source = source;
			return 0;
		}
	}
	if (source == SOURCE_MEMORY && !object->image.elf) {
		int status = open_memory(lookup, object);
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

static struct answers *find_answers(struct objects *objects, lookup_fn *lookup, const char *name)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct answers *answers = &objects->answers[i];
		if (answers->lookup == lookup && !strcmp(answers->name, name))
			return answers;
	}
	struct answers *answers = &objects->answers[objects->next_answers++ % NAMES];
	*answers = (struct answers){.lookup = lookup};
	snprintf(answers->name, sizeof(answers->name), "%s", name);
	return answers;
}

/* Adds the answer of one object, if it has one. */
static int look_into(struct lookup *lookup, struct object *object, struct answers *answers)
{
	struct elf_file file;
	if (answers->looked > LIMIT_ELF_LOOKED) {
		object->skipped = object->skipped || object->source != SOURCE_NONE;
		return 0;
	}
	int status = object_open(lookup, object, &file);
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

/* The index-th (from 0) answer of all objects that function finds name in. */
static int look_up(struct lookup *lookup, lookup_fn *function, const char *name, unsigned int index,
		   uint64_t *addr, uint64_t *len)
{
	struct objects *objects = lookup->objects;
	const struct objects_owner *owner = lookup->owner;
	if (strlen(name) >= sizeof(objects->answers[0].name))
		return AIODBG_NOT_FOUND;
	struct answers *answers = find_answers(objects, function, name);
	if (answers->count > index + 1) {
		answers->count = 0;
		answers->object_count = 0;
		answers->looked = 0;
	}
	int status = owner->check(owner->ctx);
	for (; !status && answers->count <= index; status = owner->check(owner->ctx)) {
		if (answers->object_count == objects->list.count)
			return AIODBG_NOT_FOUND;
		status = look_into(lookup, &objects->list.items[answers->object_count], answers);
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

int objects_find_symbol(struct objects *objects, const struct objects_owner *owner,
			const char *name, unsigned int index, uint64_t *ret)
{
	struct lookup lookup = {objects, owner};
	uint64_t len;
	return look_up(&lookup, lookup_symbol, name, index, ret, &len);
}

int objects_find_section(struct objects *objects, const struct objects_owner *owner,
			 const char *name, unsigned int index, uint64_t *addr, uint64_t *len)
{
	struct lookup lookup = {objects, owner};
	return look_up(&lookup, elf_file_section, name, index, addr, len);
}

bool objects_skipped(const struct objects *objects, struct aiodbg_error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < objects->list.count; i++)
		count += objects->list.items[i].skipped;
	if (count)
		error_set(err, AIODBG_LIMIT,
			  "%zu mapped files were not looked into, or not to their end: more than "
			  "%d ELF files, or %u MB of symbols",
			  count, LIMIT_ELF_FILES, (unsigned int)(LIMIT_ELF_LOOKED >> 20));
	return count;
}
