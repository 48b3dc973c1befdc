/* SPDX-License-Identifier: MIT */
/* Recorded memory. See image.h. */
#include "image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* A recording is kilobytes, a few megabytes at the most; one record is less than this. */
#define RECORD_MAX (UINT64_C(1) << 30)

/* What is wrong with an image. */
#define complain(image, ...) snprintf((image)->message, sizeof((image)->message), __VA_ARGS__)

/* The array with room for one more element behind its num elements, or NULL. */
static void *grow(struct image *image, void *array, size_t num, size_t size)
{
	void *larger = reallocarray(array, num + 1, size);
	if (!larger)
		complain(image, "out of memory");
	return larger;
}

/*
 * The target: what a debugger would do with its process or core.
 */

static bool is_failing(const struct image *image, uint64_t start, uint64_t end)
{
	if (image->num_reads == image->failing_read)
		return true;
	if (image->cut_at && end > image->cut_at)
		return true;
	for (size_t i = 0; i < image->num_failing_pages; i++) {
		uint64_t page = image->failing_pages[i];
		if (start <= page + (IMAGE_PAGE_SIZE - 1) && page < end)
			return true;
	}
	return false;
}

/* The record with the lowest end above addr, or NULL. */
static const struct image_record *next_record(const struct image *image, uint64_t addr)
{
	size_t low = 0, high = image->num_records;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->records[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low < image->num_records ? &image->records[low] : NULL;
}

static int image_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct image *image = ctx;
	const struct image_record *record = next_record(image, addr);
	image->num_reads++;
	if (!record || addr < record->start || len > record->end - addr)
		return AIODBG_FAULT;
	if (is_failing(image, addr, addr + len))
		return AIODBG_FAULT;
	memcpy(buf, record->bytes + (addr - record->start), len);
	return AIODBG_OK;
}

static const struct image_place *find_place(const struct image_places *places, const char *name,
					    unsigned int index)
{
	for (size_t i = 0; i < places->num; i++) {
		const struct image_place *place = &places->list[i];
		if (place->index == index && strcmp(place->name, name) == 0)
			return place;
	}
	return NULL;
}

static int image_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	const struct image *image = ctx;
	const struct image_place *symbol = find_place(&image->symbols, name, index);
	if (!symbol || image->no_files)
		return AIODBG_NOT_FOUND;
	*ret = symbol->address;
	return AIODBG_OK;
}

static int image_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
			      uint64_t *len)
{
	const struct image *image = ctx;
	const struct image_place *section = find_place(&image->sections, name, index);
	if (!section || image->no_files)
		return AIODBG_NOT_FOUND;
	*addr = section->address;
	*len = section->len;
	return AIODBG_OK;
}

static int image_next_region(void *ctx, uint64_t addr, struct aiodbg_region *ret)
{
	const struct image *image = ctx;
	const struct image_record *record = next_record(image, addr);
	if (!record || (image->cut_at && record->start >= image->cut_at))
		return AIODBG_NOT_FOUND;
	ret->start = record->start;
	ret->end = record->end;
	if (image->cut_at && ret->end > image->cut_at)
		ret->end = image->cut_at;
	/* Not recorded. */
	ret->writable = 1;
	return AIODBG_OK;
}

struct aiodbg_target image_target(struct image *image)
{
	return (struct aiodbg_target){
		.size = sizeof(struct aiodbg_target),
		.ctx = image,
		.word_size = image->word_size,
		.byte_order = image->byte_order,
		.kind = image->kind,
		.pid = image->pid,
		.read = image_read,
		.find_symbol = image_find_symbol,
		.find_section = image_find_section,
		.next_region = image_next_region,
	};
}

unsigned char *image_bytes(const struct image *image, uint64_t addr, uint64_t *num)
{
	const struct image_record *record = next_record(image, addr);
	if (!record || addr < record->start)
		return NULL;
	*num = record->end - addr;
	return record->bytes + (addr - record->start);
}

bool image_fail_page(struct image *image, uint64_t addr)
{
	uint64_t *larger = grow(image, image->failing_pages, image->num_failing_pages,
				sizeof(*larger));
	if (!larger)
		return false;
	image->failing_pages = larger;
	larger[image->num_failing_pages++] = addr & -IMAGE_PAGE_SIZE;
	return true;
}

/*
 * Loading an image.
 */

static bool add_place(struct image *image, struct image_places *places, const char *value)
{
	struct image_place *larger = grow(image, places->list, places->num, sizeof(*larger));
	if (!larger)
		return false;
	places->list = larger;
	struct image_place *place = &larger[places->num];
	*place = (struct image_place){.len = 0};
	if (sscanf(value, "%63s %u 0x%" SCNx64 " 0x%" SCNx64, place->name, &place->index,
		   &place->address, &place->len) < 3)
		return false;
	places->num++;
	return true;
}

static bool set_number(uint32_t *number, const char *value)
{
	return sscanf(value, "%" SCNu32, number) == 1;
}

static bool set_choice(uint32_t *number, const char *value, const char *one, const char *two)
{
	*number = strcmp(value, one) == 0 ? 1 : strcmp(value, two) == 0 ? 2 : 0;
	return *number != 0;
}

/* Other keys tell people where the image is from. */
static bool set_property(struct image *image, const char *key, const char *value)
{
	if (strcmp(key, "word_size") == 0)
		return set_number(&image->word_size, value);
	if (strcmp(key, "pid") == 0)
		return set_number(&image->pid, value);
	if (strcmp(key, "byte_order") == 0)
		return set_choice(&image->byte_order, value, "little", "big");
	if (strcmp(key, "kind") == 0)
		return set_choice(&image->kind, value, "process", "core");
	if (strcmp(key, "symbol") == 0)
		return add_place(image, &image->symbols, value);
	if (strcmp(key, "section") == 0)
		return add_place(image, &image->sections, value);
	return true;
}

static bool parse_manifest(struct image *image, FILE *file, const char *path)
{
	char line[4096];

	for (unsigned int number = 1; fgets(line, sizeof(line), file); number++) {
		char *value = strstr(line, ": ");
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		if (value) {
			*value = '\0';
			value += 2;
		}
		if (!value || !set_property(image, line, value)) {
			complain(image, "%s:%u: cannot be understood", path, number);
			return false;
		}
	}
	return true;
}

static bool load_manifest(struct image *image, const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		complain(image, "%s: %s", path, strerror(errno));
		return false;
	}
	bool ok = parse_manifest(image, file, path);
	fclose(file);
	return ok;
}

static uint64_t little_u64(const unsigned char *bytes)
{
	uint64_t number = 0;
	for (int i = 7; i >= 0; i--)
		number = number << 8 | bytes[i];
	return number;
}

/* The start of a record for the bytes that follow. */
static struct image_record *add_record(struct image *image, const unsigned char *header)
{
	uint64_t start = little_u64(header), len = little_u64(header + 8);
	uint64_t end = start + len;
	if (len == 0 || len > RECORD_MAX || end < start)
		return NULL;
	struct image_record *larger = grow(image, image->records, image->num_records,
					   sizeof(*larger));
	if (!larger)
		return NULL;
	image->records = larger;
	struct image_record *record = &larger[image->num_records];
	if (image->num_records > 0 && start <= record[-1].end)
		return NULL;
	*record = (struct image_record){.start = start, .end = end, .bytes = malloc(len)};
	if (!record->bytes)
		return NULL;
	image->num_records++;
	return record;
}

/* Returns 1, 0 at the end of the file, or -1. */
static int load_record(struct image *image, gzFile file)
{
	unsigned char header[16];
	int got = gzread(file, header, sizeof(header));
	if (got == 0)
		return 0;
	if (got != sizeof(header))
		return -1;
	struct image_record *record = add_record(image, header);
	if (!record)
		return -1;
	unsigned int len = (unsigned int)(record->end - record->start);
	return gzread(file, record->bytes, len) == (int)len ? 1 : -1;
}

static bool load_memory(struct image *image, const char *path)
{
	gzFile file = gzopen(path, "rb");
	if (!file) {
		complain(image, "%s: %s", path, strerror(errno));
		return false;
	}
	int loaded;
	do {
		loaded = load_record(image, file);
	} while (loaded > 0);
	if (gzclose(file) != Z_OK || loaded < 0) {
		complain(image, "%s: damaged after %zu records", path, image->num_records);
		return false;
	}
	return true;
}

bool image_init(struct image *image, const char *folder)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/MANIFEST", folder);
	if (!load_manifest(image, path))
		return false;
	snprintf(path, sizeof(path), "%s/memory.gz", folder);
	return load_memory(image, path);
}

void image_deinit(struct image *image)
{
	for (size_t i = 0; i < image->num_records; i++)
		free(image->records[i].bytes);
	free(image->records);
	free(image->symbols.list);
	free(image->sections.list);
	free(image->failing_pages);
}

void image_truncate(struct image *image, uint64_t bytes)
{
	for (size_t i = 0; i < image->num_records; i++) {
		const struct image_record *record = &image->records[i];
		uint64_t len = record->end - record->start;
		if (bytes < len) {
			image->cut_at = record->start + bytes;
			return;
		}
		bytes -= len;
	}
}
