/* SPDX-License-Identifier: MIT */
/* set and frozenset: Include/cpython/setobject.h; weakref.WeakSet: Lib/_weakrefset.py. */
#ifndef CPYTHON_SET_H
#define CPYTHON_SET_H

#include "cpython/decoder.h"
#include "cpython/sequence.h"

/* Visit the members of the set at addr, in table order. */
int set_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg);

/* Visit what the living weak references in the WeakSet at addr refer to. */
int weakset_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg);

#endif
