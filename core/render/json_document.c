/* SPDX-License-Identifier: MIT */
/* See render/json_document.h. */
#include "render/json_document.h"

#include "render/json_put.h"

#include <stdlib.h>

void json_document_text(struct json_document *document, const char *text)
{
	json_between(document->gen, text);
}

static void put_document(struct json_document *document, const struct view *view,
			 const char *format, json_body_fn *body)
{
	const struct aiodbg_snapshot *snap = view->snap;
	struct json_gen *gen = document->gen;
	json_document_text(document, "{\"format\":");
	put_string(gen, format);
	json_document_text(document, ",\"version\":1,\n\"python\":");
	put_python(gen, snap);
	json_document_text(document, ",\n\"target\":");
	put_target(gen, snap);
	json_document_text(document, ",\n");
	body(document, view);
	json_document_text(document, "\"complete\":");
	json_bool(gen, snapshot_is_complete(snap));
	json_document_text(document, ",\n\"errors\":");
	put_problems(gen, snap->problems);
	json_document_text(document, "}\n");
}

int json_document_write(const struct view *view, struct output *out, const char *format,
			json_body_fn *body)
{
	struct json_gen gen = {.out = out};
	struct json_document document = {
		.out = out,
		.gen = &gen,
		.words = malloc(sizeof(*document.words)),
	};
	if (!document.words)
		return AIODBG_NO_MEMORY;
	put_document(&document, view, format, body);
	free(document.words);
	return 0;
}
