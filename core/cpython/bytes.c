/* SPDX-License-Identifier: MIT */
/* bytes objects. See cpython/bytes.h. */
#include "cpython/bytes.h"

#include "base/error.h"
#include "cpython/object.h"

#include <inttypes.h>

int bytes_read(struct decoder *decoder, uint64_t addr, size_t max, const uint8_t **ret, size_t *len)
{
	const struct layout *l = decoder->layout;
	uint64_t size;
	int code = object_expect(decoder, addr, KIND_BYTES, "table");
	if (!code)
		code = reader_word(&decoder->reader, addr + (uint64_t)l->bytes.length, &size);
	if (code)
		return code;
	if (size > max)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, addr,
				"bytes object of %" PRIu64 " bytes", size);
	/* A wrong length must not cost the memory for it. */
	uint8_t last;
	if (size)
		code = reader_u8(&decoder->reader, addr + (uint64_t)l->bytes.data + size - 1,
				 &last);
	if (!code)
		code = decoder_charge(decoder, addr, size);
	if (code)
		return code;
	uint8_t *copy = arena_alloc(decoder->arena, (size_t)size + 1);
	if (!copy)
		return decoder_no_memory(decoder);
	code = reader_read(&decoder->reader, addr + (uint64_t)l->bytes.data, copy, (size_t)size);
	if (code)
		return code;
	*ret = copy;
	*len = (size_t)size;
	return 0;
}
