/* SPDX-License-Identifier: MIT */
/* What can be called. See cpython/callable.h. */
#include "cpython/callable.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

static int read_function(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t code_addr, qualname;
	struct code *code;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->function.code, &code_addr);
	if (!status)
		status = code_get(decoder, code_addr, &code);
	if (status)
		return status;
	ret->code = code;
	status = reader_word(&decoder->reader, addr + (uint64_t)l->function.qualname, &qualname);
	if (!status)
		status = name_get(decoder, qualname, &ret->name);
	if (!ret->name)
		ret->name = code->qualname ? code->qualname : code->name;
	return decoder_go_on(decoder, status);
}

/* Of C: its name is among the constants of the executable, which a core may have come without. */
static int read_cfunction(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t def, name, self;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->cfunction.self, &self);
	if (status)
		return status;
	if (!ret->self)
		ret->self = self;
	status = reader_word(&decoder->reader, addr + (uint64_t)l->cfunction.def, &def);
	if (!status)
		status = reader_word(&decoder->reader, def, &name);
	if (!status)
		status = name_get_c(decoder, name, &ret->name);
	return error_is_fatal(status) ? status : 0;
}

static int read_descriptor(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	uint64_t name;
	int status = reader_word(&decoder->reader,
				 addr + (uint64_t)decoder->layout->descriptor.name, &name);
	if (!status)
		status = name_get(decoder, name, &ret->name);
	return decoder_go_on(decoder, status);
}

static int read_bound(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t self;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->method.self, &self);
	if (!status)
		status = reader_word(&decoder->reader, addr + (uint64_t)l->method.function,
				     &ret->function);
	if (!status && !ret->self)
		ret->self = self;
	return status;
}

/* A partial of a partial is one object: CPython flattens them. */
static int read_partial(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t args, keywords;
	int status = reader_word(&decoder->reader, addr + (uint64_t)l->partial.function,
				 &ret->function);
	if (!status)
		status = reader_word(&decoder->reader, addr + (uint64_t)l->partial.args, &args);
	if (!status)
		status = reader_word(&decoder->reader, addr + (uint64_t)l->partial.keywords,
				     &keywords);
	if (!status && !ret->args) {
		ret->args = args;
		ret->keywords = keywords;
	}
	return status;
}

/* Takes ret->function apart. *more: it is one of something else, which ret->function now is. */
static int read_one(struct decoder *decoder, struct callable *ret, bool *more)
{
	const struct type *type;
	uint64_t addr = ret->function;
	*more = false;
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	if (ret->kind == KIND_OTHER)
		ret->kind = type->kind;
	switch (type->kind) {
	case KIND_FUNCTION:
		return read_function(decoder, addr, ret);
	case KIND_CFUNCTION:
		return read_cfunction(decoder, addr, ret);
	case KIND_METHOD_DESCRIPTOR:
		return read_descriptor(decoder, addr, ret);
	case KIND_METHOD:
		*more = true;
		return read_bound(decoder, addr, ret);
	case KIND_PARTIAL:
		*more = true;
		return read_partial(decoder, addr, ret);
	default:
		if (ret->kind == type->kind)
			ret->kind = KIND_OTHER;
		return 0;
	}
}

int callable_read(struct decoder *decoder, uint64_t addr, struct callable *ret)
{
	bool more = true;
	int status = 0;
	*ret = (struct callable){.kind = KIND_OTHER, .function = addr};
	for (int i = 0; !status && more && i < LIMIT_CALLABLES; i++)
		status = read_one(decoder, ret, &more);
	return status;
}

int cell_get(struct decoder *decoder, uint64_t cell, uint64_t *ret)
{
	*ret = 0;
	int status = object_expect(decoder, cell, KIND_CELL, "cell");
	if (!status)
		status = reader_word(&decoder->reader,
				     cell + (uint64_t)decoder->layout->cell.object, ret);
	return status;
}

int closure_get(struct decoder *decoder, uint64_t function, const char *name, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	uint64_t code_addr, closure, cell;
	struct code *code;
	int index = -1;
	*ret = 0;
	int status = object_expect(decoder, function, KIND_FUNCTION, "function");
	if (!status)
		status = reader_word(&decoder->reader, function + (uint64_t)l->function.code,
				     &code_addr);
	if (!status)
		status = code_get(decoder, code_addr, &code);
	if (!status)
		status = code_free_variable(decoder, code, name, &index);
	if (status || index < 0)
		return status;
	status = reader_word(&decoder->reader, function + (uint64_t)l->function.closure, &closure);
	if (!status)
		status = tuple_item(decoder, closure, (uint64_t)index, &cell);
	return status ? status : cell_get(decoder, cell, ret);
}

int weakref_get(struct decoder *decoder, uint64_t weakref, uint64_t *ret)
{
	enum kind kind = KIND_OTHER;
	*ret = 0;
	int status = object_expect(decoder, weakref, KIND_WEAKREF, "weak reference");
	if (!status)
		status = reader_word(&decoder->reader,
				     weakref + (uint64_t)decoder->layout->weakref.object, ret);
	/* What is gone is None. */
	if (!status && *ret)
		status = object_kind(decoder, *ret, &kind);
	if (kind == KIND_NONE)
		*ret = 0;
	return status;
}

struct mention {
	const char *name;
	bool found;
};

static int visit_name(struct decoder *decoder, uint64_t item, void *arg)
{
	struct mention *mention = arg;
	bool equal;
	int status = str_equals(decoder, item, mention->name, &equal);
	mention->found |= !status && equal;
	return status;
}

int code_mentions(struct decoder *decoder, const struct code *code, const char *name, bool *ret)
{
	struct mention mention = {.name = name};
	uint64_t names;
	int status = reader_word(&decoder->reader,
				 code->addr + (uint64_t)decoder->layout->code.names, &names);
	if (!status)
		status = sequence_visit(decoder, names, visit_name, &mention);
	*ret = mention.found;
	return status;
}

int code_releases(struct decoder *decoder, const struct code *code, bool *ret)
{
	struct code *known = NULL;
	if (code->releases) {
		*ret = code->releases == 2;
		return 0;
	}
	int status = code_mentions(decoder, code, "release", ret);
	if (!status && !code->is_compiled)
		status = code_get(decoder, code->addr, &known);
	if (!status && known)
		known->releases = *ret ? 2 : 1;
	return status;
}
