/* SPDX-License-Identifier: MIT */
/* What a loop made in C, of uvloop, leads to: its fields have no names. */
#ifndef ASYNCIO_NATIVE_LOOP_H
#define ASYNCIO_NATIVE_LOOP_H

#include "cpython/decoder.h"

/* Words of a Loop that are looked at: behind these fields is the buffer that it reads into. */
#define NATIVE_LOOP_WORDS 64

typedef int native_loop_fn(struct decoder *decoder, uint64_t object, void *arg);

/*
 * Visit what is in the containers of its fields, such as handles, transports and servers, and what the
 * words of these lead to: callbacks, protocols, factories of these. What else it may be is visited too.
 * *ret: it is such a loop, and has what is known to be its queue. Fails as visit() does.
 */
int native_loop_visit(struct decoder *decoder, uint64_t loop, native_loop_fn *visit, void *arg,
		      bool *ret);

/* The address of its uv_loop_t, which points back at the object; 0: none is found. Fails only fatally. */
int native_loop_find_uv(struct reader *reader, uint64_t loop, uint64_t *ret);

/* Whether the object is the function that such a loop has its main task call when that has ended. Fails
 * only fatally. */
int native_loop_is_done(struct decoder *decoder, uint64_t addr, bool *ret);

#endif
