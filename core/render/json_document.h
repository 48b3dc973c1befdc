/* SPDX-License-Identifier: MIT */
/* JSON documents with the head and the end that all have, and something between. */
#ifndef RENDER_JSON_DOCUMENT_H
#define RENDER_JSON_DOCUMENT_H

#include "base/json.h"
#include "render/render.h"

struct json_document {
	struct output *out;
	struct json_gen *gen;
	/* Room for text that is made in memory. */
	struct output *words;
};

/* Writes keys with their values, each followed by a comma. */
typedef void json_body_fn(struct json_document *document, const struct view *view);

/* Write the document of that "format". Returns 0 or AIODBG_NO_MEMORY. */
int json_document_write(const struct view *view, struct output *out, const char *format,
			json_body_fn *body);

/* Write text between two values. */
void json_document_text(struct json_document *document, const char *text);

#endif
