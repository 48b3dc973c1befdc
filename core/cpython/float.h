/* SPDX-License-Identifier: MIT */
/* float: Include/cpython/floatobject.h. */
#ifndef CPYTHON_FLOAT_H
#define CPYTHON_FLOAT_H

#include "cpython/decoder.h"

/* The value of the float at addr; or of an int, which stands for one everywhere. */
int float_read(struct decoder *decoder, uint64_t addr, double *ret);

#endif
