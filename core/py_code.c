/* SPDX-License-Identifier: MIT */
/* Code objects, decoded once. See py_code.h. */
#include "py_code.h"

#include "ceilings.h"
#include "error.h"
#include "py_bytes.h"
#include "py_object.h"
#include "py_sequence.h"
#include "py_str.h"

#include <string.h>

/* co_flags: Include/cpython/code.h. */
#define FLAG_GENERATOR 0x20
#define FLAG_COROUTINE 0x80
#define FLAG_ASYNC_GENERATOR 0x200

hashval_t location_hash(const void *element)
{
	const struct location *location = element;
	uint64_t key = location->code->addr + location->unit;
	return (hashval_t)(key * 0x9e3779b97f4a7c15ull >> 32);
}

int location_equal(const void *element, const void *other)
{
	const struct location *a = element, *b = other;
	return a->code == b->code && a->unit == b->unit;
}

static enum code_kind code_kind(int64_t flags)
{
	if (flags & FLAG_COROUTINE)
		return CODE_COROUTINE;
	if (flags & FLAG_ASYNC_GENERATOR)
		return CODE_ASYNC_GENERATOR;
	return flags & FLAG_GENERATOR ? CODE_GENERATOR : CODE_FUNCTION;
}

/* Names and table may be damaged without making the frame worthless: they are then NULL. */
static int read_parts(struct decoder *decoder, const struct window *w, struct code *code)
{
	const struct layout *l = decoder->layout;
	const struct {
		int32_t offset;
		const char **ret;
	} names[] = {
		{l->code.name, &code->name},
		{l->code.qualname, &code->qualname},
		{l->code.filename, &code->filename},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int status = str_read(decoder, window_word(w, (size_t)names[i].offset),
				      names[i].ret);
		if (error_is_fatal(status))
			return status;
	}
	int status = bytes_read(decoder, window_word(w, (size_t)l->code.linetable), LIMIT_LINETABLE,
				&code->linetable, &code->linetable_size);
	return error_is_fatal(status) ? status : 0;
}

int code_get(struct decoder *decoder, uint64_t addr, struct code **ret)
{
	const struct layout *l = decoder->layout;
	*ret = htab_find(decoder->codes, &addr);
	if (*ret)
		return 0;
	struct window w;
	int status = object_expect(decoder, addr, KIND_CODE, "code");
	if (!status)
		status = window_read(&decoder->reader, addr, (size_t)l->code.code_adaptive, &w);
	if (status)
		return status;
	struct code *code = arena_alloc(decoder->arena, sizeof(*code));
	if (!code)
		return decoder_no_memory(decoder);
	code->addr = addr;
	code->kind = code_kind(window_int(&w, (size_t)l->code.flags, 4));
	code->firstlineno = (int32_t)window_int(&w, (size_t)l->code.firstlineno, 4);
	code->framesize = (int32_t)window_int(&w, (size_t)l->code.framesize, 4);
	code->firsttraceable = (int32_t)window_int(&w, (size_t)l->code.firsttraceable, 4);
	code->instructions = addr + (uint64_t)l->code.code_adaptive;
	code->callback_rule = -1;
	status = read_parts(decoder, &w, code);
	if (status)
		return status;
	void **slot = htab_find_slot(decoder->codes, code, INSERT);
	if (!slot)
		return decoder_no_memory(decoder);
	*slot = code;
	*ret = code;
	return 0;
}

int location_get(struct decoder *decoder, const struct code *code, uint32_t unit,
		 const struct location **ret)
{
	struct location key = {.code = code, .unit = unit};
	void **slot = htab_find_slot(decoder->locations, &key, INSERT);
	if (!slot)
		return decoder_no_memory(decoder);
	if (*slot) {
		*ret = *slot;
		return 0;
	}
	linetable_find(code->linetable, code->linetable_size, code->firstlineno, unit,
		       &key.position);
	struct location *location = arena_copy(decoder->arena, &key, sizeof(key));
	if (!location) {
		htab_clear_slot(decoder->locations, slot);
		return decoder_no_memory(decoder);
	}
	*slot = location;
	*ret = location;
	return 0;
}

struct variable_visitor {
	const char *name;
	const uint8_t *kinds;
	size_t kind_count, at;
	uint8_t wanted;
	int index, found;
};

static int visit_variable(struct decoder *decoder, uint64_t item, void *arg)
{
	struct variable_visitor *visitor = arg;
	if (visitor->at >= visitor->kind_count)
		return 0;
	if (!(visitor->kinds[visitor->at++] & visitor->wanted))
		return 0;
	bool equal;
	int status = str_equals(decoder, item, visitor->name, &equal);
	if (!status && equal)
		visitor->found = visitor->index;
	visitor->index++;
	return status;
}

int code_variable_index(struct decoder *decoder, const struct code *code, const char *name,
			uint8_t kind, int *ret)
{
	const struct layout *l = decoder->layout;
	struct variable_visitor visitor = {.name = name, .wanted = kind, .found = -1};
	uint64_t names, kinds;
	int status = reader_word(&decoder->reader, code->addr + (uint64_t)l->code.localsplusnames,
				 &names);
	if (!status)
		status = reader_word(&decoder->reader,
				     code->addr + (uint64_t)l->code.localspluskinds, &kinds);
	if (!status)
		status = bytes_read(decoder, kinds, LIMIT_STRING, &visitor.kinds,
				    &visitor.kind_count);
	if (!status)
		status = sequence_visit(decoder, names, visit_variable, &visitor);
	*ret = visitor.found;
	return status;
}
