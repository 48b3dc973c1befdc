/* SPDX-License-Identifier: MIT */
/* A process as a target. See process/process.h. */
#include "process/process.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/work.h"
#include "process/denied.h"
#include "process/family.h"
#include "process/maps.h"
#include "process/objects.h"
#include "process/proc_file.h"
#include "process/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct process {
	uint32_t pid;
	/* /proc/PID, and /proc/PID/mem. */
	int folder, memory;
	struct maps maps;
	struct objects objects;
	/* What the links of that name lead to, empty if that is not known. */
	char exe[PATH_MAX], root[PATH_MAX];
	struct aiodbg_target target;
	/* Of the caller. */
	struct work work;
	/* A read found no memory any more; and the user wanted no more of it. */
	bool gone, stopped;
};

/* What callbacks return then, so that all work ends. process_check() replaces it. */
#define READ_GONE (-AIODBG_NO_PROCESS)
#define STOPPED (-AIODBG_INTERRUPTED)

/* ---- memory ---- */

static int process_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct process *process = ctx;
	ssize_t got;
	if (addr > INT64_MAX)
		return AIODBG_FAULT;
	do {
		got = pread(process->memory, buf, len, (off_t)addr);
	} while (got < 0 && errno == EINTR);
	/* Not even an error is left of memory that nobody uses any more. */
	if (got == 0) {
		process->gone = true;
		return READ_GONE;
	}
	return got == (ssize_t)len ? 0 : AIODBG_FAULT;
}

static int process_next_region(void *ctx, uint64_t addr, struct aiodbg_region *ret)
{
	const struct process *process = ctx;
	const struct mappings *mappings = &process->maps.mappings;
	for (size_t i = maps_find(&process->maps, addr); i < mappings->count; i++) {
		const struct mapping *mapping = &mappings->items[i];
		if (!mapping->readable)
			continue;
		/*
		 * Writable memory is searched for what ELF files have as variables: neither
		 * for what is shared with others, nor where there is no file. That may be
		 * terabytes, which are not there before somebody reads them.
		 */
		bool searched = mapping->writable && !mapping->shared && mapping_is_file(mapping);
		*ret = (struct aiodbg_region){mapping->start, mapping->end, searched};
		return 0;
	}
	return AIODBG_NOT_FOUND;
}

static int process_find_mapping(void *ctx, uint64_t addr, struct aiodbg_mapping *ret)
{
	const struct process *process = ctx;
	const struct mappings *mappings = &process->maps.mappings;
	size_t i = maps_find(&process->maps, addr);
	if (i == mappings->count || mappings->items[i].start > addr)
		return AIODBG_NOT_FOUND;
	const struct mapping *mapping = &mappings->items[i];
	*ret = (struct aiodbg_mapping){mapping->start, mapping->end, mapping->readable, ""};
	snprintf(ret->file, sizeof(ret->file), "%s", mapping->path);
	return 0;
}

static int process_source_line(void *ctx, const char *path, uint32_t line, char *buf, size_t size)
{
	const struct process *process = ctx;
	return source_read_line(process->folder, path, line, family_started(process->pid), buf,
				size);
}

static int process_interrupted(void *ctx)
{
	const struct process *process = ctx;
	return process->work.interrupted ? process->work.interrupted(process->work.ctx) : 0;
}

/* Asks each time: blocks are large. */
static int process_check_interrupt(void *ctx)
{
	struct process *process = ctx;
	int status = work_charge(&process->work, LIMIT_INTERRUPT_INTERVAL);
	process->stopped = status > 0;
	if (status)
		return status < 0 ? status : STOPPED;
	return process->gone ? READ_GONE : 0;
}

/* ---- files ---- */

/* The path below the root folder of the process: the kernel tells it from that of the mount
 * namespace, which a chroot does not change. */
static const char *path_in_root(const struct process *process, const char *path)
{
	size_t len = strlen(process->root);
	return len > 1 && !strncmp(path, process->root, len) && path[len] == '/' ? path + len
										 : path;
}

/* From that source, whatever it is now. */
static int open_source(const struct process *process, const struct mapping *mapping,
		       enum source source)
{
	char name[PATH_MAX];
	int len = 0;
	bool deleted = mapping_is_deleted(mapping);
	switch (source) {
	case SOURCE_MAP_FILES:
		len = snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
			       mapping->end);
		break;
	case SOURCE_EXE:
		if (!strcmp(mapping->path, process->exe))
			len = snprintf(name, sizeof(name), "exe");
		break;
	case SOURCE_ROOT:
		if (!deleted)
			len = snprintf(name, sizeof(name), "root%s",
				       path_in_root(process, mapping->path));
		break;
	case SOURCE_PATH:
		if (!deleted)
			len = snprintf(name, sizeof(name), "%s", mapping->path);
		break;
	default:
		break;
	}
	if (len <= 0 || len >= (int)sizeof(name))
		return -1;
	return proc_file_open_regular(process->folder, name);
}

/* A file may have been replaced by one of the same name. The first page tells, which has the
 * build id. */
static bool is_mapped_file(struct process *process, const struct mapping *mapping, int fd)
{
	uint8_t mapped[LIMIT_PAGE_SIZE], stored[LIMIT_PAGE_SIZE];
	ssize_t len = pread(fd, stored, sizeof(stored), 0);
	return len > 0 && !process_read(process, mapping->start, mapped, (size_t)len) &&
	       !memcmp(mapped, stored, (size_t)len);
}

static int process_open(void *ctx, const struct mapping *mapping, enum source source)
{
	struct process *process = ctx;
	int fd = open_source(process, mapping, source);
	if (fd < 0 || is_mapped_file(process, mapping, fd))
		return fd;
	close(fd);
	return -1;
}

static struct objects_owner owner_of(struct process *process)
{
	return (struct objects_owner){
		.ctx = process,
		.word_size = process->target.word_size,
		.byte_order = process->target.byte_order,
		.read = process_read,
		.open = process_open,
		.check = process_check_interrupt,
	};
}

static int process_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	struct process *process = ctx;
	const struct objects_owner owner = owner_of(process);
	return objects_find_symbol(&process->objects, &owner, name, index, ret);
}

static int process_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
				uint64_t *len)
{
	struct process *process = ctx;
	const struct objects_owner owner = owner_of(process);
	return objects_find_section(&process->objects, &owner, name, index, addr, len);
}

bool process_skipped(const struct process *process, struct aiodbg_error *err)
{
	return objects_skipped(&process->objects, err);
}

/* ---- opening ---- */

static int gone(uint32_t pid, struct aiodbg_error *err)
{
	return error_set(err, AIODBG_NO_PROCESS,
			 "no process %" PRIu32 ": it has ended, or the number is of another PID "
			 "namespace (container): `ps -e` lists those that are here",
			 pid);
}

static int failed(struct process *process, int error, struct aiodbg_error *err)
{
	switch (error) {
	case ENOMEM:
		return error_no_memory(err);
	case ENOENT:
	case ESRCH:
		return gone(process->pid, err);
	case EACCES:
	case EPERM:
		return denied_why(process->folder, process->pid, err);
	default:
		return error_set(err, AIODBG_IO, "process %" PRIu32 ": %s", process->pid,
				 strerror(error));
	}
}

static int open_folder(struct process *process, struct aiodbg_error *err)
{
	char name[32];
	snprintf(name, sizeof(name), "/proc/%" PRIu32, process->pid);
	process->folder = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process->folder >= 0)
		return 0;
	if (errno != ENOENT)
		return failed(process, errno, err);
	if (access("/proc/self", F_OK))
		return error_set(err, AIODBG_NO_PROCESS,
				 "processes cannot be read here: /proc is not mounted");
	if (!kill((pid_t)process->pid, 0) || errno == EPERM)
		return error_set(err, AIODBG_DENIED,
				 "no permission to read process %" PRIu32 ": /proc hides it from "
				 "other users (hidepid): run the debugger as root",
				 process->pid);
	return gone(process->pid, err);
}

/* /proc/PID/stat: the letter of the state, the parent, and the flags, of which one marks the
 * threads of the kernel: PF_KTHREAD in include/linux/sched.h. */
#define KERNEL_THREAD 0x00200000u

static bool parse_stat(const char *text, char *state, uint32_t *parent, uint32_t *flags)
{
	/* The name stands before, in parentheses, and may be anything. */
	const char *end = strrchr(text, ')');
	return end && sscanf(end + 1, " %c %" SCNu32 " %*d %*d %*d %*d %" SCNu32, state, parent,
			     flags) == 3;
}

/* The main thread of a process may end before the others, and has no memory any more. */
static bool open_other_thread(struct process *process)
{
	int tasks = openat(process->folder, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = tasks < 0 ? NULL : fdopendir(tasks);
	struct dirent *entry;
	bool found = false;
	if (!list) {
		if (tasks >= 0)
			close(tasks);
		return false;
	}
	while (!found && (entry = readdir(list))) {
		uint32_t id = (uint32_t)strtoul(entry->d_name, NULL, 10);
		if (!id || id == process->pid)
			continue;
		int folder = openat(tasks, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			continue;
		close(process->folder);
		process->folder = folder;
		process->target.local_pid = id;
		found = true;
	}
	closedir(list);
	return found;
}

static int check_state(struct process *process, struct aiodbg_error *err)
{
	char *text, state = 0;
	uint32_t parent = 0, flags = 0;
	int error = proc_file_read(process->folder, "stat", LIMIT_PROC_FILE, &text);
	if (error)
		return failed(process, error, err);
	bool good = parse_stat(text, &state, &parent, &flags);
	free(text);
	if (good && (flags & KERNEL_THREAD))
		return error_set(err, AIODBG_UNSUPPORTED,
				 "process %" PRIu32 " is a thread of the kernel, not a program",
				 process->pid);
	if (!good || (state != 'Z' && state != 'X') || open_other_thread(process))
		return 0;
	return error_set(err, AIODBG_NO_PROCESS,
			 "process %" PRIu32 " is a zombie: it has ended, its memory is gone, and "
			 "its parent %" PRIu32 " has not noticed yet",
			 process->pid, parent);
}

static void read_link(const struct process *process, const char *name, char *ret, size_t size)
{
	ssize_t len = readlinkat(process->folder, name, ret, size - 1);
	ret[len < 0 ? 0 : len] = '\0';
}

static bool read_ident(const struct process *process, uint8_t *ident)
{
	int fd = proc_file_open_regular(process->folder, "exe");
	if (fd < 0)
		return false;
	ssize_t len = pread(fd, ident, ELF_IDENT_SIZE, 0);
	close(fd);
	return len == ELF_IDENT_SIZE;
}

/* Word size and byte order are those of the executable, or of the first file that is mapped. */
static int find_kind(struct process *process, struct aiodbg_error *err)
{
	struct aiodbg_target *target = &process->target;
	uint8_t ident[ELF_IDENT_SIZE] = {0};
	bool found = read_ident(process, ident);
	for (size_t i = 0; !found && i < process->objects.list.count; i++)
		found = !process_read(process, process->objects.list.items[i].mapping->start, ident,
				      sizeof(ident)) &&
			elf_ident_word_size(ident);
	target->word_size = elf_ident_word_size(ident);
	target->byte_order = elf_ident_byte_order(ident);
	if (found && target->word_size && target->byte_order)
		return 0;
	return error_set(err, AIODBG_NOT_FOUND,
			 "process %" PRIu32 " has no ELF file mapped, so it is no Python program",
			 process->pid);
}

static int open_process(struct process *process, struct aiodbg_error *err)
{
	int status = open_folder(process, err);
	if (!status)
		status = check_state(process, err);
	if (status)
		return status;
	process->memory = openat(process->folder, "mem", O_RDONLY | O_CLOEXEC);
	if (process->memory < 0)
		return failed(process, errno, err);
	int error = maps_read(process->folder, &process->maps);
	if (error)
		return failed(process, error, err);
	read_link(process, "exe", process->exe, sizeof(process->exe));
	read_link(process, "root", process->root, sizeof(process->root));
	status = objects_collect(&process->objects, &process->maps, err);
	if (!status)
		status = find_kind(process, err);
	return process_check(process, status, err);
}

int process_create(uint32_t pid, const struct aiodbg_options *options, struct aiodbg_error *err,
		   struct process **ret)
{
	if (!pid || pid > INT32_MAX)
		return error_set(err, AIODBG_INVALID, "no process has the id %" PRIu32, pid);
	struct process *process = calloc(1, sizeof(*process));
	if (!process)
		return error_no_memory(err);
	process->pid = pid;
	process->folder = process->memory = -1;
	if (options) {
		process->work.interrupted = options->interrupted;
		process->work.ctx = options->interrupted_ctx;
	}
	process->target = (struct aiodbg_target){
		.size = sizeof(process->target),
		.ctx = process,
		.kind = AIODBG_TARGET_PROCESS,
		.pid = pid,
		/* In larger pieces that is faster than /proc/PID/mem, which serves where it is
		 * forbidden, as in some containers. */
		.local_pid = pid,
		.read = process_read,
		.find_symbol = process_find_symbol,
		.find_section = process_find_section,
		.next_region = process_next_region,
		.interrupted = process_interrupted,
		.find_mapping = process_find_mapping,
		.source_line = process_source_line,
	};
	int status = open_process(process, err);
	if (status) {
		process_destroy(process);
		return status;
	}
	*ret = process;
	return 0;
}

void process_destroy(struct process *process)
{
	if (!process)
		return;
	objects_deinit(&process->objects);
	maps_deinit(&process->maps);
	if (process->memory >= 0)
		close(process->memory);
	if (process->folder >= 0)
		close(process->folder);
	free(process);
}

const struct aiodbg_target *process_target(const struct process *process)
{
	return &process->target;
}

int process_check(struct process *process, int status, struct aiodbg_error *err)
{
	uint8_t byte;
	if (status == AIODBG_NO_MEMORY || status == AIODBG_INTERRUPTED)
		return status;
	if (status == STOPPED && process->stopped)
		return error_set(err, AIODBG_INTERRUPTED, "interrupted");
	if (status < 0 && status != READ_GONE)
		return status;
	/* Address 0 is not mapped, which is an error as long as there is any memory. */
	if (!process->gone && pread(process->memory, &byte, 1, 0) != 0)
		return status;
	return error_set(err, AIODBG_NO_PROCESS,
			 "process %" PRIu32 " ended, or started another program, while it was read",
			 process->pid);
}

void process_prefix(const struct process *process, struct aiodbg_error *err)
{
	error_prefix(err, "process %" PRIu32 " (%.100s)", process->pid, process->exe);
}
