/* SPDX-License-Identifier: MIT */
/* int objects. See cpython/int.h. */
#include "cpython/int.h"

#include "base/error.h"
#include "cpython/object.h"

#include <inttypes.h>

/* Low bits of lv_tag: sign, and the count of digits above. 64-bit builds use digits of
 * 30 bits, 32-bit builds by default too. */
#define TAG_SIGN_MASK 3
#define TAG_SIGN_NEGATIVE 2
#define TAG_COUNT_SHIFT 3
#define DIGIT_SIZE 4
#define DIGIT_BITS 30

int int_read(struct decoder *decoder, uint64_t addr, int64_t *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int code = object_expect(decoder, addr, KIND_INT, "number");
	if (!code)
		code = window_read(&decoder->reader, addr, (size_t)l->integer.digits, &w);
	if (code)
		return code;
	uint64_t count;
	bool negative;
	if (l->integer.tag != LAYOUT_NONE) {
		uint64_t tag = window_word(&w, (size_t)l->integer.tag);
		count = tag >> TAG_COUNT_SHIFT;
		negative = (tag & TAG_SIGN_MASK) == TAG_SIGN_NEGATIVE;
	} else {
		/* A zero has no digits. */
		int64_t length = reader_signed(&decoder->reader,
					       window_word(&w, (size_t)l->integer.length));
		negative = length < 0;
		count = negative ? 0 - (uint64_t)length : (uint64_t)length;
	}
	if (count > 2)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, addr,
				"int of %" PRIu64 " digits", count);
	code = window_read(&decoder->reader, addr + (uint64_t)l->integer.digits,
			   (size_t)count * DIGIT_SIZE, &w);
	if (code)
		return code;
	int64_t value = 0;
	for (size_t i = (size_t)count; i-- > 0;)
		value = value << DIGIT_BITS | (int64_t)window_uint(&w, i * DIGIT_SIZE, DIGIT_SIZE);
	*ret = negative ? -value : value;
	return 0;
}
