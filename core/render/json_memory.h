/* SPDX-License-Identifier: MIT */
/* What every JSON document has: memory for yajl, and a way from there to the output. */
#ifndef RENDER_JSON_MEMORY_H
#define RENDER_JSON_MEMORY_H

#include "base/arena.h"
#include "base/output.h"

#include <setjmp.h>
#include <yajl/yajl_gen.h>

/* All that yajl has is in the arena. Where there is no more it jumps to out_of_memory, which has to
 * be set before anything is written. */
struct json_memory {
	struct arena arena;
	jmp_buf out_of_memory;
};

yajl_gen json_gen_create(struct json_memory *memory);

/* Write what yajl has written, escaped where it is unsafe or cannot be shown. */
void json_write_text(struct output *out, const char *text, size_t len);

#endif
