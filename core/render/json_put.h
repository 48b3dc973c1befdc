/* SPDX-License-Identifier: MIT */
/* Values of JSON that more than one file writes. */
#ifndef RENDER_JSON_PUT_H
#define RENDER_JSON_PUT_H

#include "base/json.h"
#include "snapshot/frame_locals.h"
#include "snapshot/model.h"

#include <stdbool.h>
#include <stdint.h>

/* null if text is NULL. */
void put_string(struct json_gen *gen, const char *text);
static inline void put_key(struct json_gen *gen, const char *key)
{
	json_key(gen, key, strlen(key));
}

/* "0x7f.."; null if it is 0, for the second. */
void put_address(struct json_gen *gen, uint64_t address);
void put_address_or_null(struct json_gen *gen, uint64_t address);

/* null if it is negative. */
void put_integer_or_null(struct json_gen *gen, int64_t number);

/* "coroutine". */
void put_frame_kind(struct json_gen *gen, enum aiodbg_frame_kind kind);

/* A key and a line or column; null if it is negative. */
void put_position(struct json_gen *gen, const char *key, int32_t number);

/* An array. */
void put_problems(struct json_gen *gen, const struct aiodbg_problem *problem);

/* null if it is not known. */
void put_seconds(struct json_gen *gen, double seconds, bool known);

/* What was looked at: the values of "python" and "target". */
void put_python(struct json_gen *gen, const struct aiodbg_snapshot *snap);
void put_target(struct json_gen *gen, const struct aiodbg_snapshot *snap);

/* A frame; with the text of its line, which may be NULL, whether it is the program's own, and its
 * variables, if source, own and locals are not NULL. */
void json_put_place(struct json_gen *gen, const struct location *location,
		    const char *const *source, const bool *own, const struct local_values *locals);

#endif
