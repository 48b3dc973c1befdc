/* SPDX-License-Identifier: MIT */
/*
 * JSON, written as it comes: nothing is kept, so a document of a million tasks needs no memory.
 *
 * Strings are UTF-8, or as near to it as the target's names are. What is not to reach a terminal,
 * or the sink cannot show, is escaped; bytes that are no UTF-8 become U+FFFD.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/output.h"

#include <stdint.h>

struct json_gen {
	struct output *out;
	/* A value stands before what comes next, which a comma has to part from it. */
	bool has_value;
};

void json_open_map(struct json_gen *gen);
void json_close_map(struct json_gen *gen);
void json_open_array(struct json_gen *gen);
void json_close_array(struct json_gen *gen);

/* A key of a map, plain ASCII of our own; or one of the target. Its value follows. */
void json_key(struct json_gen *gen, const char *key, size_t len);
void json_text_key(struct json_gen *gen, const char *key);

void json_null(struct json_gen *gen);
void json_bool(struct json_gen *gen, bool value);
void json_integer(struct json_gen *gen, int64_t number);
/* A finite number, with as many digits as tell it from all others, and more. */
void json_double(struct json_gen *gen, double number);
void json_string(struct json_gen *gen, const char *text, size_t len);

/* A string in parts: what is put between those two is a part of it. */
void json_open_string(struct json_gen *gen);
void json_put_part(struct json_gen *gen, const char *text, size_t len);
void json_close_string(struct json_gen *gen);

/* A value, or several with the keys between them, that was written before: the text of it. */
void json_ready(struct json_gen *gen, const char *text, size_t len);

/* Text of our own that stands between values. What follows is the first of its kind. */
void json_between(struct json_gen *gen, const char *text);

#endif
