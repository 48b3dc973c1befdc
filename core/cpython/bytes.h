/* SPDX-License-Identifier: MIT */
/* bytes: Include/cpython/bytesobject.h. */
#ifndef CPYTHON_BYTES_H
#define CPYTHON_BYTES_H

#include "cpython/decoder.h"

/* Copy the bytes object at addr to the arena. Fails if it is longer than max. */
int bytes_read(struct decoder *decoder, uint64_t addr, size_t max, const uint8_t **ret,
	       size_t *len);

#endif
