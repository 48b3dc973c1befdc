/* SPDX-License-Identifier: MIT */
/* The program's own functions. See closure/program.h. */
#include "closure/program.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/dict.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <string.h>

/* Objects that are looked into, and items of each. */
#define OBJECTS_MAX 100000
#define ITEMS_MAX 20000
/* Functions, and names that all of them have. */
#define FUNCTIONS_MAX 50000
#define NAMES_MAX 2000000

/* ---- names ---- */

/* The same for the same text; two texts that share a number only look like one. */
uint64_t program_number(const char *text)
{
	uint64_t number = 0xcbf29ce484222325;
	for (; *text; text++)
		number = (number ^ (unsigned char)*text) * 0x100000001b3;
	return number ? number : 1;
}

/* 0 for what is no text. */
int program_number_at(struct decoder *decoder, uint64_t str, uint64_t *ret)
{
	const char *text = NULL;
	int status = str ? name_get(decoder, str, &text) : 0;
	*ret = text ? program_number(text) : 0;
	return status;
}

/* ---- functions ---- */

static int visit_name(struct decoder *decoder, uint64_t item, void *arg)
{
	struct program *program = arg;
	uint64_t number;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = program_number_at(decoder, item, &number);
	if (status)
		return status;
	program->is_cut |= program->names.count == NAMES_MAX;
	if (program->names.count == NAMES_MAX)
		return AIODBG_LIMIT;
	program->functions.items[program->function].name_count++;
	return array_push(&program->names, number) ? 0 : waiting_no_memory(program->waiting);
}

static int read_names(struct program *program, const struct code *code)
{
	struct decoder *decoder = program->waiting->decoder;
	uint64_t names;
	int status = reader_word(&decoder->reader,
				 code->addr + (uint64_t)decoder->layout->code.names, &names);
	if (!status)
		status = sequence_visit(decoder, names, visit_name, program);
	program->is_cut |= status != 0;
	return error_is_fatal(status) ? status : 0;
}

static int add_name(struct program *program, size_t function, uint64_t name)
{
	const struct own_name own_name = {name, function};
	for (size_t i = 0; i < 4 && i < program->own_names.count; i++) {
		const struct own_name *known =
			&program->own_names.items[program->own_names.count - 1 - i];
		if (known->name == name && known->function == function)
			return 0;
	}
	return !name || array_push(&program->own_names, own_name)
		       ? 0
		       : waiting_no_memory(program->waiting);
}

int program_add(struct program *program, const struct code *code, uint64_t globals, uint64_t name,
		bool is_kept)
{
	struct waiting *waiting = program->waiting;
	size_t index = (size_t)(uintptr_t)addrmap_get(&program->by_code, code->addr);
	const struct own_function function = {
		.code = code, .globals = globals, .first_name = program->names.count};
	if (index) {
		program->functions.items[index - 1].is_kept |= is_kept;
		return add_name(program, index - 1, name);
	}
	program->is_cut |= program->functions.count == FUNCTIONS_MAX;
	if (program->functions.count == FUNCTIONS_MAX)
		return 0;
	program->function = program->functions.count;
	if (!array_push(&program->functions, function) ||
	    !addrmap_put(&program->by_code, code->addr, (void *)(uintptr_t)(program->function + 1)))
		return waiting_no_memory(waiting);
	program->functions.items[program->function].is_kept = is_kept;
	int status = read_names(program, code);
	if (!status && code->name)
		status = add_name(program, program->function, program_number(code->name));
	return status ? status : add_name(program, program->function, name);
}

/* A function in another one is a constant of its code. */
static int visit_constant(struct decoder *decoder, uint64_t item, void *arg)
{
	struct program *program = arg;
	struct code *code;
	enum kind kind;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, item, &kind);
	if (status || kind != KIND_CODE)
		return status;
	status = code_get(decoder, item, &code);
	program->is_cut |= status != 0;
	if (!status)
		status = program_add(program, code,
				     program->functions.items[program->items].globals, 0, false);
	return error_is_fatal(status) ? status : 0;
}

/* Those that are added meanwhile come last. */
static int read_inner(struct program *program)
{
	struct decoder *decoder = program->waiting->decoder;
	int status = 0;
	for (size_t i = 0; !status && i < program->functions.count; i++) {
		const struct code *code = program->functions.items[i].code;
		uint64_t constants;
		program->items = i;
		status = reader_word(&decoder->reader,
				     code->addr + (uint64_t)decoder->layout->code.consts,
				     &constants);
		if (!status)
			status = sequence_visit(decoder, constants, visit_constant, program);
		program->is_cut |= status != 0;
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

/* ---- finding them ---- */

int program_push(struct program *program, uint64_t addr, uint64_t name, bool is_kept)
{
	const struct program_place place = {addr, name, is_kept, program->at.is_guess};
	return !addr || array_push(&program->places, place) ? 0
							    : waiting_no_memory(program->waiting);
}

/* In what runs on, an object that is gone was about to be. */
static bool is_missing(const struct program *program, int status)
{
	return status && !program->waiting->decoder->reader.cache.changing;
}

static bool is_full(struct program *program)
{
	program->is_cut |= ++program->items > ITEMS_MAX;
	return program->items > ITEMS_MAX;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct program *program = arg;
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (status || (kind != KIND_OTHER && kind <= KIND_BYTES) || kind == KIND_MODULE)
		return status || kind != KIND_TYPE ? status : program_push(program, item, 0, true);
	return is_full(program) ? AIODBG_LIMIT
				: program_push(program, item, program->at.name, true);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	int status = visit_item(decoder, key, arg);
	return status ? status : visit_item(decoder, value, arg);
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)key;
	return visit_item(decoder, value, arg);
}

/* Of a class or a module: functions are called by the name. */
static int visit_named(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	uint64_t name;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = program_number_at(decoder, key, &name);
	return status ? status : program_push(arg, value, name, false);
}

static const struct own_module *module_named(const struct program *program, const char *name)
{
	for (size_t i = 0; name && i < program->modules.count; i++) {
		if (!strcmp(program->modules.items[i].name, name))
			return &program->modules.items[i];
	}
	return NULL;
}

/* Classes of the program. */
static int look_into_class(struct program *program, uint64_t class)
{
	struct decoder *decoder = program->waiting->decoder;
	uint64_t module = 0, dict = 0;
	const struct type *type;
	const char *name = NULL;
	int status = type_get(decoder, class, &type);
	if (!status && !type_on_heap(type))
		return 0;
	if (!status)
		status = class_attr_find(decoder, class, "__module__", &module);
	if (!status && module)
		status = name_get(decoder, module, &name);
	if (status || !module_named(program, name))
		return status;
	status = reader_word(&decoder->reader, class + (uint64_t)decoder->layout->type.dict, &dict);
	if (!status && type->base)
		status = program_push(program, type->base, 0, false);
	return status || !dict ? status : dict_visit(decoder, dict, visit_named, program);
}

/* Objects of types made in C: static methods, properties, caches of results. */
static int look_into_words(struct program *program, const struct type *type)
{
	struct reader *reader = &program->waiting->decoder->reader;
	int status = 0;
	program->is_cut |= type->basicsize > LIMIT_WORDS_SEARCHED && !program->at.is_guess;
	program->at.is_guess = true;
	for (uint64_t at = 2 * reader->word_size;
	     !status && at < (uint64_t)type->basicsize && at < LIMIT_WORDS_SEARCHED;
	     at += reader->word_size) {
		const struct type *found;
		uint64_t word;
		status = object_guess_word(program->waiting->decoder, program->at.addr + at, &word,
					   &found);
		if (!status && found && (found->kind >= KIND_FUNCTION || found->kind == KIND_OTHER))
			status = program_push(program, word, program->at.name, program->at.is_kept);
	}
	return status;
}

static int look_into_instance(struct program *program)
{
	struct decoder *decoder = program->waiting->decoder;
	const struct program_place at = program->at;
	const struct type *type;
	int status = object_type(decoder, at.addr, &type);
	if (status)
		return status;
	if (!type->cached_keys)
		status = look_into_words(program, type);
	program->at.is_guess = at.is_guess;
	if (!error_is_fatal(status))
		status = program_push(program, type->addr, 0, false);
	return status ? status : attrs_visit(decoder, at.addr, visit_attribute, program);
}

static int look_into_function(struct program *program)
{
	struct decoder *decoder = program->waiting->decoder;
	const struct program_place at = program->at;
	struct callable callable;
	uint64_t closure = 0, globals = 0;
	int status = callable_read(decoder, at.addr, &callable);
	if (status || callable.kind != KIND_FUNCTION)
		return status;
	program->is_cut |= !callable.code && !at.is_guess;
	status = reader_word(&decoder->reader,
			     at.addr + (uint64_t)decoder->layout->function.closure, &closure);
	if (!status)
		status = reader_word(&decoder->reader,
				     at.addr + (uint64_t)decoder->layout->function.globals,
				     &globals);
	if (!status && callable.code && own_is(&program->waiting->own, callable.code))
		status = program_add(program, callable.code, globals, at.name, at.is_kept);
	/* What a decorator has made calls what is in its cells, by its own name. */
	return status ? status : program_push(program, closure, at.name, at.is_kept);
}

static int visit_cell(struct decoder *decoder, uint64_t item, void *arg)
{
	const struct program *program = arg;
	uint64_t value = 0;
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (!status && kind == KIND_CELL)
		status = cell_get(decoder, item, &value);
	return status ? status : program_push(arg, value, program->at.name, program->at.is_kept);
}

static int look_into_callable(struct program *program)
{
	struct callable callable;
	int status = callable_read(program->waiting->decoder, program->at.addr, &callable);
	if (!status)
		status = program_push(program, callable.function, program->at.name, true);
	if (!status)
		status = program_push(program, callable.self, 0, true);
	if (!status)
		status = program_push(program, callable.args, 0, true);
	return status ? status : program_push(program, callable.keywords, 0, true);
}

/* The cells of a function are the only tuple of them. */
static int look_into_tuple(struct program *program)
{
	struct decoder *decoder = program->waiting->decoder;
	uint64_t first = 0, length;
	enum kind kind = KIND_OTHER;
	int status = container_length(decoder, program->at.addr, &length);
	if (!status && length)
		status = tuple_item(decoder, program->at.addr, 0, &first);
	if (!status && first)
		status = object_kind(decoder, first, &kind);
	return status ? status
		      : sequence_visit(decoder, program->at.addr,
				       kind == KIND_CELL ? visit_cell : visit_item, program);
}

static int look_into(struct program *program, enum kind kind)
{
	struct decoder *decoder = program->waiting->decoder;
	uint64_t addr = program->at.addr;
	switch (kind) {
	case KIND_TUPLE:
		return look_into_tuple(program);
	case KIND_LIST:
	case KIND_DEQUE:
		return sequence_visit(decoder, addr, visit_item, program);
	case KIND_SET:
		return set_visit(decoder, addr, visit_item, program);
	case KIND_DICT:
		return dict_visit(decoder, addr, visit_entry, program);
	case KIND_FUNCTION:
		return look_into_function(program);
	case KIND_METHOD:
	case KIND_CFUNCTION:
	case KIND_PARTIAL:
		return look_into_callable(program);
	case KIND_TYPE:
		return look_into_class(program, addr);
	case KIND_OTHER:
		return look_into_instance(program);
	default:
		return 0;
	}
}

/* Functions are met again by each of their names, and by who keeps them. */
static int look_at(struct program *program)
{
	struct decoder *decoder = program->waiting->decoder;
	enum kind kind;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, program->at.addr, &kind);
	bool was_seen = !status && addrmap_get(&program->seen, program->at.addr);
	if (status || (was_seen && kind != KIND_FUNCTION))
		return status;
	program->is_cut |= program->objects == OBJECTS_MAX;
	if (program->objects == OBJECTS_MAX)
		return 0;
	program->objects++;
	if (!addrmap_put(&program->seen, program->at.addr, program))
		return waiting_no_memory(program->waiting);
	program->items = 0;
	const uint64_t faults = decoder->reader.fault_count;
	status = look_into(program, kind);
	/* What is not there may be no object at all. */
	if (program->at.is_guess)
		decoder->reader.fault_count = faults;
	program->is_cut |= kind != KIND_OTHER && !program->at.is_guess &&
			   is_missing(program, status);
	return error_is_fatal(status) ? status : 0;
}

/* ---- modules ---- */

static int is_own(struct program *program, uint64_t dict, const char *name, bool *ret)
{
	struct decoder *decoder = program->waiting->decoder;
	uint64_t file = 0, spec = 0;
	const char *path = NULL;
	enum kind kind = KIND_NONE;
	*ret = false;
	int status = dict_get(decoder, dict, "__file__", &file);
	if (!status && file)
		status = str_read(decoder, file, &path);
	if (!status && !path)
		status = dict_get(decoder, dict, "__spec__", &spec);
	if (!status && spec)
		status = object_kind(decoder, spec, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
	*ret = path ? own_is_file(&program->waiting->own, path)
		    : kind == KIND_NONE || !strcmp(name, "__main__");
	/* What it does can't be told. */
	const char *end = path ? strrchr(path, '.') : NULL;
	program->is_cut |= *ret && end && !strcmp(end, ".so");
	return 0;
}

static int visit_module(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct program *program = arg;
	struct own_module module;
	enum kind kind;
	bool is_own_one = false;
	int status = object_kind(decoder, value, &kind);
	if (status || kind != KIND_MODULE)
		return status;
	status = name_get(decoder, key, &module.name);
	if (!status && module.name)
		status = reader_word(&decoder->reader,
				     value + (uint64_t)decoder->layout->module.dict, &module.dict);
	if (!status && module.name && module.dict)
		status = is_own(program, module.dict, module.name, &is_own_one);
	program->is_cut |= status != 0;
	if (error_is_fatal(status))
		return status;
	return !is_own_one || array_push(&program->modules, module)
		       ? 0
		       : waiting_no_memory(program->waiting);
}

int program_read_modules(struct program *program)
{
	const struct interps *interps = &program->waiting->snap->interps;
	int status = 0;
	for (size_t i = 0; !status && i < interps->count; i++) {
		if (interps->items[i].modules)
			status = dict_visit(program->waiting->decoder, interps->items[i].modules,
					    visit_module, program);
		program->is_cut |= status != 0;
		if (!error_is_fatal(status))
			status = 0;
	}
	program->misses_modules = program->is_cut;
	return status;
}

/* ---- the whole ---- */

int program_read(struct waiting *waiting, const bool *is_over, struct program *ret)
{
	*ret = (struct program){.waiting = waiting};
	struct decoder *decoder = waiting->decoder;
	int status = program_read_modules(ret);
	for (size_t i = 0; !status && i < ret->modules.count; i++) {
		ret->at = (struct program_place){0};
		status = dict_visit(decoder, ret->modules.items[i].dict, visit_named, ret);
		ret->is_cut |= status != 0;
		if (!error_is_fatal(status))
			status = 0;
	}
	if (!status)
		status = running_read(ret, is_over);
	/* In the order in which they were met: what modules have themselves comes first. */
	for (size_t i = 0; !status && i < ret->places.count; i++) {
		ret->at = ret->places.items[i];
		status = look_at(ret);
	}
	return status ? status : read_inner(ret);
}

void program_deinit(struct program *program)
{
	array_deinit(&program->modules);
	array_deinit(&program->functions);
	array_deinit(&program->own_names);
	array_deinit(&program->names);
	array_deinit(&program->places);
	addrmap_deinit(&program->by_code);
	addrmap_deinit(&program->seen);
}
