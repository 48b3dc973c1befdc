/* SPDX-License-Identifier: MIT */
/* State shared by the decoders. See cpython/decoder.h. */
#include "cpython/decoder.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/code.h"
#include "cpython/object.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Low bits of a reference in a frame: Include/internal/pycore_stackref.h. */
#define TAG_MASK 3
#define TAG_NOT_OBJECT 2

hashval_t address_hash(const void *element)
{
	uint64_t addr = *(const uint64_t *)element;
	return (hashval_t)((addr >> 3) * 0x9e3779b97f4a7c15ull >> 32);
}

int address_equal(const void *element, const void *other)
{
	return *(const uint64_t *)element == *(const uint64_t *)other;
}

int decoder_init(struct decoder *decoder, const struct aiodbg_target *target,
		 const struct aiodbg_options *options, const struct layout *layout,
		 struct arena *arena)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->layout = layout;
	decoder->arena = arena;
	int code = reader_init(&decoder->reader, target, options);
	if (code)
		return code;
	decoder->types = htab_create_alloc(256, address_hash, address_equal, NULL, calloc, free);
	decoder->codes = htab_create_alloc(256, address_hash, address_equal, NULL, calloc, free);
	decoder->locations = htab_create_alloc(256, location_hash, location_equal, NULL, calloc,
					       free);
	decoder->names = htab_create_alloc(64, address_hash, address_equal, NULL, calloc, free);
	decoder->named = htab_create_alloc(8, address_hash, address_equal, NULL, calloc, free);
	if (!decoder->types || !decoder->codes || !decoder->locations || !decoder->names ||
	    !decoder->named)
		return decoder_no_memory(decoder);
	return 0;
}

void decoder_deinit(struct decoder *decoder)
{
	if (decoder->types)
		htab_delete(decoder->types);
	if (decoder->codes)
		htab_delete(decoder->codes);
	if (decoder->locations)
		htab_delete(decoder->locations);
	if (decoder->names)
		htab_delete(decoder->names);
	if (decoder->named)
		htab_delete(decoder->named);
	addrmap_deinit(&decoder->chains);
	addrmap_deinit(&decoder->withs);
	reader_deinit(&decoder->reader);
}

int decoder_no_memory(struct decoder *decoder)
{
	struct aiodbg_error *error = &decoder->reader.error;
	if (decoder->arena && decoder->arena->full)
		return error_set(error, AIODBG_TOO_MUCH, "more than %" PRIu64 " bytes were decoded",
				 decoder->arena->limit);
	return error_no_memory(error);
}

int decoder_go_on_slowly(struct decoder *decoder, int status)
{
	if (error_is_fatal(status))
		return status;
	if ((status == AIODBG_FAULT || status == AIODBG_LIMIT || status == AIODBG_CORRUPT) &&
	    decoder->missing_count++ == 0)
		decoder->missing = decoder->reader.error;
	return 0;
}

int decoder_gaps(struct decoder *decoder, const struct gaps *gaps)
{
	if (gaps->count)
		decoder->reader.error = gaps->first;
	return gaps->first.code;
}

int decoder_pass_gap(struct decoder *decoder, struct gaps *gaps, int status)
{
	if (status != AIODBG_FAULT)
		return status;
	if (gaps->count++ == 0)
		gaps->first = decoder->reader.error;
	return gaps->count > LIMIT_TABLE_GAPS ? decoder_gaps(decoder, gaps) : 0;
}

int decoder_charge(struct decoder *decoder, uint64_t addr, uint64_t size)
{
	if (size > LIMIT_TEXT_SIZE - decoder->text_size)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, addr,
				"more than %llu bytes of names and tables, cut", LIMIT_TEXT_SIZE);
	decoder->text_size += size;
	return 0;
}

int decoder_alloc(struct decoder *decoder, size_t size, void **ret)
{
	*ret = arena_alloc(decoder->arena, size);
	return *ret ? 0 : decoder_no_memory(decoder);
}

uint64_t decoder_untag(const struct decoder *decoder, uint64_t word)
{
	if (decoder->layout->fact.tagged_refs != 1)
		return word;
	if (word & TAG_NOT_OBJECT)
		return 0;
	word &= ~(uint64_t)TAG_MASK;
	return word < LIMIT_PAGE_SIZE ? 0 : word;
}
