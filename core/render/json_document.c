/* SPDX-License-Identifier: MIT */
/* See render/json_document.h. */
#include "render/json_document.h"

#include "render/json_put.h"

#include <stdlib.h>

#define ENOUGH 16384

void json_document_flush(struct json_document *document, bool last)
{
	const unsigned char *text;
	size_t len = 0;
	yajl_gen_get_buf(document->gen, &text, &len);
	if (!len || (len < ENOUGH && !last))
		return;
	json_write_text(document->out, (const char *)text, len);
	yajl_gen_clear(document->gen);
}

void json_document_text(struct json_document *document, const char *text)
{
	yajl_gen_reset(document->gen, text);
	json_document_flush(document, false);
}

static void put_document(struct json_document *document, const struct view *view,
			 const char *format, json_body_fn *body)
{
	const struct aiodbg_snapshot *snap = view->snap;
	yajl_gen gen = document->gen;
	json_document_text(document, "{\"format\":");
	put_string(gen, format);
	json_document_text(document, ",\"version\":1,\n\"python\":");
	put_python(gen, snap);
	json_document_text(document, ",\n\"target\":");
	put_target(gen, snap);
	json_document_text(document, ",\n");
	body(document, view);
	json_document_text(document, "\"complete\":");
	yajl_gen_bool(gen, snapshot_is_complete(snap));
	json_document_text(document, ",\n\"errors\":");
	put_problems(gen, snap->problems);
	json_document_text(document, "}\n");
}

/* What is changed in here is the caller's, so that it is defined after the jump. */
static bool write_document(struct json_document *document, const struct view *view,
			   const char *format, json_body_fn *body)
{
	if (setjmp(document->memory.out_of_memory))
		return false;
	document->gen = json_gen_create(&document->memory);
	put_document(document, view, format, body);
	json_document_flush(document, true);
	return true;
}

int json_document_write(const struct view *view, struct output *out, const char *format,
			json_body_fn *body)
{
	struct json_document document = {.out = out, .words = malloc(sizeof(*document.words))};
	bool done = arena_init(&document.memory.arena) && document.words &&
		    write_document(&document, view, format, body);
	free(document.words);
	arena_deinit(&document.memory.arena);
	return done ? 0 : AIODBG_NO_MEMORY;
}
