/* SPDX-License-Identifier: MIT */
/* dict: Include/cpython/dictobject.h, Include/internal/pycore_dict.h. */
#ifndef CPYTHON_DICT_H
#define CPYTHON_DICT_H

#include "cpython/decoder.h"

/* Called for each entry that has a value. A value other than 0 ends the walk. */
typedef int dict_visit_fn(struct decoder *decoder, uint64_t key, uint64_t value, void *arg);

/*
 * Visit the entries of the dict at addr, in the order of insertion. If this fails with
 * AIODBG_FAULT, what could be read was visited.
 */
int dict_visit(struct decoder *decoder, uint64_t addr, dict_visit_fn *visit, void *arg);

/* Visit the attributes in a values array whose names are in the keys object at keys. */
int dict_visit_values(struct decoder *decoder, uint64_t keys, uint64_t values, dict_visit_fn *visit,
		      void *arg);

/* The value of the ASCII key in the dict at addr; *ret is 0 if there is none. */
int dict_get(struct decoder *decoder, uint64_t addr, const char *key, uint64_t *ret);

#endif
