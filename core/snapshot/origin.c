/* SPDX-License-Identifier: MIT */
/* Which program it is. See snapshot/origin.h. */
#include "snapshot/origin.h"

#include "base/error.h"
#include "cpython/callable.h"
#include "cpython/dict.h"
#include "cpython/modules.h"
#include "cpython/sequence.h"
#include "cpython/str.h"
#include "snapshot/own.h"

#include <string.h>

/* ---- the standard library ---- */

/* A str in a global of a module; NULL where there is none. */
static int read_path(struct decoder *decoder, const struct aiodbg_snapshot *snap,
		     const char *module, const char *name, const char **ret)
{
	uint64_t value = 0;
	*ret = NULL;
	if (!snap->interps.count)
		return 0;
	int status = modules_global(decoder, &snap->interps.items[0], module, name, &value);
	if (!status && value)
		status = str_read(decoder, value, ret);
	return error_is_fatal(status) ? status : 0;
}

/* Bytes of the folder of the standard library, which one of asyncio's files is in; else 0. */
static size_t stdlib_of(const char *path)
{
	static const char *const files[] = {"asyncio/tasks.py",	  "asyncio/locks.py",
					    "asyncio/queues.py",  "asyncio/base_events.py",
					    "asyncio/runners.py", "asyncio/taskgroups.py",
					    "asyncio/futures.py", "asyncio/streams.py"};
	size_t len = path ? strlen(path) : 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t tail = strlen(files[i]);
		if (len > tail && path[len - tail - 1] == '/' &&
		    !strcmp(path + len - tail, files[i]) && !strstr(path, "-packages/"))
			return len - tail;
	}
	return 0;
}

/* Where the module os can't be read, a frame tells. */
static int guess_os(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	const struct code *last = NULL;
	for (size_t i = 0; !snap->os_file && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		int status = work_charge(&decoder->reader.work, 1 + task->depth / 16);
		if (status)
			return status;
		for (size_t k = 0; !snap->os_file && k < task->depth; k++) {
			const struct code *code = task->stack[k]->code;
			size_t len = code != last ? stdlib_of(code->filename) : 0;
			last = code;
			if (len)
				snap->os_file = arena_string(&snap->arena, code->filename, len);
			if (len && !snap->os_file)
				return decoder_no_memory(decoder);
		}
	}
	return 0;
}

/* ---- the program ---- */

/* The file of the first frame that fits. */
typedef bool fits_fn(struct own *own, const struct code *code, const char *name, size_t len);

static bool is_own(struct own *own, const struct code *code, const char *name, size_t len)
{
	(void)name, (void)len;
	return own_is(own, code);
}

/* Of the package of that name. */
static bool is_of_package(struct own *own, const struct code *code, const char *name, size_t len)
{
	size_t of_package;
	const char *package = own_package(own, code->filename, &of_package);
	return package && of_package == len && !memcmp(package, name, len) &&
	       own_is_installed(code->filename);
}

static int find_file(struct decoder *decoder, const struct aiodbg_snapshot *snap, struct own *own,
		     fits_fn *fits, const char *name, size_t len, const char **ret)
{
	const struct code *last = NULL;
	*ret = NULL;
	for (size_t i = 0; !*ret && i < snap->tasks.count; i++) {
		const struct task *task = snap->tasks.items[i];
		int status = work_charge(&decoder->reader.work, 1 + task->depth / 16);
		if (status)
			return status;
		for (size_t k = 0; !*ret && k < task->depth; k++) {
			const struct code *code = task->stack[k]->code;
			if (code != last && fits(own, code, name, len))
				*ret = code->filename;
			last = code;
		}
	}
	return 0;
}

struct search {
	struct aiodbg_snapshot *snap;
	struct own *own;
	const char *file;
	/* The main file is a server's, which was told what to serve. */
	bool is_served;
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* "shop.main:app", which servers are told on their command line: how long the name of the package is; 0: it is
 * something else, like an address with its port. */
static size_t package_to_serve(const char *text)
{
	size_t len = strspn(text, letters);
	while (text[len] >= '0' && text[len] <= '9')
		len += 1 + strspn(text + len + 1, letters);
	const char *colon = strchr(text, ':');
	bool is_module = len && colon && (text[len] == '.' || text + len == colon) &&
			 !memchr(text, '/', (size_t)(colon - text));
	return is_module && colon[1] && strchr(letters, colon[1]) ? len : 0;
}

static int visit_argument(struct decoder *decoder, uint64_t item, void *arg)
{
	struct search *search = arg;
	const char *text = NULL;
	enum kind kind;
	int status = object_kind(decoder, item, &kind);
	if (search->file || status || kind != KIND_STR)
		return status;
	status = str_read(decoder, item, &text);
	size_t len = status ? 0 : package_to_serve(text);
	if (!len)
		return status;
	search->is_served = true;
	return find_file(decoder, search->snap, search->own, is_of_package, text, len,
			 &search->file);
}

static int read_arguments(struct decoder *decoder, struct search *search)
{
	uint64_t argv = 0;
	int status = modules_global(decoder, &search->snap->interps.items[0], "sys", "argv", &argv);
	if (!status && argv)
		status = sequence_visit(decoder, argv, visit_argument, search);
	return error_is_fatal(status) ? status : 0;
}

/* What a script imports that pip has made for a package: the function that it calls. */
static int visit_global(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct search *search = arg;
	struct callable callable;
	enum kind kind;
	(void)key;
	if (search->file)
		return 0;
	int status = object_kind(decoder, value, &kind);
	if (status || kind != KIND_FUNCTION)
		return status;
	status = callable_read(decoder, value, &callable);
	if (!status && callable.code && own_is_installed(callable.code->filename))
		search->file = callable.code->filename;
	return status;
}

static int read_main(struct decoder *decoder, struct search *search)
{
	uint64_t globals = 0;
	int status = modules_find(decoder, &search->snap->interps.items[0], "__main__", &globals);
	if (!status && globals)
		status = dict_visit(decoder, globals, visit_global, search);
	return error_is_fatal(status) ? status : 0;
}

/* PyInstaller and others put all into one folder, and say so. */
static int find_out_if_flat(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	uint64_t frozen = 0;
	int status = modules_global(decoder, &snap->interps.items[0], "sys", "frozen", &frozen);
	snap->is_flat = !status && frozen;
	return error_is_fatal(status) ? status : 0;
}

/* main_file: NULL, or that of a program which was run from a file. */
static int find_program(struct decoder *decoder, struct aiodbg_snapshot *snap,
			const char *main_file)
{
	const char *file;
	struct own own;
	own_of_snapshot(&own, snap, true);
	struct search search = {.snap = snap, .own = &own};
	int status = find_file(decoder, snap, &own, is_own, NULL, 0, &file);
	if (!status && !file)
		status = read_arguments(decoder, &search);
	if (!status && !file && !search.file && !search.is_served) {
		if (own_is_installed(main_file))
			search.file = main_file;
		else
			status = read_main(decoder, &search);
	}
	snap->program_file = search.file;
	own_deinit(&own);
	return status;
}

int origin_find(struct decoder *decoder, struct aiodbg_snapshot *snap)
{
	const char *file = NULL;
	if (!snap->interps.count)
		return guess_os(decoder, snap);
	int status = read_path(decoder, snap, "os", "__file__", &snap->os_file);
	if (!status && !snap->os_file)
		status = guess_os(decoder, snap);
	if (!status)
		status = read_path(decoder, snap, "__main__", "__file__", &file);
	snap->has_file = file != NULL;
	if (!status)
		status = find_out_if_flat(decoder, snap);
	return status ? status : find_program(decoder, snap, file);
}
