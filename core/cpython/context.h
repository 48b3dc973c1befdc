/* SPDX-License-Identifier: MIT */
/* contextvars.Context: Include/internal/pycore_context.h, pycore_hamt.h, Python/hamt.c. */
#ifndef CPYTHON_CONTEXT_H
#define CPYTHON_CONTEXT_H

#include "cpython/decoder.h"

/* Called for each variable: its name, and the address of its value. A value other than 0 ends
 * the walk and is returned. */
typedef int context_visit_fn(struct decoder *decoder, const char *name, uint64_t value, void *arg);

/*
 * Visit the variables of the Context at addr, in no order. Fails with AIODBG_LIMIT behind
 * LIMIT_CONTEXT_VARIABLES of them.
 */
int context_visit(struct decoder *decoder, uint64_t addr, context_visit_fn *visit, void *arg);

#endif
