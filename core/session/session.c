/* SPDX-License-Identifier: MIT */
/* Opening a target. See session/session.h. */
#include "session/session.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "process/core_file.h"
#include "process/process.h"

#include <stdlib.h>

static int check_target(const struct aiodbg_target *target, struct aiodbg_error *err)
{
	if (!target || target->size < sizeof(*target) || !target->read)
		return error_set(err, AIODBG_INVALID, "target without its size or a read callback");
	if (target->word_size != 4 && target->word_size != 8)
		return error_set(err, AIODBG_INVALID, "pointers of %u bytes", target->word_size);
	if (target->byte_order != AIODBG_LITTLE_ENDIAN && target->byte_order != AIODBG_BIG_ENDIAN)
		return error_set(err, AIODBG_INVALID, "unknown byte order %u", target->byte_order);
	return 0;
}

static int check_options(const struct aiodbg_options *options, struct aiodbg_error *err)
{
	uint32_t block = options->block_size;
	if (options->size < sizeof(*options))
		return error_set(err, AIODBG_INVALID, "options without their size");
	if (block && (block < 4096 || block > 65536 || (block & (block - 1))))
		return error_set(err, AIODBG_INVALID, "block size of %u bytes", block);
	if (options->retries > LIMIT_RETRIES)
		return error_set(err, AIODBG_INVALID, "%u retries, of %d at most", options->retries,
				 LIMIT_RETRIES);
	return 0;
}

static int find_runtime(struct aiodbg *dbg, struct runtime *runtime, struct aiodbg_error *err)
{
	struct reader reader;
	int status = reader_init(&reader, &dbg->target, &dbg->options);
	if (!status)
		status = discover_runtime(&reader, runtime);
	session_add_stats(dbg, &reader.cache.stats);
	if (status && err)
		*err = reader.error;
	reader_deinit(&reader);
	return status;
}

static int open_target(const struct aiodbg_target *target, const struct aiodbg_options *options,
		       struct aiodbg_error *err, struct aiodbg **ret)
{
	*ret = NULL;
	error_clear(err);
	int status = check_target(target, err);
	if (!status && options)
		status = check_options(options, err);
	if (status)
		return status;
	struct aiodbg *dbg = calloc(1, sizeof(*dbg));
	if (!dbg)
		return error_no_memory(err);
	dbg->target = *target;
	if (options)
		dbg->options = *options;
	status = find_runtime(dbg, &dbg->runtime, err);
	*ret = dbg;
	return status;
}

/*
 * A debugger that lacks the executable, as it was deleted, replaced or is in a container, has no
 * symbols. Those of a process on this machine can be read from /proc and its memory.
 */
static int look_in_process(struct aiodbg *dbg)
{
	const struct aiodbg_target before = dbg->target;
	struct aiodbg_options options = {
		.size = sizeof(options),
		.interrupted = before.interrupted,
		.interrupted_ctx = before.ctx,
	};
	struct process *process;
	struct runtime runtime;
	int status = process_create(before.local_pid, &options, NULL, &process);
	if (status)
		return status;
	dbg->target = *process_target(process);
	dbg->target.kind = before.kind;
	dbg->target.pid = before.pid;
	dbg->target.tid = before.tid;
	dbg->target.debugger = before.debugger;
	dbg->target.giving_files = before.giving_files;
	status = find_runtime(dbg, &runtime, NULL);
	if (status) {
		dbg->target = before;
		process_destroy(process);
		return status;
	}
	dbg->runtime = runtime;
	dbg->files = process;
	return 0;
}

int session_other_file(const struct aiodbg_target *target, struct aiodbg_error *err,
		       struct aiodbg_other_file *ret)
{
	*ret = (struct aiodbg_other_file){0};
	if (!target->find_other_file)
		return AIODBG_NOT_FOUND;
	int status = target->find_other_file(target->ctx, 0, ret);
	ret->file[sizeof(ret->file) - 1] = '\0';
	ret->mapped_id[sizeof(ret->mapped_id) - 1] = '\0';
	ret->file_id[sizeof(ret->file_id) - 1] = '\0';
	if (status)
		*ret = (struct aiodbg_other_file){0};
	return status < 0 ? error_set(err, status, "comparing files was refused") : status;
}

/* With the files of another build nothing was to be found: a better reason than any other. */
static int blame_other_file(const struct aiodbg_target *target, int status,
			    struct aiodbg_error *err)
{
	struct aiodbg_other_file other;
	int found = session_other_file(target, err, &other);
	if (found < 0)
		return found;
	if (found || !other.is_program)
		return status;
	const char *how = target->giving_files;
	return error_set(err, status,
			 "%.100s is of another build than the program that ran: its build id is "
			 "%.40s, in the core it is %.40s; give the debugger the files of the "
			 "machine where it ran%s%.100s",
			 other.file, other.file_id[0] ? other.file_id : "none",
			 other.mapped_id[0] ? other.mapped_id : "none", how ? ": " : "",
			 how ? how : "");
}

int session_open(const struct aiodbg_target *target, const struct aiodbg_options *options,
		 struct aiodbg_error *err, struct aiodbg **ret)
{
	int status = open_target(target, options, err, ret);
	if (!status || !*ret || error_is_fatal(status))
		return status;
	if (target->kind == AIODBG_TARGET_CORE)
		return blame_other_file(target, status, err);
	if (!target->local_pid || target->kind != AIODBG_TARGET_PROCESS || look_in_process(*ret))
		return status;
	error_clear(err);
	return 0;
}

int session_open_process(uint32_t pid, const struct aiodbg_options *options,
			 struct aiodbg_error *err, struct aiodbg **ret)
{
	struct process *process;
	*ret = NULL;
	error_clear(err);
	int status = options ? check_options(options, err) : 0;
	if (!status)
		status = process_create(pid, options, err, &process);
	if (status)
		return status;
	status = open_target(process_target(process), options, err, ret);
	struct aiodbg_error skipped;
	if (status && !error_is_fatal(status) && process_skipped(process, &skipped))
		error_prefix(err, "%s", skipped.message);
	if (status == AIODBG_NOT_FOUND || status == AIODBG_UNSUPPORTED)
		process_prefix(process, err);
	/* Why asyncio's offsets were not there. */
	if (!status && !(*ret)->runtime.asyncio && !(*ret)->runtime.asyncio_error.code)
		process_skipped(process, &(*ret)->runtime.asyncio_error);
	status = process_check(process, status, err);
	if (*ret)
		(*ret)->process = process;
	else
		process_destroy(process);
	return status;
}

int session_open_core(const char *path, const char *sysroot, const struct aiodbg_options *options,
		      struct aiodbg_error *err, struct aiodbg **ret)
{
	struct aiodbg_core *core;
	*ret = NULL;
	error_clear(err);
	int status = options ? check_options(options, err) : 0;
	if (!status)
		status = core_file_create(path, sysroot, options, err, &core);
	if (status)
		return status;
	status = session_open(core_file_target(core), options, err, ret);
	if (*ret)
		(*ret)->core = core;
	else
		core_file_destroy(core);
	return status;
}

void session_close(struct aiodbg *dbg)
{
	if (dbg) {
		core_file_destroy(dbg->core);
		process_destroy(dbg->process);
		process_destroy(dbg->files);
	}
	free(dbg);
}
