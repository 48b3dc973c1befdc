/* SPDX-License-Identifier: MIT */
/* Coroutines of compilers. See cpython/compiled.h. */
#include "cpython/compiled.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/str.h"

#include <string.h>

/* PyMemberDef.type: Include/descrobject.h. */
#define MEMBER_OBJECT 6
#define MEMBER_OBJECT_EX 16

struct compiled_type {
	/* Offset of the awaited object; 0 if the type publishes none. */
	uint64_t awaited;
	enum aiodbg_frame_kind kind;
};

/* The member that leads to the awaited object. */
static const struct {
	const char *name;
	enum aiodbg_frame_kind kind;
} members[] = {
	{"cr_await", AIODBG_FRAME_COROUTINE},
	{"ag_await", AIODBG_FRAME_ASYNC_GENERATOR},
	{"gi_yieldfrom", AIODBG_FRAME_GENERATOR},
};

/* One PyMemberDef. *end is set at the last. */
static int read_member(struct decoder *decoder, uint64_t addr, uint64_t basicsize,
		       struct compiled_type *ret, bool *end)
{
	struct reader *reader = &decoder->reader;
	unsigned int word = reader->word_size;
	uint64_t name_addr, offset;
	uint8_t type[4];
	char name[16];
	int status = reader_word(reader, addr, &name_addr);
	*end = !status && !name_addr;
	if (status || *end)
		return status;
	status = reader_read(reader, addr + word, type, sizeof(type));
	if (!status)
		status = reader_word(reader, addr + (uint64_t)decoder->layout->member.offset,
				     &offset);
	if (!status)
		status = reader_c_string(reader, name_addr, name, sizeof(name));
	if (status)
		return status;
	if (offset < (uint64_t)decoder->layout->object.size || offset >= basicsize)
		return 0;
	uint64_t kind = reader_decode_uint(reader, type, sizeof(type));
	if (kind != MEMBER_OBJECT && kind != MEMBER_OBJECT_EX)
		return 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(name, members[i].name) != 0)
			continue;
		ret->awaited = offset;
		ret->kind = members[i].kind;
	}
	return 0;
}

/* tp_members stands two words before tp_base. */
static int read_members(struct decoder *decoder, const struct type *type, struct compiled_type *ret)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint64_t member;
	bool end = false;
	int status = reader_word(
		reader, type->addr + (uint64_t)l->type.base - 2 * reader->word_size, &member);
	for (int i = 0; !status && member && !end && i < LIMIT_MEMBERS; i++) {
		status = read_member(decoder, member, (uint64_t)type->basicsize, ret, &end);
		member += (uint64_t)l->member.size;
	}
	return decoder_go_on(decoder, status);
}

/* Once for each type. */
static int type_members(struct decoder *decoder, const struct type *type,
			const struct compiled_type **ret)
{
	if (!type->compiled) {
		struct type *known = htab_find(decoder->types, &type->addr);
		struct compiled_type *found;
		int status = decoder_alloc(decoder, sizeof(*found), (void **)&found);
		if (!status)
			status = read_members(decoder, type, found);
		if (status)
			return status;
		known->compiled = found;
	}
	*ret = type->compiled;
	return 0;
}

/*
 * What follows yieldfrom: in Cython 3.1 a pointer to a function, then gi_name, gi_qualname,
 * gi_modulename, gi_code, gi_frame, and int resume_label, char is_running.
 */
#define WORDS_TO_NAME 2
#define WORDS_TO_LABEL 5

/* Where gi_name is; 0 if there is nothing like it. */
static int find_name(struct decoder *decoder, const struct window *w, uint64_t awaited,
		     uint64_t *ret)
{
	unsigned int word = decoder->reader.word_size;
	uint64_t missing_count = decoder->missing_count, faults = decoder->reader.fault_count;
	int status = 0;
	*ret = 0;
	for (uint64_t i = 1; !*ret && i <= WORDS_TO_NAME; i++) {
		uint64_t at = awaited + i * word;
		const struct type *type;
		if (at + (WORDS_TO_LABEL + 1) * word > w->len)
			return 0;
		/* It may be a pointer to anything. */
		status = object_type(decoder, window_word(w, (size_t)at), &type);
		if (error_is_fatal(status))
			return status;
		if (!status && type->kind == KIND_STR)
			*ret = at;
	}
	if (!*ret)
		return decoder_go_on(decoder, status);
	/* What came before it was something else. */
	decoder->missing_count = missing_count;
	decoder->reader.fault_count = faults;
	return 0;
}

/* resume_label is -1 at the end. It moves in a build with profiling: then what is there is no
 * state, and the generator is taken to be suspended. */
static enum coro_state read_state(const struct window *w, uint64_t at)
{
	int64_t label = window_int(w, (size_t)at, 4);
	uint64_t running = window_uint(w, (size_t)at + 4, 1);
	if (running > 1 || label < -1 || label > LIMIT_RESUME_LABEL)
		return CORO_SUSPENDED;
	if (running)
		return CORO_EXECUTING;
	if (label < 0)
		return CORO_FINISHED;
	return label ? CORO_SUSPENDED : CORO_CREATED;
}

static int read_generator(struct decoder *decoder, uint64_t addr, const struct type *type,
			  const struct compiled_type *known, struct compiled *ret)
{
	unsigned int word = decoder->reader.word_size;
	struct window w;
	uint64_t name;
	ret->role = COMPILED_GENERATOR;
	ret->state = CORO_SUSPENDED;
	size_t size = type->basicsize < WINDOW_MAX ? (size_t)type->basicsize : WINDOW_MAX;
	int status = window_read(&decoder->reader, addr, size, &w);
	if (!status)
		status = find_name(decoder, &w, known->awaited, &name);
	if (status)
		return status;
	ret->awaited = window_word(&w, (size_t)known->awaited);
	if (!name)
		return location_foreign(decoder, known->kind, type->full_name, addr,
					&ret->location);
	ret->state = read_state(&w, name + WORDS_TO_LABEL * (uint64_t)word);
	return location_named(decoder, window_word(&w, (size_t)name + word), known->kind,
			      &ret->location);
}

/* ---- Nuitka ---- */

static const struct {
	const char *type;
	enum aiodbg_frame_kind kind;
} nuitka_types[] = {
	{"compiled_coroutine", AIODBG_FRAME_COROUTINE},
	{"compiled_async_generator", AIODBG_FRAME_ASYNC_GENERATOR},
	{"compiled_generator", AIODBG_FRAME_GENERATOR},
};

/* Behind its header such an object has its size, name, in newer versions module, and qualified name;
 * then what it awaits, weak references, and whether it runs. */
#define NUITKA_NAME 1
#define NUITKA_NAMES 3
#define NUITKA_WORDS 7

static bool is_nuitka(const struct type *type, enum aiodbg_frame_kind *ret)
{
	for (size_t i = 0; i < sizeof(nuitka_types) / sizeof(nuitka_types[0]); i++) {
		if (!type->name || strcmp(type->name, nuitka_types[i].type) != 0)
			continue;
		*ret = nuitka_types[i].kind;
		return true;
	}
	return false;
}

static int read_nuitka(struct decoder *decoder, uint64_t addr, enum aiodbg_frame_kind kind,
		       struct compiled *ret)
{
	unsigned int word = decoder->reader.word_size;
	struct window w;
	size_t qualname = 0;
	int status = window_read(&decoder->reader, addr + (uint64_t)decoder->layout->object.size,
				 NUITKA_WORDS * (size_t)word, &w);
	for (size_t i = NUITKA_NAME; !status && i < NUITKA_NAME + NUITKA_NAMES; i++) {
		const struct type *type = NULL;
		status = object_guess_type(decoder, window_word(&w, i * word), &type);
		if (!status && type && type->kind == KIND_STR)
			qualname = i;
	}
	/* One after the name. */
	if (status || qualname <= NUITKA_NAME)
		return error_is_fatal(status) ? status : 0;
	ret->role = COMPILED_GENERATOR;
	ret->awaited = window_word(&w, (qualname + 1) * word);
	ret->state = window_int(&w, (qualname + 3) * word, 4) == 1 ? CORO_EXECUTING
								   : CORO_SUSPENDED;
	return location_named(decoder, window_word(&w, qualname * word), kind, &ret->location);
}

/* coroutine_wrapper, async_generator_asend and the like have what they wrap first of all. */
static int read_wrapper(struct decoder *decoder, uint64_t addr, struct compiled *ret)
{
	uint64_t inner;
	const struct type *type;
	const struct compiled_type *known = NULL;
	int status = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->object.size,
				 &inner);
	if (!status)
		status = object_guess_type(decoder, inner, &type);
	enum aiodbg_frame_kind kind;
	if (!status && type && type->kind == KIND_OTHER)
		status = type_members(decoder, type, &known);
	if (status || !known || (!known->awaited && !is_nuitka(type, &kind)))
		return error_is_fatal(status) ? status : 0;
	ret->role = COMPILED_WRAPPER;
	ret->awaited = inner;
	return 0;
}

static int read_any(struct decoder *decoder, uint64_t addr, const struct type *type,
		    struct compiled *ret)
{
	const struct layout *l = decoder->layout;
	const struct compiled_type *known;
	enum aiodbg_frame_kind kind;
	int status = type_members(decoder, type, &known);
	if (status)
		return status;
	if (known->awaited)
		return read_generator(decoder, addr, type, known, ret);
	if (is_nuitka(type, &kind))
		return read_nuitka(decoder, addr, kind, ret);
	if (type->basicsize > l->asend.size && type->basicsize > l->athrow.size)
		return 0;
	return read_wrapper(decoder, addr, ret);
}

int compiled_read(struct decoder *decoder, uint64_t addr, const struct type *type,
		  struct compiled *ret)
{
	*ret = (struct compiled){.role = COMPILED_NOT};
	int status = read_any(decoder, addr, type, ret);
	if (status || ret->role != COMPILED_GENERATOR || ret->state != CORO_EXECUTING ||
	    ret->awaited)
		return status;
	return location_foreign(decoder, AIODBG_FRAME_FOREIGN, type->full_name, addr,
				&ret->unknown);
}
