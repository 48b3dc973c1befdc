/* SPDX-License-Identifier: MIT */
/* JSON documents, read by a parser that knows nothing of what has written them: RFC 8259. */
#ifndef JSON_TREE_H
#define JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_MAP };

/* A value; those in it follow, and of a map its keys as well. */
struct json_value {
	enum json_kind kind;
	/* Its text, of a string without the quotes. */
	const char *text;
	size_t len;
	/* Values of an array, or of a map. */
	size_t count;
	/* How many values it is, with all in it. */
	size_t span;
};

struct json_tree {
	/* The first one is the document; to be freed. */
	struct json_value *values;
	size_t count, capacity;
};

/* Whether text is one document. tree is filled, unless it is NULL; *at is how far it was right. */
bool json_tree_parse(const char *text, size_t len, struct json_tree *tree, size_t *at);

/* The value at a path such as "tasks.0.stack.1.line"; NULL if there is none. */
const struct json_value *json_tree_at(const struct json_tree *tree, const char *path);

/* A string without escapes, in UTF-8, cut to size bytes. */
void json_tree_string(const struct json_value *value, char *ret, size_t size);

#endif
