/* SPDX-License-Identifier: MIT */
/*
 * What one execution of the fuzzer gets: an image, a command, and what is done to the
 * image's memory first.
 *
 * As bytes it is a head and any number of edits, each of INPUT_UNIT bytes, little-endian.
 * Addresses are those of the target, so that an input keeps its meaning for as long as its
 * image stays as it is. Any bytes are an input; a rest is passed over.
 */
#ifndef INPUT_H
#define INPUT_H

#include "image.h"

#define INPUT_UNIT 20
#define INPUT_MAX_EDITS 24

enum input_flag {
	/* The sink can show all characters. */
	INPUT_UNICODE = 1,
	/* Without the files that the process had loaded. */
	INPUT_NO_FILES = 2,
	/* Through aiodbg_open() and so on, else through aiodbg_command_run(). */
	INPUT_CALLS = 4,
	/* Memory is fetched as it is for users, else page by page into a small cache, which
	 * is several times as fast. */
	INPUT_LARGE_BLOCKS = 8,
	/* What tasks wait for is decoded as well, where that is not asked for anyway. */
	INPUT_WAITS = 16,
};

struct input_head {
	/* input_hash() of the name of the image's folder. */
	uint32_t image;
	/* These are taken modulo what there is. */
	uint8_t command, format, task;
	/* enum input_flag. */
	uint8_t flags;
	/* Number of the read and of the allocation that fails, from 1; 0: none. */
	uint16_t failing_read, failing_alloc;
	/* Pages that the image is cut to; 0: all of them. */
	uint16_t pages;
};

enum edit_kind {
	/* len bytes (1 to 8) at where become those of value. */
	EDIT_SET,
	/* The same, combined with what is there. */
	EDIT_XOR,
	EDIT_ADD,
	/* len bytes become the lowest byte of value. */
	EDIT_FILL,
	/* len bytes are copied from the address value. */
	EDIT_COPY,
	/* The pages of where and of value change places. */
	EDIT_SWAP_PAGES,
	/* The page cannot be read. */
	EDIT_LOSE_PAGE,
	EDIT_KINDS,
};

struct edit {
	/* enum edit_kind, modulo EDIT_KINDS. */
	uint8_t kind;
	uint16_t len;
	uint64_t where, value;
};

struct input {
	struct input_head head;
	struct edit edits[INPUT_MAX_EDITS];
	size_t num_edits;
};

uint32_t input_hash(const char *name);

/* Any bytes. */
void input_decode(const uint8_t *bytes, size_t size, struct input *ret);

/* Returns the number of bytes, at most max. */
size_t input_encode(const struct input *input, uint8_t *bytes, size_t max);

/*
 * Do to the image what the input says, but for the failing allocation. input_undo() has to
 * follow before the next. There is one list of changes: not for two images at a time.
 */
void input_apply(const struct input *input, struct image *image);
void input_undo(struct image *image);

#endif
