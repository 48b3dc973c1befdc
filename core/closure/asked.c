/* SPDX-License-Identifier: MIT */
/* Whether functions do it, by what they name and what those do that they call. See closure/successors.h. */
#include "closure/successors.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/sequence.h"

#include <string.h>

/* Bases of a class that are looked at. */
#define BASES_MAX 8

/* A lock that a function takes and gives back by itself is held while a frame of it is there. */
bool asked_is_deed(unsigned int deeds, unsigned int wanted)
{
	if (wanted & DEED_RELEASES && deeds & DEED_ACQUIRES)
		return false;
	return deeds & (wanted & ~(unsigned int)DEED_ACQUIRES);
}

/* A function that is called may call another one: those that were found so far. */
static int add_code(struct abandoning *abandoning, const struct code *code, uint64_t globals)
{
	struct asked *asked = &abandoning->asked;
	unsigned int deeds;
	if (code->is_compiled || asked->count == ASKED_MAX)
		return 0;
	for (size_t i = 0; i < asked->count; i++) {
		if (asked->codes[i] == code)
			return 0;
	}
	if (abandoning->is_idle && addrmap_get(&abandoning->ended_codes, code->addr))
		return 0;
	int status = deeds_of(abandoning->waiting, code, &deeds);
	if (status)
		return error_is_fatal(status) ? status : 0;
	abandoning->found |= asked_is_deed(deeds, abandoning->deeds);
	asked->globals[asked->count] = globals;
	asked->codes[asked->count++] = code;
	return 0;
}

static int add_function(struct abandoning *abandoning, uint64_t function, bool own_only)
{
	struct waiting *waiting = abandoning->waiting;
	struct callable callable;
	uint64_t globals = 0;
	int status = callable_read(waiting->decoder, function, &callable);
	if (status || !callable.code)
		return error_is_fatal(status) ? status : 0;
	if (own_only && !own_is(&waiting->own, callable.code))
		return 0;
	if (callable.kind == KIND_FUNCTION)
		status = reader_word(
			&waiting->decoder->reader,
			function + (uint64_t)waiting->decoder->layout->function.globals, &globals);
	if (status)
		return error_is_fatal(status) ? status : 0;
	return add_code(abandoning, callable.code, globals);
}

static int ask_method_of(struct abandoning *abandoning, const struct type *type, const char *name,
			 bool own_only)
{
	struct waiting *waiting = abandoning->waiting;
	for (int i = 0; type && type->kind == KIND_OTHER && i < BASES_MAX; i++) {
		uint64_t function = 0;
		int status = class_attr_find(waiting->decoder, type->addr, name, &function);
		if (!status && function)
			return add_function(abandoning, function, own_only);
		if (!status && type->base)
			status = type_get(waiting->decoder, type->base, &type);
		else
			type = NULL;
		if (status)
			return error_is_fatal(status) ? status : 0;
	}
	return 0;
}

/* Of attributes the program's own methods only: a stream or transport leads to all that its loop does. */
static int ask_method(struct abandoning *abandoning, const char *name)
{
	const struct asked *asked = &abandoning->asked;
	int status = 0;
	for (size_t i = 0; !status && !abandoning->found && i < asked->object_count; i++)
		status = ask_method_of(abandoning, asked->types[i], name, i > 0);
	return status;
}

static int add_object(struct abandoning *abandoning, uint64_t object)
{
	struct asked *asked = &abandoning->asked;
	const struct type *type;
	for (size_t i = 0; i < asked->object_count; i++) {
		if (asked->objects[i] == object)
			return 0;
	}
	if (asked->object_count == OBJECTS_ASKED)
		return 0;
	int status = object_type(abandoning->waiting->decoder, object, &type);
	if (status || (asked->object_count && type->kind != KIND_OTHER))
		return error_is_fatal(status) ? status : 0;
	asked->types[asked->object_count] = type;
	asked->objects[asked->object_count++] = object;
	return 0;
}

/* An attribute of theirs: app.stock.give() is a method of what app.stock is. */
static int ask_attribute(struct abandoning *abandoning, const char *name)
{
	struct decoder *decoder = abandoning->waiting->decoder;
	const struct asked *asked = &abandoning->asked;
	int status = 0;
	for (size_t i = 0, count = asked->object_count; !status && i < count; i++) {
		uint64_t value = 0;
		if (asked->types[i]->kind == KIND_OTHER)
			status = attr_find(decoder, asked->objects[i], name, &value);
		if (!status && value)
			status = add_object(abandoning, value);
		status = error_is_fatal(status) ? status : 0;
	}
	return status;
}

/* What connections tell a protocol, of a class that makes one for each. */
static const char *const told[] = {"data_received",	"buffer_updated",  "eof_received",
				   "datagram_received", "connection_lost", NULL};

static int ask_protocol_class(struct abandoning *abandoning, uint64_t class)
{
	const struct type *type;
	int status = type_get(abandoning->waiting->decoder, class, &type);
	for (size_t i = 0; !status && told[i]; i++)
		status = ask_method_of(abandoning, type, told[i], true);
	return error_is_fatal(status) ? status : 0;
}

static int ask_global(struct abandoning *abandoning, const char *name)
{
	struct decoder *decoder = abandoning->waiting->decoder;
	uint64_t value = 0;
	enum kind kind;
	if (!abandoning->globals)
		return 0;
	int status = dict_get(decoder, abandoning->globals, name, &value);
	if (!status && value)
		status = object_kind(decoder, value, &kind);
	if (!status && value && kind == KIND_FUNCTION)
		status = add_function(abandoning, value, false);
	else if (!status && value && kind == KIND_TYPE)
		status = ask_protocol_class(abandoning, value);
	return error_is_fatal(status) ? status : 0;
}

static int visit_name(struct decoder *decoder, uint64_t item, void *arg)
{
	struct abandoning *abandoning = arg;
	const char *name;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = name_get(decoder, item, &name);
	if (!status && name && !abandoning->found)
		status = ask_method(abandoning, name);
	if (!status && name && !abandoning->found)
		status = ask_global(abandoning, name);
	return error_is_fatal(status) ? status : 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t item, void *arg)
{
	const char *name;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = name_get(decoder, item, &name);
	if (!status && name)
		status = ask_attribute(arg, name);
	return error_is_fatal(status) ? status : 0;
}

/* A function in another one, which may have been handed to somebody, is a constant of its code. */
static int visit_constant(struct decoder *decoder, uint64_t item, void *arg)
{
	struct abandoning *abandoning = arg;
	struct code *code;
	enum kind kind;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, item, &kind);
	if (!status && kind == KIND_CODE)
		status = code_get(decoder, item, &code);
	if (!status && kind == KIND_CODE)
		status = add_code(abandoning, code, abandoning->globals);
	return error_is_fatal(status) ? status : 0;
}

/* Of a tuple of the code, at that offset. */
static int visit_tuple(struct decoder *decoder, const struct code *code, int32_t offset,
		       sequence_visit_fn *visit, void *arg)
{
	uint64_t tuple;
	int status = reader_word(&decoder->reader, code->addr + (uint64_t)offset, &tuple);
	if (!status)
		status = sequence_visit(decoder, tuple, visit, arg);
	return error_is_fatal(status) ? status : 0;
}

int asked_visit_names(struct decoder *decoder, const struct code *code, sequence_visit_fn *visit,
		      void *arg)
{
	return visit_tuple(decoder, code, decoder->layout->code.names, visit, arg);
}

/* Attributes first: they are named in any order. */
static int ask_code(struct abandoning *abandoning, const struct code *code)
{
	struct decoder *decoder = abandoning->waiting->decoder;
	int status = asked_visit_names(decoder, code, visit_attribute, abandoning);
	if (!status)
		status = asked_visit_names(decoder, code, visit_name, abandoning);
	if (status || abandoning->found)
		return status;
	return visit_tuple(decoder, code, decoder->layout->code.consts, visit_constant, abandoning);
}

static int begin_asking(struct abandoning *abandoning, uint64_t object)
{
	abandoning->asked.count = 0;
	abandoning->asked.object_count = 0;
	return add_object(abandoning, object);
}

int asked_functions(struct abandoning *abandoning, uint64_t object)
{
	struct asked *asked = &abandoning->asked;
	const uint64_t globals = abandoning->globals;
	abandoning->found = false;
	int status = begin_asking(abandoning, object);
	/* A function that is given to the callback may be called by it. */
	if (!status && !abandoning->task)
		status = add_function(abandoning, object, true);
	if (!status && abandoning->code)
		status = ask_code(abandoning, abandoning->code);
	for (size_t i = 0; !status && !abandoning->found && i < asked->count; i++) {
		abandoning->globals = asked->globals[i];
		status = ask_code(abandoning, asked->codes[i]);
	}
	abandoning->globals = globals;
	return error_is_fatal(status) ? status : 0;
}

int asked_protocol(struct abandoning *abandoning, uint64_t protocol)
{
	int status = begin_asking(abandoning, protocol);
	for (size_t i = 0; !status && told[i]; i++)
		status = ask_method(abandoning, told[i]);
	for (size_t i = 0; !status && i < abandoning->asked.count; i++)
		status = ask_code(abandoning, abandoning->asked.codes[i]);
	return status;
}
