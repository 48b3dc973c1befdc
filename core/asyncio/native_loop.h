/* SPDX-License-Identifier: MIT */
/* What a loop made in C, of uvloop, leads to: its fields have no names. */
#ifndef ASYNCIO_NATIVE_LOOP_H
#define ASYNCIO_NATIVE_LOOP_H

#include "cpython/decoder.h"

typedef int native_loop_fn(struct decoder *decoder, uint64_t object, void *arg);

/*
 * Visit what is in the containers of its fields, such as handles, transports and servers, and what the
 * words of these lead to: callbacks, protocols, factories of these. What else it may be is visited too.
 * *ret: it is such a loop, and has what is known to be its queue. Fails as visit() does.
 */
int native_loop_visit(struct decoder *decoder, uint64_t loop, native_loop_fn *visit, void *arg,
		      bool *ret);

#endif
