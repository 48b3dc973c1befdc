/* SPDX-License-Identifier: MIT */
/* Examining a target. See session/doctor.h. */
#include "session/doctor.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "process/process.h"
#include "session/retry.h"
#include "session/snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- memory ---- */

/* Whether a region of a core can be read from its start to its end. */
static int check_region(struct reader *reader, const struct aiodbg_region *region,
			struct doctor *doctor)
{
	uint8_t byte;
	int status = work_step(&reader->work);
	if (!status)
		status = reader_u8(reader, region->start, &byte);
	if (!status)
		status = reader_u8(reader, region->end - 1, &byte);
	if (!status || error_is_fatal(status))
		return status;
	if (doctor->memory.lost++ == 0)
		doctor->memory.first_lost = region->start;
	doctor->memory.writable_lost += region->writable != 0;
	doctor->memory.lost_bytes += region->end - region->start;
	return 0;
}

static int examine_regions(struct reader *reader, struct doctor *doctor)
{
	const struct aiodbg_target *target = reader->cache.target;
	struct aiodbg_region region = {0};
	for (;;) {
		int status = reader_next_region(reader, &region);
		if (status < 0)
			return status;
		if (status || region.end <= region.start)
			return 0;
		doctor->memory.cut = doctor->memory.regions == LIMIT_REGIONS;
		if (doctor->memory.cut)
			return 0;
		doctor->memory.regions++;
		doctor->memory.bytes += region.end - region.start;
		if (region.writable) {
			doctor->memory.writable++;
			doctor->memory.writable_bytes += region.end - region.start;
		}
		if (target->kind == AIODBG_TARGET_CORE)
			status = check_region(reader, &region, doctor);
		if (status)
			return status;
	}
}

static void add_file(struct doctor *doctor, const char *file)
{
	for (size_t i = 0; i < doctor->file_count; i++) {
		if (!strcmp(doctor->files[i], file))
			return;
	}
	if (doctor->file_count < DOCTOR_FILES)
		snprintf(doctor->files[doctor->file_count++], AIODBG_FILE_MAX, "%s", file);
}

static enum gap gap_of(const struct aiodbg_target *target, const struct aiodbg_mapping *mapping)
{
	bool core = target->kind == AIODBG_TARGET_CORE;
	if (mapping->has_contents == 1)
		return core ? GAP_LOST : GAP_UNKNOWN;
	if (mapping->file[0])
		return GAP_FILE;
	return mapping->has_contents == 0 && core ? GAP_LEFT_OUT : GAP_UNKNOWN;
}

/* Asks the target where an address lies, and remembers what it says. */
static int ask_gap(struct doctor *doctor, uint64_t addr, enum gap *ret)
{
	const struct aiodbg_target *target = &doctor->dbg->target;
	struct aiodbg_mapping mapping = {0};
	int status = target->find_mapping(target->ctx, addr, &mapping);
	if (status < 0)
		return error_set(&doctor->error, status, "listing memory was refused");
	doctor->asked++;
	*ret = status ? GAP_NOWHERE : gap_of(target, &mapping);
	if (*ret == GAP_FILE)
		add_file(doctor, mapping.file);
	if (!status && doctor->mapping_count < DOCTOR_MAPPINGS) {
		size_t i = doctor->mapping_count++;
		doctor->mappings[i].start = mapping.start;
		doctor->mappings[i].end = mapping.end;
		doctor->mappings[i].gap = *ret;
	}
	return 0;
}

static bool knows_gap(const struct doctor *doctor, uint64_t addr, enum gap *ret)
{
	for (size_t i = 0; i < doctor->mapping_count; i++) {
		if (addr < doctor->mappings[i].start || addr >= doctor->mappings[i].end)
			continue;
		*ret = doctor->mappings[i].gap;
		return true;
	}
	return false;
}

/* Where an address lies that could not be read. */
static int examine_gap(struct doctor *doctor, uint64_t addr)
{
	enum gap gap = GAP_UNKNOWN;
	int status = 0;
	if (doctor->dbg->target.find_mapping && !knows_gap(doctor, addr, &gap)) {
		gap = GAP_NOT_ASKED;
		if (doctor->asked < LIMIT_MAPPINGS_ASKED)
			status = ask_gap(doctor, addr, &gap);
	}
	if (!status && doctor->gaps[gap].count++ == 0)
		doctor->gaps[gap].first = addr;
	return status;
}

static int find_file(struct doctor *doctor, uint64_t addr, char *ret)
{
	const struct aiodbg_target *target = &doctor->dbg->target;
	struct aiodbg_mapping mapping = {0};
	if (!addr || !target->find_mapping)
		return 0;
	int status = target->find_mapping(target->ctx, addr, &mapping);
	if (status < 0)
		return error_set(&doctor->error, status, "listing memory was refused");
	if (!status)
		memcpy(ret, mapping.file, AIODBG_FILE_MAX);
	return 0;
}

static int examine_files(struct doctor *doctor)
{
	const struct runtime *runtime = &doctor->dbg->runtime;
	int status = find_file(doctor, runtime->addr, doctor->runtime_file);
	if (!status)
		status = find_file(doctor, runtime->asyncio, doctor->asyncio_file);
	if (!status)
		status = session_other_file(&doctor->dbg->target, &doctor->error,
					    &doctor->other_file);
	return status < 0 ? status : 0;
}

/* ---- problems ---- */

static int add_problem(struct doctor *doctor, const struct aiodbg_problem *problem)
{
	causes_add(&doctor->causes, problem, problem->has_address ? problem->address : 0);
	doctor->corrupt_count += problem->code == AIODBG_CORRUPT;
	if (problem->code != AIODBG_FAULT || !problem->has_address)
		return 0;
	return examine_gap(doctor, problem->address);
}

static int add_problems(struct doctor *doctor, const struct aiodbg_problem *problem)
{
	int status = 0;
	for (; !status && problem; problem = problem->next)
		status = add_problem(doctor, problem);
	return status;
}

static int examine_problems(struct reader *reader, struct doctor *doctor)
{
	const struct aiodbg_error *error = &doctor->error;
	const struct aiodbg_snapshot *snap = doctor->snap;
	if (!snap)
		return error->code == AIODBG_FAULT && error->has_address
			       ? examine_gap(doctor, error->address)
			       : 0;
	int status = add_problems(doctor, snap->problems);
	for (size_t i = 0; !status && i < snap->tasks.count; i++) {
		status = work_step(&reader->work);
		if (status)
			doctor->error = reader->error;
		else
			status = add_problems(doctor, snap->tasks.items[i]->problems);
	}
	return status;
}

/* ---- no runtime ---- */

/* Symbols that only others have. */
static const struct {
	const char *symbol, *what;
} others[] = {
	{"rpython_startup_code", "PyPy, which is another implementation of Python"},
	{"Py_GetVersion", "a CPython older than 3.7, or one that does not export _PyRuntime"},
};

static int look_for_others(struct doctor *doctor)
{
	const struct aiodbg_target *target = &doctor->dbg->target;
	uint64_t addr;
	for (size_t i = 0; target->find_symbol && i < sizeof(others) / sizeof(others[0]); i++) {
		const char *name = others[i].symbol;
		int status = target->find_symbol(target->ctx, name, 0, &addr);
		if (status < 0)
			return error_set(&doctor->error, status, "looking for %s was refused",
					 name);
		if (!status) {
			doctor->other = others[i].what;
			return 0;
		}
	}
	return 0;
}

static bool was_named(const struct doctor *doctor)
{
	const struct search *searches = doctor->dbg->runtime.searches;
	return searches[SEARCH_RUNTIME_SECTION].place_count ||
	       searches[SEARCH_RUNTIME_SYMBOL].place_count;
}

/* Names led nowhere: if there is a runtime elsewhere, they are those of other files. */
static int look_elsewhere(struct doctor *doctor)
{
	struct aiodbg_target nameless = doctor->dbg->target;
	struct runtime runtime;
	struct reader reader;
	nameless.find_symbol = NULL;
	nameless.find_section = NULL;
	int status = reader_init(&reader, &nameless, &doctor->dbg->options);
	if (!status)
		status = discover_runtime(&reader, &runtime);
	if (!status) {
		doctor->elsewhere = runtime.addr;
		doctor->elsewhere_version = runtime.version;
	}
	if (error_is_fatal(status))
		doctor->error = reader.error;
	reader_deinit(&reader);
	return error_is_fatal(status) ? status : 0;
}

static int examine_absence(struct doctor *doctor)
{
	return was_named(doctor) ? look_elsewhere(doctor) : look_for_others(doctor);
}

/* ---- conclusions ---- */

__attribute__((format(printf, 2, 3))) static void conclude(struct doctor *doctor, const char *cause,
							   ...)
{
	va_list args;
	if (doctor->conclusion_count == DOCTOR_CONCLUSIONS)
		return;
	struct conclusion *conclusion = &doctor->conclusions[doctor->conclusion_count++];
	va_start(args, cause);
	vsnprintf(conclusion->cause, sizeof(conclusion->cause), cause, args);
	va_end(args);
}

/* About the last one. */
__attribute__((format(printf, 2, 3))) static void advise(struct doctor *doctor, const char *advice,
							 ...)
{
	va_list args;
	struct conclusion *last = &doctor->conclusions[doctor->conclusion_count - 1];
	va_start(args, advice);
	vsnprintf(last->advice, sizeof(last->advice), advice, args);
	va_end(args);
}

#define WRITE_WHOLE_CORES                                                                          \
	"look for room on the disk, `ulimit -c unlimited`, and ProcessSizeMax and "                \
	"ExternalSizeMax in coredump.conf where systemd writes the cores; copy it once more if "   \
	"the copy was cut"
#define WRITE_MORE                                                                                 \
	"before the next crash: `echo 0x3f > /proc/PID/coredump_filter`, which its children "      \
	"inherit"

/* Advise to give the debugger the program's files, and more if it is not "". */
static void advise_files(struct doctor *doctor, const char *more)
{
	const char *how = doctor->dbg->target.giving_files;
	advise(doctor,
	       "give the debugger the files of the machine where it ran, the executable first"
	       "%s%s%s",
	       how ? ": " : "", how ? how : "", more);
}

/* There is nothing to read, or nobody may. */
static bool is_gone(const struct aiodbg_error *error)
{
	return error->code == AIODBG_NO_PROCESS || error->code == AIODBG_DENIED;
}

/* A core that lacks what the debugger could read. */
static void conclude_cut_core(struct doctor *doctor)
{
	if (!doctor->memory.lost)
		return;
	conclude(doctor,
		 "the core is cut off, or the debugger lacks files: %zu of %zu regions cannot be "
		 "read to their end, the first one at 0x%" PRIx64,
		 doctor->memory.lost, doctor->memory.regions, doctor->memory.first_lost);
	advise(doctor, WRITE_WHOLE_CORES);
}

static bool conclude_other_file(struct doctor *doctor)
{
	const struct aiodbg_other_file *other = &doctor->other_file;
	if (!other->file[0])
		return false;
	conclude(doctor,
		 "the debugger has another build of a file than the program that ran: the build id "
		 "of %s is %s, in the core it is %s",
		 other->file, other->file_id[0] ? other->file_id : "none",
		 other->mapped_id[0] ? other->mapped_id : "none");
	advise_files(doctor, "");
	return true;
}

/* CPython is there, but has no interpreter. */
static bool has_no_interpreter(const struct doctor *doctor)
{
	const struct search *searches = doctor->dbg->runtime.searches;
	return doctor->error.code == AIODBG_NOT_FOUND &&
	       (was_named(doctor) || searches[SEARCH_RUNTIME_COOKIE].place_count);
}

static void conclude_no_python(struct doctor *doctor)
{
	bool core = doctor->dbg->target.kind == AIODBG_TARGET_CORE;
	if (doctor->other) {
		conclude(doctor, "this is %s", doctor->other);
		advise(doctor, "aiodbg reads CPython 3.8 and newer");
		return;
	}
	if (core) {
		conclude_cut_core(doctor);
		conclude(doctor, "the program is no CPython; or it is older than 3.13, which is "
				 "found only through its files, and the debugger lacks them");
		advise_files(doctor, "");
		return;
	}
	conclude(doctor, "the program is no CPython, or has not loaded it yet");
	advise(doctor, "if a shell, a supervisor or a container's first process has started "
		       "Python, take the process id of that child: `pstree -p PID`");
}

/* What is then seen in its place is what the files have, from before the start. */
static bool has_no_variables(const struct doctor *doctor)
{
	return doctor->dbg->target.kind == AIODBG_TARGET_CORE && doctor->memory.regions &&
	       doctor->memory.writable_lost == doctor->memory.writable && !doctor->memory.cut;
}

static void conclude_absence(struct doctor *doctor)
{
	const struct aiodbg_error *error = &doctor->error;
	char version[32];
	if (has_no_variables(doctor)) {
		conclude(doctor,
			 "the core was written without the program's own memory%s: it has nothing "
			 "of where variables and objects are",
			 doctor->memory.lost ? ", or is cut off before that" : "");
		advise(doctor, WRITE_MORE);
	} else if (doctor->other_file.is_program) {
		conclude_other_file(doctor);
	} else if (doctor->elsewhere) {
		conclude(doctor,
			 "the debugger has other files than the program was started from: their "
			 "names lead nowhere, but a CPython %s is in memory at 0x%" PRIx64,
			 layout_version_text(doctor->elsewhere_version, version, sizeof(version)),
			 doctor->elsewhere);
		advise_files(doctor, "; or start it without any files");
	} else if (doctor->memory.lost && has_no_interpreter(doctor)) {
		/* What the files have in that place, from before the start. */
		conclude_cut_core(doctor);
	} else if (has_no_interpreter(doctor)) {
		conclude(doctor, "CPython is loaded, but has not started yet, or has ended: tasks "
				 "exist only in between");
		advise(doctor, "let it run on, or stop it earlier");
	} else if (error->code == AIODBG_NOT_FOUND) {
		conclude_no_python(doctor);
	} else if (error->code == AIODBG_UNSUPPORTED) {
		conclude(doctor, "this aiodbg does not know that version of CPython");
		advise(doctor, "use a newer aiodbg for a newer CPython. If the version is one of "
			       "those, the debugger has other files than the program was started "
			       "from, or its memory is damaged");
	} else if (error->code == AIODBG_FAULT && !doctor->memory.lost &&
		   doctor->gaps[GAP_NOWHERE].count) {
		conclude(doctor, "the debugger has other files than the program was started from: "
				 "there is no memory where their names lead");
		advise_files(doctor, "");
	} else if (error->code == AIODBG_CORRUPT) {
		conclude(doctor, "the memory is damaged, or the build of CPython was changed");
		advise(doctor, "report it, with this output and where that Python is from");
	}
}

static void conclude_gaps(struct doctor *doctor)
{
	bool core = doctor->dbg->target.kind == AIODBG_TARGET_CORE;
	if (doctor->gaps[GAP_FILE].count) {
		conclude(doctor,
			 "%zu unreadable addresses, such as 0x%" PRIx64 ", are in %s%s, which %s",
			 doctor->gaps[GAP_FILE].count, doctor->gaps[GAP_FILE].first,
			 doctor->files[0], doctor->file_count > 1 ? " and other files" : "",
			 core ? "the core does not hold and the debugger does not have"
			      : "the debugger cannot read");
		advise_files(doctor, "");
	}
	if (doctor->gaps[GAP_LOST].count && !doctor->memory.lost) {
		conclude(doctor, "the core is damaged or cut off, as at 0x%" PRIx64,
			 doctor->gaps[GAP_LOST].first);
		advise(doctor, WRITE_WHOLE_CORES);
	}
	if (doctor->gaps[GAP_LEFT_OUT].count) {
		conclude(doctor,
			 "the core was written without some of the memory, as at 0x%" PRIx64,
			 doctor->gaps[GAP_LEFT_OUT].first);
		advise(doctor, WRITE_MORE);
	}
}

/* Objects that contradict each other, and pointers to nowhere. */
static void conclude_contradictions(struct doctor *doctor)
{
	size_t count = doctor->corrupt_count + doctor->gaps[GAP_NOWHERE].count;
	if (!doctor->memory.lost)
		count += doctor->gaps[GAP_UNKNOWN].count;
	if (!count)
		return;
	if (doctor->dbg->target.kind == AIODBG_TARGET_CORE) {
		conclude(doctor, "the program has damaged its own memory, or crashed in the "
				 "middle of an update");
		advise(doctor, "what is shown of the other tasks is right; look at the addresses "
			       "below with the debugger");
		return;
	}
	conclude(doctor, "%s in the middle of an update, or its memory is damaged",
		 doctor->dbg->process ? "the program ran on while it was read, or it was"
				      : "the program was stopped");
	advise(doctor, doctor->dbg->process
			       ? "ask again, with a higher --retries"
			       : "let it run for a moment, stop it, and ask again: what is still "
				 "wrong then is damaged");
}

static void conclude_snapshot(struct doctor *doctor)
{
	const struct aiodbg_snapshot *snap = doctor->snap;
	if (snap->borrowed_layout) {
		conclude(doctor,
			 "CPython %u.%u is newer than this aiodbg, and read as if it were "
			 "%s",
			 snap->version >> 24, snap->version >> 16 & 0xff, snap->borrowed_layout);
		advise(doctor, "use a newer aiodbg if something looks wrong");
	}
	if (doctor->causes.count && conclude_other_file(doctor))
		return;
	if (doctor->dbg->runtime.found_by == FOUND_SCAN && doctor->causes.count) {
		conclude(doctor, "the debugger has no files of the program, so CPython was found "
				 "by a search in memory, and what is only in the files is missing");
		advise_files(doctor, "");
	}
	if (!snap->asyncio_loaded) {
		conclude(doctor, "asyncio was never imported, so there are no tasks");
		advise(doctor, "look at another process of the program, if it has several");
	}
}

static void conclude_all(struct doctor *doctor)
{
	/* The error tells the reason and what to do. */
	if (!doctor->dbg || (!doctor->snap && is_gone(&doctor->error)))
		return;
	if (doctor->snap)
		conclude_snapshot(doctor);
	else
		conclude_absence(doctor);
	bool cut = doctor->snap ? doctor->causes.count != 0
				: doctor->error.code != AIODBG_NOT_FOUND && !doctor->elsewhere;
	if (cut)
		conclude_cut_core(doctor);
	conclude_gaps(doctor);
	if (doctor->snap)
		conclude_contradictions(doctor);
	if (!doctor->snap && !doctor->conclusion_count) {
		conclude(doctor, "none that aiodbg knows of");
		advise(doctor, "report it, with this output");
	}
}

/* ---- all of it ---- */

static int examine(struct doctor *doctor)
{
	struct reader reader;
	int status = reader_init(&reader, &doctor->dbg->target, &doctor->dbg->options);
	if (!status)
		status = examine_regions(&reader, doctor);
	if (status)
		doctor->error = reader.error;
	if (!status)
		status = examine_files(doctor);
	if (!status)
		status = examine_problems(&reader, doctor);
	reader_deinit(&reader);
	if (!status && !doctor->snap && !is_gone(&doctor->error))
		status = examine_absence(doctor);
	if (!status || !doctor->dbg->process)
		return status;
	/* What was learned before it ended is worth telling. */
	status = process_check(doctor->dbg->process, status, &doctor->error);
	return is_gone(&doctor->error) ? 0 : status;
}

/* After all else: what it reads is no sign of how the target can be read. */
static int examine_waits(struct doctor *doctor)
{
	static const struct aiodbg_request request = {
		.size = sizeof(request),
		.wants = AIODBG_WANT_WAITS,
	};
	const struct aiodbg_stats stats = doctor->dbg->stats;
	struct aiodbg_error error = {0};
	int status = retry_snapshot(doctor->dbg, &request, NULL, &error, &doctor->waits);
	doctor->dbg->stats = stats;
	if (status == AIODBG_NO_PROCESS || !error_is_fatal(status))
		return 0;
	doctor->error = error;
	return status;
}

int doctor_init(struct doctor *ret, const struct aiodbg_target *target, uint32_t pid,
		const struct aiodbg_options *options, struct aiodbg_error *err)
{
	*ret = (struct doctor){.pid = pid};
	int status = pid ? session_open_process(pid, options, &ret->error, &ret->dbg)
			 : session_open(target, options, &ret->error, &ret->dbg);
	if (!status)
		status = retry_snapshot(ret->dbg, NULL, NULL, &ret->error, &ret->snap);
	/* A process that ended has something to tell, too. */
	if (status == AIODBG_NO_PROCESS || (!error_is_fatal(status) && status != AIODBG_INVALID))
		status = ret->dbg ? examine(ret) : 0;
	if (!status && ret->snap)
		status = examine_waits(ret);
	if (status) {
		if (err)
			*err = ret->error;
		return status;
	}
	conclude_all(ret);
	return 0;
}

void doctor_deinit(struct doctor *doctor)
{
	snapshot_destroy(doctor->snap);
	snapshot_destroy(doctor->waits);
	session_close(doctor->dbg);
}
