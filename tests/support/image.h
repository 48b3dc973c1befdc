/* SPDX-License-Identifier: MIT */
/*
 * A recorded memory image as a target of the library.
 *
 * An image is a folder made by scripts/record-image. Its MANIFEST has lines "key: value",
 * its memory.gz is a gzip of records, sorted, not touching: address and length, 64 bits
 * each, little-endian, then the bytes. Whatever is in no record cannot be read.
 *
 * Needs nothing but zlib and the public API: it shows what libaiodbg has to know of a target.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "aiodbg.h"

#define IMAGE_PAGE_SIZE UINT64_C(4096)
#define IMAGE_PLACE_NAME_MAX 63
#define IMAGE_MESSAGE_MAX 4400

struct image_record {
	/* First address, and first address behind it. */
	uint64_t start, end;
	unsigned char *bytes;
};

/* What the debugger knew by name. A symbol has no length. */
struct image_place {
	char name[IMAGE_PLACE_NAME_MAX + 1];
	unsigned int index;
	uint64_t address, len;
};

struct image_places {
	struct image_place *list;
	size_t num;
};

struct image {
	uint32_t word_size, byte_order, kind, pid;
	struct image_record *records;
	size_t num_records;
	struct image_places symbols, sections;

	/*
	 * What shall go wrong. May be changed at any time.
	 */
	/* Pages that cannot be read: image_fail_page(). */
	uint64_t *failing_pages;
	size_t num_failing_pages;
	/* Number of the call of the read callback that fails, from 1; 0: none. */
	unsigned long failing_read;
	/* From here on nothing can be read: image_truncate(). 0: all can. */
	uint64_t cut_at;
	/* No symbols and no sections, as of a core file alone. */
	bool no_files;

	/* Calls of the read callback so far. */
	unsigned long num_reads;

	/* Why image_init() failed: one line. */
	char message[IMAGE_MESSAGE_MAX];
};

/*
 * Load the image in folder. *image is all zero, but for what shall go wrong. Returns false,
 * and the reason in image->message, if that is not possible; image_deinit() has to follow in
 * any case.
 */
bool image_init(struct image *image, const char *folder);
void image_deinit(struct image *image);

/* The callbacks of the library, for as long as the image is there. */
struct aiodbg_target image_target(struct image *image);

/*
 * The bytes recorded from addr on, to be read or changed, and how many of them there are
 * in a row, or NULL.
 */
unsigned char *image_bytes(const struct image *image, uint64_t addr, uint64_t *num);

/* The page that addr is in cannot be read any more. Returns false if there is no memory. */
bool image_fail_page(struct image *image, uint64_t addr);

/* Keep the first bytes only, as of a core file that a full disk has cut off. */
void image_truncate(struct image *image, uint64_t bytes);

#endif
