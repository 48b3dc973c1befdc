/* SPDX-License-Identifier: MIT */
/* Inputs of the fuzzer. See input.h. */
#include "input.h"

#include <stdlib.h>
#include <string.h>

uint32_t input_hash(const char *name)
{
	/* FNV-1a. */
	uint32_t hash = 2166136261;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return hash;
}

static uint64_t get(const uint8_t *bytes, size_t at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)bytes[at + i] << (i * 8);
	return value;
}

static void put(uint8_t *bytes, size_t at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		bytes[at + i] = (uint8_t)(value >> (i * 8));
}

void input_decode(const uint8_t *bytes, size_t size, struct input *ret)
{
	uint8_t head[INPUT_UNIT] = {0};
	memcpy(head, bytes, size < INPUT_UNIT ? size : INPUT_UNIT);
	ret->head = (struct input_head){
		.image = (uint32_t)get(head, 0, 4),
		.command = head[4],
		.format = head[5],
		.task = head[6],
		.flags = head[7],
		.failing_read = (uint16_t)get(head, 8, 2),
		.failing_alloc = (uint16_t)get(head, 10, 2),
		.pages = (uint16_t)get(head, 12, 2),
	};
	ret->num_edits = 0;
	for (size_t at = INPUT_UNIT; at + INPUT_UNIT <= size; at += INPUT_UNIT) {
		if (ret->num_edits == INPUT_MAX_EDITS)
			break;
		ret->edits[ret->num_edits++] = (struct edit){
			.kind = bytes[at],
			.len = (uint16_t)get(bytes, at + 2, 2),
			.where = get(bytes, at + 4, 8),
			.value = get(bytes, at + 12, 8),
		};
	}
}

size_t input_encode(const struct input *input, uint8_t *bytes, size_t max)
{
	const struct input_head *head = &input->head;
	if (max < INPUT_UNIT)
		return 0;
	memset(bytes, 0, INPUT_UNIT);
	put(bytes, 0, 4, head->image);
	bytes[4] = head->command;
	bytes[5] = head->format;
	bytes[6] = head->task;
	bytes[7] = head->flags;
	put(bytes, 8, 2, head->failing_read);
	put(bytes, 10, 2, head->failing_alloc);
	put(bytes, 12, 2, head->pages);
	size_t at = INPUT_UNIT;
	for (size_t i = 0; i < input->num_edits && at + INPUT_UNIT <= max; i++) {
		const struct edit *edit = &input->edits[i];
		bytes[at] = edit->kind;
		bytes[at + 1] = 0;
		put(bytes, at + 2, 2, edit->len);
		put(bytes, at + 4, 8, edit->where);
		put(bytes, at + 12, 8, edit->value);
		at += INPUT_UNIT;
	}
	return at;
}

/* What was in the image before, oldest first. */
struct change {
	unsigned char *at;
	size_t len;
	/* In saved. */
	size_t from;
};

static struct change changes[INPUT_MAX_EDITS * 2];
static size_t num_changes;
static unsigned char saved[INPUT_MAX_EDITS * 2 * IMAGE_PAGE_SIZE];
static size_t num_saved;

/* The len bytes at addr, to be changed, or NULL if they are not all in one record. */
static unsigned char *change(struct image *image, uint64_t addr, size_t len)
{
	uint64_t num;
	unsigned char *bytes = image_bytes(image, addr, &num);
	if (!bytes || num < len)
		return NULL;
	changes[num_changes++] = (struct change){bytes, len, num_saved};
	memcpy(saved + num_saved, bytes, len);
	num_saved += len;
	return bytes;
}

static void set_word(struct image *image, const struct edit *edit)
{
	size_t len = edit->len % 8 + 1;
	unsigned char *bytes = change(image, edit->where, len);
	if (!bytes)
		return;
	uint64_t value = edit->value;
	if (edit->kind % EDIT_KINDS == EDIT_XOR)
		value ^= get(bytes, 0, len);
	else if (edit->kind % EDIT_KINDS == EDIT_ADD)
		value += get(bytes, 0, len);
	put(bytes, 0, len, value);
}

static void copy(struct image *image, const struct edit *edit)
{
	size_t len = edit->len % IMAGE_PAGE_SIZE + 1;
	uint64_t num;
	const unsigned char *from = image_bytes(image, edit->value, &num);
	if (!from || num < len)
		return;
	unsigned char *bytes = change(image, edit->where, len);
	if (bytes)
		memmove(bytes, from, len);
}

static void swap_pages(struct image *image, const struct edit *edit)
{
	unsigned char *one = change(image, edit->where & -IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE);
	unsigned char *other = change(image, edit->value & -IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE);
	if (!one || !other || one == other)
		return;
	memcpy(one, other, IMAGE_PAGE_SIZE);
	memcpy(other, saved + num_saved - 2 * IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE);
}

static void apply(struct image *image, const struct edit *edit)
{
	unsigned char *bytes;
	size_t len = edit->len % IMAGE_PAGE_SIZE + 1;
	switch ((enum edit_kind)(edit->kind % EDIT_KINDS)) {
	case EDIT_FILL:
		bytes = change(image, edit->where, len);
		if (bytes)
			memset(bytes, (unsigned char)edit->value, len);
		return;
	case EDIT_COPY:
		copy(image, edit);
		return;
	case EDIT_SWAP_PAGES:
		swap_pages(image, edit);
		return;
	case EDIT_LOSE_PAGE:
		if (!image_fail_page(image, edit->where))
			abort();
		return;
	default:
		set_word(image, edit);
	}
}

void input_apply(const struct input *input, struct image *image)
{
	const struct input_head *head = &input->head;
	image->num_reads = 0;
	image->failing_read = head->failing_read;
	image->no_files = head->flags & INPUT_NO_FILES;
	if (head->pages)
		image_truncate(image, head->pages * IMAGE_PAGE_SIZE);
	for (size_t i = 0; i < input->num_edits; i++)
		apply(image, &input->edits[i]);
}

void input_undo(struct image *image)
{
	while (num_changes) {
		const struct change *last = &changes[--num_changes];
		memcpy(last->at, saved + last->from, last->len);
	}
	num_saved = 0;
	image->num_failing_pages = 0;
	image->failing_read = 0;
	image->cut_at = 0;
	image->no_files = false;
}
