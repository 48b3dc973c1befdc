/* SPDX-License-Identifier: MIT */
/* int: Include/cpython/longintrepr.h. */
#ifndef CPYTHON_INT_H
#define CPYTHON_INT_H

#include "cpython/decoder.h"

/* The value of the int at addr. Fails with AIODBG_LIMIT if it has more than 60 bits. */
int int_read(struct decoder *decoder, uint64_t addr, int64_t *ret);

#endif
