/* SPDX-License-Identifier: MIT */
/* Code objects, decoded once. See cpython/code.h. */
#include "cpython/code.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/bytes.h"
#include "cpython/object.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* co_flags: Include/cpython/code.h. */
#define FLAG_GENERATOR 0x20
#define FLAG_COROUTINE 0x80
#define FLAG_ASYNC_GENERATOR 0x200

hashval_t location_hash(const void *element)
{
	const struct location *location = element;
	uint64_t key = location->code->addr + location->unit + (uintptr_t)location->function;
	return (hashval_t)(key * 0x9e3779b97f4a7c15ull >> 32);
}

int location_equal(const void *element, const void *other)
{
	const struct location *a = element, *b = other;
	return a->code == b->code && a->unit == b->unit && a->function == b->function;
}

static enum aiodbg_frame_kind code_kind(int64_t flags)
{
	if (flags & FLAG_COROUTINE)
		return AIODBG_FRAME_COROUTINE;
	if (flags & FLAG_ASYNC_GENERATOR)
		return AIODBG_FRAME_ASYNC_GENERATOR;
	return flags & FLAG_GENERATOR ? AIODBG_FRAME_GENERATOR : AIODBG_FRAME_FUNCTION;
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
		if (names[i].offset == LAYOUT_NONE)
			continue;
		int status = str_read(decoder, window_word(w, (size_t)names[i].offset),
				      names[i].ret);
		status = decoder_go_on(decoder, status);
		if (status)
			return status;
	}
	code->is_greenlet_spawn = code->name && !strcmp(code->name, "greenlet_spawn");
	int status = bytes_read(decoder, window_word(w, (size_t)l->code.linetable), LIMIT_LINETABLE,
				&code->linetable, &code->linetable_size);
	return decoder_go_on(decoder, status);
}

/* The slots of a frame follow from its size where codes have that, else from the counts. */
static int64_t read_slots(const struct layout *l, const struct window *w)
{
	int64_t word = w->reader->word_size;
	if (l->code.framesize != LAYOUT_NONE)
		return window_int(w, (size_t)l->code.framesize, 4) - l->frame.localsplus / word;
	return window_int(w, (size_t)l->code.nlocalsplus, 4) +
	       window_int(w, (size_t)l->code.stacksize, 4);
}

static int read_code(struct decoder *decoder, uint64_t addr, struct code *code)
{
	const struct layout *l = decoder->layout;
	struct window w;
	size_t size = (size_t)(l->code.code_adaptive != LAYOUT_NONE ? l->code.code_adaptive
								    : l->code.size);
	int status = window_read(&decoder->reader, addr, size, &w);
	if (status)
		return status;
	code->addr = addr;
	code->kind = code_kind(window_int(&w, (size_t)l->code.flags, 4));
	code->firstlineno = (int32_t)window_int(&w, (size_t)l->code.firstlineno, 4);
	code->slots = read_slots(l, &w);
	if (l->code.nlocalsplus != LAYOUT_NONE)
		code->locals = (int32_t)window_int(&w, (size_t)l->code.nlocalsplus, 4);
	code->stacksize = (int32_t)window_int(&w, (size_t)l->code.stacksize, 4);
	code->callback_rule = CALLBACK_RULE_UNKNOWN;
	if (l->code.firsttraceable != LAYOUT_NONE)
		code->firsttraceable = (int32_t)window_int(&w, (size_t)l->code.firsttraceable, 4);
	/* Where the instructions are a bytes object, what counts is where that begins. */
	if (l->code.code_adaptive != LAYOUT_NONE)
		code->instructions = addr + (uint64_t)l->code.code_adaptive;
	else
		code->instructions = window_word(&w, (size_t)l->code.instructions) +
				     (uint64_t)l->bytes.data;
	if (l->code.tlbc != LAYOUT_NONE)
		code->copies = window_word(&w, (size_t)l->code.tlbc);
	return read_parts(decoder, &w, code);
}

int code_read_exctable(struct decoder *decoder, struct code *code)
{
	uint64_t table;
	if (code->exctable)
		return 0;
	int status = reader_word(&decoder->reader,
				 code->addr + (uint64_t)decoder->layout->code.exceptiontable,
				 &table);
	if (status)
		return status;
	return bytes_read(decoder, table, LIMIT_LINETABLE, &code->exctable, &code->exctable_size);
}

int code_get(struct decoder *decoder, uint64_t addr, struct code **ret)
{
	*ret = code_recent(decoder, addr);
	if (*ret)
		return 0;
	*ret = htab_find(decoder->codes, &addr);
	if (*ret) {
		decoder->recent_codes[(addr >> 4) % DECODER_RECENT] = *ret;
		return 0;
	}
	int status = object_expect(decoder, addr, KIND_CODE, "code");
	if (status)
		return status;
	struct code *code = arena_alloc(decoder->arena, sizeof(*code));
	if (!code)
		return decoder_no_memory(decoder);
	status = read_code(decoder, addr, code);
	if (status)
		return status;
	void **slot = htab_find_slot(decoder->codes, code, INSERT);
	if (!slot)
		return decoder_no_memory(decoder);
	*slot = code;
	*ret = code;
	return 0;
}

/*
 * A name that generators have and codes have not: one string for each str object, so that
 * locations can be compared by it.
 */
struct shared_name {
	uint64_t addr;
	const char *text;
};

typedef int name_read_fn(struct decoder *decoder, uint64_t addr, const char **ret);

static int shared_name_get(struct decoder *decoder, uint64_t addr, name_read_fn *read,
			   const char **ret)
{
	const struct shared_name *known = htab_find(decoder->names, &addr);
	if (known) {
		*ret = known->text;
		return 0;
	}
	struct shared_name *name = arena_alloc(decoder->arena, sizeof(*name));
	if (!name)
		return decoder_no_memory(decoder);
	name->addr = addr;
	name->text = NULL;
	int status = decoder_go_on(decoder, read(decoder, addr, &name->text));
	if (status)
		return status;
	void **slot = htab_find_slot(decoder->names, name, INSERT);
	if (!slot)
		return decoder_no_memory(decoder);
	*slot = name;
	*ret = name->text;
	return 0;
}

static int c_string_read(struct decoder *decoder, uint64_t addr, const char **ret)
{
	char text[LIMIT_C_STRING];
	int status = reader_c_string(&decoder->reader, addr, text, sizeof(text));
	if (status)
		return status;
	*ret = arena_string(decoder->arena, text, strlen(text));
	return *ret ? 0 : decoder_no_memory(decoder);
}

int name_get(struct decoder *decoder, uint64_t addr, const char **ret)
{
	return shared_name_get(decoder, addr, str_read, ret);
}

int name_get_c(struct decoder *decoder, uint64_t addr, const char **ret)
{
	return shared_name_get(decoder, addr, c_string_read, ret);
}

static int find_position(struct decoder *decoder, struct location *location)
{
	const struct code *code = location->code;
	location->position = (struct position){-1, -1, -1, -1};
	/* A few bytes of the table take as long as an object. */
	int status = work_charge(&decoder->reader.work, code->linetable_size / 16);
	if (status)
		return status;
	if (location->unit == UNIT_START)
		location->position.line = code->firstlineno;
	else if (location->unit != UNIT_UNKNOWN)
		linetable_find((enum linetable_format)decoder->layout->fact.linetable,
			       code->linetable, code->linetable_size, code->firstlineno,
			       location->unit, &location->position);
	return 0;
}

int location_get(struct decoder *decoder, const struct code *code, uint32_t unit, uint64_t qualname,
		 const struct location **ret)
{
	struct location key = {.code = code, .unit = unit, .function = code->qualname};
	if (decoder->layout->code.qualname == LAYOUT_NONE) {
		key.function = code->name;
		int status = qualname ? name_get(decoder, qualname, &key.function) : 0;
		if (status)
			return status;
		if (!key.function)
			key.function = code->name;
	}
	size_t bits = (size_t)((code->addr >> 4) ^ unit) % DECODER_RECENT;
	const struct location **recent = &decoder->recent_locations[bits];
	if (*recent && location_equal(*recent, &key)) {
		*ret = *recent;
		return 0;
	}
	void **slot = htab_find_slot(decoder->locations, &key, INSERT);
	if (!slot)
		return decoder_no_memory(decoder);
	if (*slot) {
		*ret = *recent = *slot;
		return 0;
	}
	int status = find_position(decoder, &key);
	struct location *location = status ? NULL : arena_copy(decoder->arena, &key, sizeof(key));
	/* An empty slot counts as used, which only wastes it. */
	if (!location)
		return status ? status : decoder_no_memory(decoder);
	*slot = location;
	*ret = location;
	return 0;
}

/* A place without a file and a line, which is in the table of named ones. */
struct named_location {
	/* Of its name. */
	uint64_t addr;
	struct code code;
	struct location location;
};

static int make_named(struct decoder *decoder, uint64_t addr, enum aiodbg_frame_kind kind,
		      const char *name, struct named_location **ret)
{
	int status = decoder_alloc(decoder, sizeof(**ret), (void **)ret);
	if (status)
		return status;
	**ret = (struct named_location){
		.addr = addr,
		.code = {.addr = addr,
			 .kind = kind,
			 .is_compiled = true,
			 .name = name,
			 .qualname = name},
		.location = {.unit = UNIT_UNKNOWN, .function = name, .position = {-1, -1, -1, -1}},
	};
	(*ret)->code.callback_rule = CALLBACK_RULE_UNKNOWN;
	(*ret)->location.code = &(*ret)->code;
	return 0;
}

int location_named(struct decoder *decoder, uint64_t qualname, enum aiodbg_frame_kind kind,
		   const struct location **ret)
{
	struct named_location *made = htab_find(decoder->named, &qualname);
	if (made) {
		*ret = &made->location;
		return 0;
	}
	const char *name = NULL;
	int status = decoder_go_on(decoder, str_read(decoder, qualname, &name));
	if (!status)
		status = make_named(decoder, qualname, kind, name, &made);
	void **slot = status ? NULL : htab_find_slot(decoder->named, made, INSERT);
	if (!slot)
		return status ? status : decoder_no_memory(decoder);
	*slot = made;
	*ret = &made->location;
	return 0;
}

int location_foreign(struct decoder *decoder, enum aiodbg_frame_kind kind, const char *type,
		     uint64_t addr, const struct location **ret)
{
	char text[LIMIT_C_STRING + 32];
	struct named_location *made;
	snprintf(text, sizeof(text), "%s at 0x%" PRIx64, type ? type : "object of unknown type",
		 addr);
	const char *name = arena_string(decoder->arena, text, strlen(text));
	if (!name)
		return decoder_no_memory(decoder);
	int status = make_named(decoder, addr, kind, name, &made);
	*ret = status ? NULL : &made->location;
	return status;
}

/* Bits of co_localspluskinds: a variable of an enclosing function. */
#define VARIABLE_FREE 0x80

struct variable_visitor {
	const char *name;
	/* NULL: all are free variables. */
	const uint8_t *kinds;
	size_t kind_count, at;
	int index, found;
};

static int visit_variable(struct decoder *decoder, uint64_t item, void *arg)
{
	struct variable_visitor *visitor = arg;
	size_t at = visitor->at++;
	if (visitor->kinds && (at >= visitor->kind_count || !(visitor->kinds[at] & VARIABLE_FREE)))
		return 0;
	bool equal;
	int status = str_equals(decoder, item, visitor->name, &equal);
	if (!status && equal)
		visitor->found = visitor->index;
	visitor->index++;
	return status;
}

int code_free_variable(struct decoder *decoder, const struct code *code, const char *name, int *ret)
{
	const struct layout *l = decoder->layout;
	struct variable_visitor visitor = {.name = name, .found = -1};
	bool own_tuple = l->code.freevars != LAYOUT_NONE;
	uint64_t names, kinds;
	int status = reader_word(
		&decoder->reader,
		code->addr + (uint64_t)(own_tuple ? l->code.freevars : l->code.localsplusnames),
		&names);
	if (!status && !own_tuple) {
		status = reader_word(&decoder->reader,
				     code->addr + (uint64_t)l->code.localspluskinds, &kinds);
		if (!status)
			status = bytes_read(decoder, kinds, LIMIT_STRING, &visitor.kinds,
					    &visitor.kind_count);
	}
	if (!status)
		status = sequence_visit(decoder, names, visit_variable, &visitor);
	*ret = visitor.found;
	return status;
}
