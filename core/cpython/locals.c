/* SPDX-License-Identifier: MIT */
/* Variables of frames. See cpython/locals.h. */
#include "cpython/locals.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/callable.h"
#include "cpython/object.h"
#include "cpython/str.h"

/* Bits of co_localspluskinds. */
#define KIND_BIT_CELL 0x40
#define KIND_BIT_FREE 0x80

/* A tuple of names. */
struct names {
	uint64_t addr, count;
};

static int names_read(struct decoder *decoder, uint64_t code, int32_t offset, struct names *ret)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	int status = reader_word(reader, code + (uint64_t)offset, &ret->addr);
	if (!status)
		status = object_expect(decoder, ret->addr, KIND_TUPLE, "names of variables");
	if (!status)
		status = reader_word(reader, ret->addr + (uint64_t)l->tuple.length, &ret->count);
	if (!status && ret->count > LIMIT_LOCALS)
		status = reader_corrupt(reader, ret->addr, "too many variables");
	return status;
}

static int names_get(struct decoder *decoder, const struct names *names, uint64_t index,
		     uint64_t *ret)
{
	return reader_word(&decoder->reader,
			   names->addr + (uint64_t)decoder->layout->tuple.items +
				   index * decoder->reader.word_size,
			   ret);
}

/* Fills in what is in the index-th slot, of which name and kind are set. */
static int read_slot(struct decoder *decoder, const struct frame *frame, uint64_t index,
		     struct local *local)
{
	uint64_t word;
	enum kind kind = KIND_OTHER;
	local->addr = frame->locals + index * decoder->reader.word_size;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = reader_word(&decoder->reader, local->addr, &word);
	if (status)
		return status;
	local->value = decoder_untag(decoder, word);
	local->borrowed = local->value && local->value != word;
	if (!local->value || local->kind == LOCAL_PLAIN)
		return 0;
	/* It is no cell before the function has begun, and in comprehensions. */
	status = object_kind(decoder, local->value, &kind);
	if (status || kind != KIND_CELL)
		return status;
	local->cell = local->value;
	return cell_get(decoder, local->cell, &local->value);
}

/* A variable, as its code describes it. */
struct code_variable {
	uint64_t name;
	enum local_kind kind;
};

/* The index-th: kinds has a byte for each that says what it is. */
static int read_variable(struct decoder *decoder, const struct names *names, uint64_t kinds,
			 uint64_t index, struct code_variable *ret)
{
	uint8_t bits;
	int status = names_get(decoder, names, index, &ret->name);
	if (!status)
		status = reader_u8(&decoder->reader,
				   kinds + (uint64_t)decoder->layout->bytes.data + index, &bits);
	if (status)
		return status;
	ret->kind = bits & KIND_BIT_FREE   ? LOCAL_FREE
		    : bits & KIND_BIT_CELL ? LOCAL_CELL
					   : LOCAL_PLAIN;
	return 0;
}

/* So many are kept for the next frame of the code. */
#define VARIABLES_KEPT 64

struct variables {
	struct code_variable items[VARIABLES_KEPT];
	uint64_t count;
};

/* Without memory for it, they are read again. */
static void keep_variables(struct decoder *decoder, const struct code *code,
			   const struct variables *variables)
{
	struct code *known;
	if (!variables->count || variables->count > VARIABLES_KEPT ||
	    variables->count != (uint64_t)code->locals || code_get(decoder, code->addr, &known))
		return;
	known->variables = arena_copy(decoder->arena, variables->items,
				      variables->count * sizeof(*variables->items));
}

static int visit_variable(struct decoder *decoder, const struct frame *frame,
			  const struct code_variable *variable, uint64_t index,
			  local_visit_fn *visit, void *arg)
{
	struct local local = {.name = variable->name, .kind = variable->kind};
	int status = read_slot(decoder, frame, index, &local);
	return status ? status : visit(decoder, &local, arg);
}

static int visit_known(struct decoder *decoder, const struct frame *frame, local_visit_fn *visit,
		       void *arg)
{
	const struct code *code = frame->location->code;
	int status = 0;
	for (uint64_t i = 0; !status && i < (uint64_t)code->locals; i++)
		status = visit_variable(decoder, frame, &code->variables[i], i, visit, arg);
	return status;
}

/* Since 3.11: one tuple of names, and a bytes object of what they are. */
static int visit_together(struct decoder *decoder, const struct frame *frame, local_visit_fn *visit,
			  void *arg)
{
	const struct layout *l = decoder->layout;
	const struct code *code = frame->location->code;
	uint64_t kinds, count = (uint64_t)code->locals;
	struct names names;
	struct variables variables;
	int status = names_read(decoder, code->addr, l->code.localsplusnames, &names);
	if (!status)
		status = reader_word(&decoder->reader,
				     code->addr + (uint64_t)l->code.localspluskinds, &kinds);
	variables.count = 0;
	for (uint64_t i = 0; !status && i < names.count && i < count; i++) {
		struct code_variable variable;
		status = read_variable(decoder, &names, kinds, i, &variable);
		if (status)
			return status;
		if (i < VARIABLES_KEPT)
			variables.items[i] = variable;
		variables.count++;
		status = visit_variable(decoder, frame, &variable, i, visit, arg);
	}
	if (!status)
		keep_variables(decoder, code, &variables);
	return status;
}

/* Whether a name is that of a cell too. Names of variables are interned. */
static int is_cell(struct decoder *decoder, const struct names *cells, uint64_t name, bool *ret)
{
	int status = 0;
	*ret = false;
	for (uint64_t i = 0; !status && !*ret && i < cells->count; i++) {
		uint64_t cell;
		status = names_get(decoder, cells, i, &cell);
		*ret = !status && cell == name;
	}
	return status;
}

/* Up to 3.10: the names of plain variables, of cells and of free ones, in this order. An argument
 * that is a cell is among the plain ones as well, where it is not set. */
static int visit_apart(struct decoder *decoder, const struct frame *frame, local_visit_fn *visit,
		       void *arg)
{
	const struct layout *l = decoder->layout;
	const int32_t offsets[] = {l->code.varnames, l->code.cellvars, l->code.freevars};
	static const enum local_kind kinds[] = {LOCAL_PLAIN, LOCAL_CELL, LOCAL_FREE};
	struct names names[3];
	uint64_t slot = 0;
	int status = 0;
	for (size_t k = 0; !status && k < 3; k++)
		status = names_read(decoder, frame->location->code->addr, offsets[k], &names[k]);
	for (size_t k = 0; k < 3; k++) {
		for (uint64_t i = 0; !status && i < names[k].count; i++, slot++) {
			struct local local = {.kind = kinds[k]};
			bool repeated = false;
			status = names_get(decoder, &names[k], i, &local.name);
			if (!status)
				status = read_slot(decoder, frame, slot, &local);
			if (!status && k == 0 && !local.value)
				status = is_cell(decoder, &names[1], local.name, &repeated);
			if (!status && !repeated)
				status = visit(decoder, &local, arg);
		}
	}
	return status;
}

int locals_visit(struct decoder *decoder, const struct frame *frame, local_visit_fn *visit,
		 void *arg)
{
	if (!frame->location || !frame->locals)
		return 0;
	if (frame->location->code->variables)
		return visit_known(decoder, frame, visit, arg);
	if (decoder->layout->code.localsplusnames != LAYOUT_NONE)
		return visit_together(decoder, frame, visit, arg);
	return visit_apart(decoder, frame, visit, arg);
}

struct lookup {
	struct attr *attrs;
	size_t count;
};

static int visit_lookup(struct decoder *decoder, const struct local *local, void *arg)
{
	const struct lookup *lookup = arg;
	bool equal = false;
	int status = 0;
	if (!local->value)
		return 0;
	for (size_t i = 0; !status && !equal && i < lookup->count; i++) {
		status = str_equals(decoder, local->name, lookup->attrs[i].name, &equal);
		if (!status && equal)
			lookup->attrs[i].value = local->value;
	}
	return status;
}

int locals_get_all(struct decoder *decoder, const struct frame *frame, struct attr *attrs,
		   size_t count)
{
	struct lookup lookup = {attrs, count};
	for (size_t i = 0; i < count; i++)
		attrs[i].value = 0;
	return locals_visit(decoder, frame, visit_lookup, &lookup);
}

int locals_get(struct decoder *decoder, const struct frame *frame, const char *name, uint64_t *ret)
{
	struct attr attr = {.name = name};
	int status = locals_get_all(decoder, frame, &attr, 1);
	*ret = attr.value;
	return status;
}
