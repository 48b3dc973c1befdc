/* SPDX-License-Identifier: MIT */
/* float. See cpython/float.h. */
#include "cpython/float.h"

#include "base/error.h"
#include "cpython/int.h"
#include "cpython/object.h"

#include <string.h>

int float_read(struct decoder *decoder, uint64_t addr, double *ret)
{
	uint8_t bytes[8];
	enum kind kind;
	int64_t number = 0;
	*ret = 0;
	int status = object_kind(decoder, addr, &kind);
	if (!status && kind == KIND_INT) {
		status = int_read(decoder, addr, &number);
		*ret = (double)number;
		return status;
	}
	if (!status)
		status = object_expect(decoder, addr, KIND_FLOAT, "number");
	if (!status)
		status = reader_read(&decoder->reader,
				     addr + (uint64_t)decoder->layout->pyfloat.value, bytes,
				     sizeof(bytes));
	if (status)
		return status;
	uint64_t bits = reader_decode_uint(&decoder->reader, bytes, sizeof(bytes));
	memcpy(ret, &bits, sizeof(*ret));
	return 0;
}
