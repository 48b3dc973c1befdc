/* SPDX-License-Identifier: MIT */
/* sys.modules. See cpython/modules.h. */
#include "cpython/modules.h"

#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/object.h"
#include "cpython/str.h"

#include <string.h>

/* The modules that are looked for. From OF_WAITS on those whose types only waits are about. */
enum {
	SYS,
	TASKS,
	ASYNCIO,
	TYPES,
	BUILTINS,
	COLLECTIONS,
	WEAKREF,
	OF_WAITS,
	THREAD = OF_WAITS,
	QUEUE,
	MODULE_COUNT
};

static const char *const module_names[MODULE_COUNT] = {
	[SYS] = "sys",		[TASKS] = "asyncio.tasks", [ASYNCIO] = "_asyncio",
	[TYPES] = "types",	[BUILTINS] = "builtins",   [COLLECTIONS] = "_collections",
	[WEAKREF] = "_weakref", [THREAD] = "_thread",	   [QUEUE] = "_queue",
};

struct module_visitor {
	uint64_t found[MODULE_COUNT];
	/* What was wrong with the first name that could not be read. */
	struct aiodbg_error error;
};

static int visit_module(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct module_visitor *visitor = arg;
	int status = object_expect(decoder, key, KIND_STR, "name of a module");
	if (status && !visitor->error.code)
		visitor->error = decoder->reader.error;
	if (status)
		return decoder_go_on(decoder, status);
	size_t found;
	status = str_find(decoder, key, module_names, MODULE_COUNT, &found);
	if (!status && found < MODULE_COUNT)
		visitor->found[found] = value;
	return status;
}

/* The namespace of the module object at addr; 0 if it is no module: an entry of
 * sys.modules may be anything, None above all. */
static int module_dict(struct decoder *decoder, uint64_t addr, uint64_t *ret)
{
	const struct type *type;
	*ret = 0;
	if (!addr)
		return 0;
	int status = object_type(decoder, addr, &type);
	/* Without the executable the type of modules has no name before types is read. */
	if (!status && (type->kind == KIND_MODULE || !type->name))
		status = reader_word(&decoder->reader,
				     addr + (uint64_t)decoder->layout->module.dict, ret);
	return decoder_go_on(decoder, status);
}

/* What one module exports of exported_types. */
struct exports {
	const char *names[EXPORTED_TYPES_MAX];
	enum kind kinds[EXPORTED_TYPES_MAX];
	size_t count;
};

static int visit_export(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	const struct exports *exports = arg;
	size_t found;
	int status = str_find(decoder, key, exports->names, exports->count, &found);
	if (!status && found < exports->count)
		status = type_learn(decoder, value, exports->kinds[found]);
	return error_is_fatal(status) ? status : 0;
}

/* Learn what a module exports whose namespace is the dict. */
static int learn_exports(struct decoder *decoder, const char *module, uint64_t dict)
{
	struct exports exports = {.count = 0};
	for (size_t i = 0; i < exported_type_count; i++) {
		if (strcmp(exported_types[i].module, module) != 0)
			continue;
		exports.names[exports.count] = exported_types[i].name;
		exports.kinds[exports.count++] = exported_types[i].kind;
	}
	int status = exports.count && dict ? dict_visit(decoder, dict, visit_export, &exports) : 0;
	return error_is_fatal(status) ? status : 0;
}

static int learn_all_exports(struct decoder *decoder, const uint64_t *modules)
{
	for (size_t i = 0; i < OF_WAITS; i++) {
		uint64_t dict;
		int status = module_dict(decoder, modules[i], &dict);
		if (!status)
			status = learn_exports(decoder, module_names[i], dict);
		if (status)
			return status;
	}
	return 0;
}

int modules_learn_of_waits(struct decoder *decoder, const struct interp *interp)
{
	for (size_t i = OF_WAITS; i < MODULE_COUNT; i++) {
		uint64_t dict;
		int status = modules_find(decoder, interp, module_names[i], &dict);
		if (!status)
			status = learn_exports(decoder, module_names[i], dict);
		if (error_is_fatal(status))
			return status;
	}
	return 0;
}

int modules_read(struct decoder *decoder, const struct interp *interp, struct modules *ret,
		 note_fn *note, void *arg)
{
	struct module_visitor visitor = {0};
	const uint64_t *modules = visitor.found;
	uint64_t dict = 0;
	*ret = (struct modules){0};
	if (!interp->modules)
		return 0;
	int status = dict_visit(decoder, interp->modules, visit_module, &visitor);
	if (error_is_fatal(status))
		return status;
	if (status)
		visitor.error = decoder->reader.error;
	ret->complete = !visitor.error.code;
	status = 0;
	if (!ret->complete) {
		error_prefix(&visitor.error, "sys.modules");
		status = note(arg, &visitor.error);
	}
	if (!status)
		status = learn_all_exports(decoder, modules);
	if (!status)
		status = module_dict(decoder, modules[SYS], &ret->sys);
	if (!status)
		status = module_dict(decoder, modules[TASKS], &ret->tasks);
	if (!status)
		status = module_dict(decoder, modules[ASYNCIO], &dict);
	ret->asyncio = dict ? modules[ASYNCIO] : 0;
	return status;
}

int modules_find(struct decoder *decoder, const struct interp *interp, const char *name,
		 uint64_t *ret)
{
	uint64_t module = 0;
	*ret = 0;
	if (!interp->modules)
		return 0;
	int status = dict_get(decoder, interp->modules, name, &module);
	return status ? status : module_dict(decoder, module, ret);
}

int modules_global(struct decoder *decoder, const struct interp *interp, const char *module,
		   const char *name, uint64_t *ret)
{
	uint64_t dict;
	*ret = 0;
	int status = modules_find(decoder, interp, module, &dict);
	return status || !dict ? status : dict_get(decoder, dict, name, ret);
}

int modules_class(struct decoder *decoder, const struct interp *interp, const char *module,
		  const char *name, uint64_t *ret)
{
	enum kind kind = KIND_OTHER;
	int status = modules_global(decoder, interp, module, name, ret);
	if (!status && *ret)
		status = object_kind(decoder, *ret, &kind);
	if (kind != KIND_TYPE)
		*ret = 0;
	return status;
}
