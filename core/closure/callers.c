/* SPDX-License-Identifier: MIT */
/*
 * Who may come to something by the name of a global, and do what others wait for: any function that names
 * the global, or one that calls such a function, if it also names what is to be done, or calls a
 * function that does. Functions are called by their names, whatever they are called on.
 *
 * So a function that does the two to different objects looks as if it did it; what nobody can do looks
 * as if somebody could, where names are common, and nothing is said. What is not seen are texts
 * that are names: a module's globals that are taken by getattr or globals make any answer
 * doubtful.
 */
#include "base/error.h"
#include "closure/program.h"
#include "closure/successors.h"
#include "cpython/dict.h"
#include "cpython/object.h"

#include <string.h>

/* Functions that call each other in turn, until it is known what all of them do. */
#define CALLS_DEEP 64

/* What is looked for in the names of functions, by name. */
enum meaning {
	/* A global that leads there, or an attribute. */
	MEANS_GLOBAL = 1,
	/* Some function has that name, and comes to it, or does it. */
	MEANS_LEADS = 2,
	MEANS_DOES = 4,
	/* Whatever has the name is taken by a text. */
	MEANS_ANY = 8,
	/* All globals, of the module itself; a module. */
	MEANS_GLOBALS = 16,
	MEANS_MODULE = 32,
};

struct asking {
	struct program *program;
	const struct program_question *question;
	/* Bits of enum meaning by the number of a name. */
	struct addrmap names;
	bool changed;
	/* Some function may name anything. */
	bool is_cut;
};

static int mean(struct asking *asking, uint64_t name, unsigned int meaning)
{
	unsigned int known = (unsigned int)(uintptr_t)addrmap_get(&asking->names, name);
	if ((known | meaning) == known)
		return 0;
	asking->changed = true;
	return addrmap_put(&asking->names, name, (void *)(uintptr_t)(known | meaning))
		       ? 0
		       : waiting_no_memory(asking->program->waiting);
}

static const struct {
	const char *name;
	enum meaning meaning;
} special_names[] = {
	{"getattr", MEANS_ANY},
	{"attrgetter", MEANS_ANY},
	{"methodcaller", MEANS_ANY},
	{"vars", MEANS_ANY},
	{"__dict__", MEANS_ANY},
	{"eval", MEANS_ANY | MEANS_GLOBALS},
	{"exec", MEANS_ANY | MEANS_GLOBALS},
	{"globals", MEANS_ANY | MEANS_GLOBALS},
	{"modules", MEANS_MODULE},
	{"import_module", MEANS_MODULE},
	{"__import__", MEANS_MODULE},
};

/* A module of the program's that another one has by some name. */
static int visit_global(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct asking *asking = arg;
	uint64_t number, dict;
	enum kind kind;
	int status = object_kind(decoder, value, &kind);
	if (status || kind != KIND_MODULE)
		return status;
	status = reader_word(&decoder->reader, value + (uint64_t)decoder->layout->module.dict,
			     &dict);
	for (size_t i = 0; !status && i < asking->program->modules.count; i++) {
		if (asking->program->modules.items[i].dict != dict)
			continue;
		status = program_number_at(decoder, key, &number);
		return status || !number ? status : mean(asking, number, MEANS_MODULE);
	}
	return error_is_fatal(status) ? status : 0;
}

static int learn_names(struct asking *asking)
{
	struct program *program = asking->program;
	struct decoder *decoder = program->waiting->decoder;
	const struct global_names *globals = asking->question->globals;
	int status = 0;
	for (size_t i = 0; !status && i < sizeof(special_names) / sizeof(special_names[0]); i++)
		status = mean(asking, program_number(special_names[i].name),
			      special_names[i].meaning);
	for (size_t i = 0; !status && i < globals->count; i++) {
		uint64_t number;
		status = program_number_at(decoder, globals->items[i].name, &number);
		if (!status && number)
			status = mean(asking, number, MEANS_GLOBAL);
		asking->is_cut |= !number;
	}
	const struct name_numbers *attributes = asking->question->attributes;
	for (size_t i = 0; !status && i < attributes->count; i++)
		status = mean(asking, attributes->items[i], MEANS_GLOBAL);
	for (size_t i = 0; !status && i < program->modules.count; i++) {
		const struct own_module *module = &program->modules.items[i];
		const char *dot = strrchr(module->name, '.');
		status = mean(asking, program_number(module->name), MEANS_MODULE);
		if (!status && dot)
			status = mean(asking, program_number(dot + 1), MEANS_MODULE);
		if (!status)
			status = dict_visit(decoder, module->dict, visit_global, asking);
		asking->is_cut |= status != 0;
		if (!error_is_fatal(status))
			status = 0;
	}
	return status;
}

static unsigned int meaning_of(const struct asking *asking, const struct own_function *function)
{
	const uint64_t *names = &asking->program->names.items[function->first_name];
	unsigned int meaning = 0;
	for (size_t i = 0; i < function->name_count; i++)
		meaning |= (unsigned int)(uintptr_t)addrmap_get(&asking->names, names[i]);
	return meaning;
}

/* Whether it may take a global by a text, which nobody can know. */
static bool takes_any(const struct asking *asking, const struct own_function *function,
		      unsigned int meaning)
{
	const struct global_names *globals = asking->question->globals;
	if (!(meaning & MEANS_ANY))
		return false;
	if (meaning & MEANS_MODULE)
		return true;
	for (size_t i = 0; meaning & MEANS_GLOBALS && i < globals->count; i++) {
		if (!function->globals || globals->items[i].dict == function->globals)
			return true;
	}
	return false;
}

static int begin(struct asking *asking)
{
	struct program *program = asking->program;
	int status = 0;
	for (size_t i = 0; !status && i < program->functions.count; i++) {
		struct own_function *function = &program->functions.items[i];
		unsigned int meaning = meaning_of(asking, function), deeds;
		status = work_charge(&program->waiting->decoder->reader.work,
				     function->name_count / 8 + 1);
		if (!status)
			status = deeds_of(program->waiting, function->code, &deeds);
		if (status)
			break;
		function->leads = meaning & MEANS_GLOBAL;
		/* A method whose name is only a text is any. */
		function->does = asked_is_deed(deeds, asking->question->deeds) ||
				 meaning & MEANS_ANY;
		asking->is_cut |= takes_any(asking, function, meaning);
	}
	return error_is_fatal(status) ? status : 0;
}

/* Whoever calls one that comes to it may get it from there; and what that does is done. */
static int pass_on(struct asking *asking)
{
	struct program *program = asking->program;
	int status = 0;
	for (size_t i = 0; !status && i < program->own_names.count; i++) {
		const struct own_name *name = &program->own_names.items[i];
		const struct own_function *function = &program->functions.items[name->function];
		unsigned int meaning = (function->leads ? MEANS_LEADS : 0) |
				       (function->does ? MEANS_DOES : 0);
		if (meaning)
			status = mean(asking, name->name, meaning);
	}
	for (size_t i = 0; !status && i < program->functions.count; i++) {
		struct own_function *function = &program->functions.items[i];
		unsigned int meaning = meaning_of(asking, function);
		status = work_charge(&program->waiting->decoder->reader.work,
				     function->name_count / 8 + 1);
		function->leads |= !!(meaning & MEANS_LEADS);
		function->does |= !!(meaning & MEANS_DOES);
	}
	return status;
}

static bool is_excused(const struct asking *asking, const struct own_function *function)
{
	return !function->is_kept && addrmap_get(asking->question->excused, function->code->addr);
}

int program_ask(struct program *program, const struct program_question *question, bool *ret)
{
	struct asking asking = {.program = program, .question = question};
	*ret = false;
	int status = learn_names(&asking);
	if (!status)
		status = begin(&asking);
	asking.changed = true;
	for (int i = 0; !status && asking.changed; i++) {
		asking.changed = false;
		asking.is_cut |= i == CALLS_DEEP;
		status = i == CALLS_DEEP ? 0 : pass_on(&asking);
	}
	for (size_t i = 0; !status && i < program->functions.count; i++) {
		const struct own_function *function = &program->functions.items[i];
		*ret |= function->leads && function->does && !is_excused(&asking, function);
	}
	*ret |= asking.is_cut || program->is_cut;
	addrmap_deinit(&asking.names);
	return status;
}
