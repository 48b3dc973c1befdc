/* SPDX-License-Identifier: MIT */
/* A core as a target. See process/core_file.h. */
#include "process/core_file.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/work.h"
#include "process/build_id.h"
#include "process/core_headers.h"
#include "process/core_registers.h"
#include "process/objects.h"
#include "process/proc_file.h"
#include "process/source.h"
#include "process/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that parts of the core are read from: of the mapping of its start; -1 if there is none. */
struct opened {
	const struct mapping *mapping;
	int fd;
};

/* Files that are held open. */
#define OPENED 16

struct aiodbg_core {
	struct core_bytes bytes;
	/* Sorted. */
	struct core_segments segments;
	struct core_notes notes;
	struct objects objects;
	struct opened opened[OPENED];
	size_t next_opened;
	/* "" if there is none. */
	char sysroot[PATH_MAX];
	/* When the core was written, in seconds since 1970. */
	double written;
	struct aiodbg_target target;
	/* Of the caller. */
	struct work work;
};

/* ---- what the core has ---- */

/* Index of the first segment behind addr. */
static size_t segment_behind(const struct aiodbg_core *core, uint64_t addr)
{
	size_t low = 0, high = core->segments.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (core->segments.items[middle].addr > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The segment that addr is in, or NULL; then *end is the start of the next one. */
static const struct core_segment *find_segment(const struct aiodbg_core *core, uint64_t addr,
					       uint64_t *end)
{
	size_t next = segment_behind(core, addr);
	const struct core_segment *found = next ? &core->segments.items[next - 1] : NULL;
	*end = next < core->segments.count ? core->segments.items[next].addr : UINT64_MAX;
	return found && addr - found->addr < found->size ? found : NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Only what the core itself has. */
static int read_core(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct aiodbg_core *core = ctx;
	while (len) {
		uint64_t end;
		const struct core_segment *segment = find_segment(core, addr, &end);
		uint64_t at = segment ? addr - segment->addr : 0;
		if (!segment || at >= segment->file_size)
			return AIODBG_FAULT;
		size_t part = least(len, segment->file_size - at);
		if (!core_bytes_read(&core->bytes, segment->offset + at, buf, part))
			return AIODBG_FAULT;
		addr += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return 0;
}

/* ---- the files that were mapped ---- */

/* GDB, which writes cores as well, names what it has seen from outside of a root folder. */
static bool is_below_sysroot(const struct aiodbg_core *core, const char *path)
{
	size_t len = strlen(core->sysroot);
	return !strncmp(path, core->sysroot, len) && path[len] == '/';
}

/* Where the file should be that is mapped there; false if it has no name any more. */
static bool file_name(const struct aiodbg_core *core, const struct mapping *mapping, char *ret)
{
	const char *folder = is_below_sysroot(core, mapping->path) ? "" : core->sysroot;
	int len = snprintf(ret, PATH_MAX, "%s%s", folder, mapping->path);
	return !mapping_is_deleted(mapping) && len > 0 && len < PATH_MAX;
}

/* The first page of what was mapped, and of a file; false if either is not there. */
struct heads {
	uint8_t mapped[LIMIT_PAGE_SIZE], stored[LIMIT_PAGE_SIZE];
	size_t len;
};

static bool read_heads(struct aiodbg_core *core, const struct mapping *mapping, int fd,
		       struct heads *ret)
{
	ssize_t len = pread(fd, ret->stored, sizeof(ret->stored), 0);
	ret->len = len > 0 ? (size_t)len : 0;
	return len > 0 && !read_core(core, mapping->start, ret->mapped, ret->len) &&
	       elf_ident_word_size(ret->mapped);
}

static int open_file(void *ctx, const struct mapping *mapping, enum source source)
{
	struct aiodbg_core *core = ctx;
	struct heads heads;
	char name[PATH_MAX];
	if (source != SOURCE_ROOT || !file_name(core, mapping, name))
		return -1;
	int fd = proc_file_open_regular(AT_FDCWD, name);
	if (fd < 0)
		return -1;
	if (read_heads(core, mapping, fd, &heads) &&
	    build_id_same(heads.mapped, heads.stored, heads.len))
		return fd;
	close(fd);
	return -1;
}

/* The mapping of the start of the file that is mapped there: a few lines before, in a list of
 * mappings. */
#define MAPPINGS_OF_FILE 64

static const struct mapping *start_of_file(const struct aiodbg_core *core, size_t index)
{
	const struct mapping *mappings = core->notes.maps.mappings.items;
	for (size_t i = 0; i <= index && i < MAPPINGS_OF_FILE; i++) {
		const struct mapping *mapping = &mappings[index - i];
		if (!mapping->offset && !strcmp(mapping->path, mappings[index].path))
			return mapping;
	}
	return NULL;
}

static int open_once(struct aiodbg_core *core, const struct mapping *mapping)
{
	for (size_t i = 0; i < OPENED; i++) {
		if (core->opened[i].mapping == mapping)
			return core->opened[i].fd;
	}
	struct opened *opened = &core->opened[core->next_opened++ % OPENED];
	if (opened->mapping && opened->fd >= 0)
		close(opened->fd);
	opened->mapping = mapping;
	opened->fd = open_file(core, mapping, SOURCE_ROOT);
	return opened->fd;
}

/* From the file that was mapped there. Returns how many bytes, of len, or 0. */
static size_t read_file(struct aiodbg_core *core, uint64_t addr, void *buf, size_t len)
{
	const struct mappings *mappings = &core->notes.maps.mappings;
	size_t index = maps_find(&core->notes.maps, addr);
	if (index == mappings->count || mappings->items[index].start > addr)
		return 0;
	const struct mapping *mapping = &mappings->items[index];
	const struct mapping *start = mapping_is_file(mapping) ? start_of_file(core, index) : NULL;
	int fd = start ? open_once(core, start) : -1;
	uint64_t offset = mapping->offset + (addr - mapping->start);
	if (fd < 0 || offset > INT64_MAX)
		return 0;
	ssize_t got = pread(fd, buf, least(len, mapping->end - addr), (off_t)offset);
	return got > 0 ? (size_t)got : 0;
}

/* ---- callbacks ---- */

/* The next piece: returns its size, or 0 for a fault. */
static size_t read_piece(struct aiodbg_core *core, uint64_t addr, void *buf, size_t len)
{
	uint64_t end;
	const struct core_segment *segment = find_segment(core, addr, &end);
	if (!segment)
		return read_file(core, addr, buf, least(len, end - addr));
	uint64_t at = addr - segment->addr;
	if (at < segment->file_size) {
		size_t part = least(len, segment->file_size - at);
		return core_bytes_read(&core->bytes, segment->offset + at, buf, part) ? part : 0;
	}
	/* Of what could be written to, a file has only the beginning. */
	if (segment->writable)
		return 0;
	return read_file(core, addr, buf, least(len, segment->size - at));
}

static int core_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	while (len) {
		size_t got = read_piece(ctx, addr, buf, len);
		if (!got)
			return AIODBG_FAULT;
		addr += got;
		buf = (char *)buf + got;
		len -= got;
	}
	return 0;
}

static int core_interrupted(void *ctx)
{
	const struct aiodbg_core *core = ctx;
	return core->work.interrupted ? core->work.interrupted(core->work.ctx) : 0;
}

static int check(void *ctx)
{
	int status = core_interrupted(ctx);
	return status > 0 ? -AIODBG_INTERRUPTED : status;
}

static struct objects_owner owner_of(struct aiodbg_core *core)
{
	return (struct objects_owner){
		.ctx = core,
		.word_size = core->target.word_size,
		.byte_order = core->target.byte_order,
		.read = read_core,
		.open = open_file,
		.check = check,
	};
}

static int core_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	struct aiodbg_core *core = ctx;
	const struct objects_owner owner = owner_of(core);
	return objects_find_symbol(&core->objects, &owner, name, index, ret);
}

static int core_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
			     uint64_t *len)
{
	struct aiodbg_core *core = ctx;
	const struct objects_owner owner = owner_of(core);
	return objects_find_section(&core->objects, &owner, name, index, addr, len);
}

/* What the core has. */
static int core_next_region(void *ctx, uint64_t addr, struct aiodbg_region *ret)
{
	const struct aiodbg_core *core = ctx;
	size_t behind = segment_behind(core, addr);
	for (size_t i = behind ? behind - 1 : 0; i < core->segments.count; i++) {
		const struct core_segment *segment = &core->segments.items[i];
		uint64_t end = segment->addr + segment->file_size;
		if (end <= addr || !segment->file_size)
			continue;
		*ret = (struct aiodbg_region){segment->addr, end, segment->writable};
		return 0;
	}
	return AIODBG_NOT_FOUND;
}

static void name_mapping(const struct aiodbg_core *core, struct aiodbg_mapping *ret)
{
	const struct mappings *mappings = &core->notes.maps.mappings;
	size_t index = maps_find(&core->notes.maps, ret->start);
	if (index < mappings->count && mappings->items[index].start < ret->end)
		snprintf(ret->file, sizeof(ret->file), "%s", mappings->items[index].path);
}

static int core_find_mapping(void *ctx, uint64_t addr, struct aiodbg_mapping *ret)
{
	const struct aiodbg_core *core = ctx;
	const struct mappings *mappings = &core->notes.maps.mappings;
	uint64_t end;
	const struct core_segment *segment = find_segment(core, addr, &end);
	if (segment) {
		uint64_t middle = segment->addr + segment->file_size;
		bool is_there = addr < middle;
		*ret = (struct aiodbg_mapping){
			.start = is_there ? segment->addr : middle,
			.end = is_there ? middle : segment->addr + segment->size,
			.has_contents = is_there,
		};
		name_mapping(core, ret);
		return 0;
	}
	/* A core need not have a segment for what was mapped and not written to. */
	size_t index = maps_find(&core->notes.maps, addr);
	if (index == mappings->count || mappings->items[index].start > addr)
		return AIODBG_NOT_FOUND;
	const struct mapping *mapping = &mappings->items[index];
	*ret = (struct aiodbg_mapping){.start = mapping->start, .end = mapping->end};
	snprintf(ret->file, sizeof(ret->file), "%s", mapping->path);
	return 0;
}

static int core_source_line(void *ctx, const char *path, uint32_t line, char *buf, size_t size)
{
	const struct aiodbg_core *core = ctx;
	char name[PATH_MAX];
	int status = AIODBG_NOT_FOUND;
	if (path[0] != '/')
		return status;
	int len = snprintf(name, sizeof(name), "%s%s", core->sysroot, path);
	if (core->sysroot[0] && len > 0 && len < (int)sizeof(name))
		status = source_read_file(AT_FDCWD, name, line, core->written, buf, size);
	if (status == AIODBG_NOT_FOUND)
		status = source_read_file(AT_FDCWD, path, line, core->written, buf, size);
	return status;
}

/* ---- files of another build ---- */

static bool is_program(const struct aiodbg_core *core, const struct mapping *mapping)
{
	static const char library[] = "libpython";
	const char *name = strrchr(mapping->path, '/');
	uint64_t headers = core->notes.program_headers;
	/* They follow the ELF header. */
	return (name && !strncmp(name + 1, library, sizeof(library) - 1)) ||
	       (headers && headers - headers % LIMIT_PAGE_SIZE == mapping->start);
}

static void describe_other(const struct aiodbg_core *core, const struct mapping *mapping,
			   const char *name, const struct heads *heads,
			   struct aiodbg_other_file *ret)
{
	*ret = (struct aiodbg_other_file){.is_program = is_program(core, mapping)};
	snprintf(ret->file, sizeof(ret->file), "%.255s", name);
	build_id_find(heads->mapped, heads->len, ret->mapped_id);
	build_id_find(heads->stored, heads->len, ret->file_id);
}

/* Whether the file in the place of the mapped one is of another build; then ret is filled. */
static bool find_other(struct aiodbg_core *core, const struct mapping *mapping,
		       struct aiodbg_other_file *ret)
{
	struct heads heads;
	char name[PATH_MAX];
	int fd = file_name(core, mapping, name) ? proc_file_open_regular(AT_FDCWD, name) : -1;
	if (fd < 0)
		return false;
	bool found = read_heads(core, mapping, fd, &heads) &&
		     !build_id_same(heads.mapped, heads.stored, heads.len);
	close(fd);
	if (found)
		describe_other(core, mapping, name, &heads, ret);
	return found;
}

static int core_find_other_file(void *ctx, unsigned int index, struct aiodbg_other_file *ret)
{
	struct aiodbg_core *core = ctx;
	/* Those of the program first. */
	for (int others = 0; others <= 1; others++) {
		for (size_t i = 0; i < core->objects.list.count; i++) {
			const struct mapping *mapping = core->objects.list.items[i].mapping;
			if (is_program(core, mapping) == others || open_once(core, mapping) >= 0)
				continue;
			if (find_other(core, mapping, ret) && !index--)
				return 0;
		}
	}
	return AIODBG_NOT_FOUND;
}

static int core_find_syscall(void *ctx, uint64_t tid, struct aiodbg_syscall *ret)
{
	const struct aiodbg_core *core = ctx;
	return core_registers_syscall(&core->notes, &core->bytes, tid, ret);
}

/* ---- opening ---- */

/* What it is instead of a core. */
static int no_core(const char *path, const uint8_t *head, size_t len, struct aiodbg_error *err)
{
	const char *what = "is not a core file: give what the kernel or `gcore` has written";
	if (!len)
		what = "is empty: look for room on the disk where cores are written, and "
		       "`ulimit -c`";
	else if (len >= ELF_IDENT_SIZE && elf_ident_word_size(head))
		what = "is a program or library, and not a core file";
	return error_set(err, AIODBG_UNSUPPORTED, "%.200s %s", path, what);
}

static int check_kind(struct aiodbg_core *core, const char *path, struct aiodbg_error *err)
{
	uint8_t head[ELF_IDENT_SIZE + 4] = {0};
	ssize_t len = pread(core->bytes.fd, head, sizeof(head), 0);
	if (len < 0)
		return error_set(err, AIODBG_IO, "cannot read %.200s: %s", path, strerror(errno));
	struct aiodbg_target *target = &core->target;
	target->word_size = core->bytes.word_size = elf_ident_word_size(head);
	target->byte_order = elf_ident_byte_order(head);
	core->bytes.big_endian = target->byte_order == AIODBG_BIG_ENDIAN;
	core->bytes.machine = (unsigned int)core_bytes_uint(&core->bytes, head + ELF_IDENT_SIZE + 2,
							    2);
	if (len < (ssize_t)sizeof(head) || !target->word_size || !target->byte_order ||
	    core_bytes_uint(&core->bytes, head + ELF_IDENT_SIZE, 2) != ET_CORE)
		return no_core(path, head, (size_t)len, err);
	return 0;
}

/* What is compressed has another file from then on. */
static int unpack(struct aiodbg_core *core, const char *path, struct aiodbg_error *err)
{
	uint8_t head[8];
	int fd;
	ssize_t len = pread(core->bytes.fd, head, sizeof(head), 0);
	if (len <= 0 || !unpack_format(head, (size_t)len))
		return 0;
	int status = unpack_file(core->bytes.fd, path, &core->work, err, &fd);
	if (status)
		return status;
	close(core->bytes.fd);
	core->bytes.fd = fd;
	off_t size = lseek(fd, 0, SEEK_END);
	core->bytes.size = size < 0 ? 0 : (uint64_t)size;
	return 0;
}

static int cannot_read(const char *path, int error, struct aiodbg_error *err)
{
	const char *advice = error == ENOENT   ? ": give the path of a core file, or a process id"
			     : error == EACCES ? ": only its owner and root may"
					       : "";
	return error_set(err, AIODBG_IO, "cannot read %.200s: %s%s", path, strerror(error), advice);
}

static int open_core(struct aiodbg_core *core, const char *path, struct aiodbg_error *err)
{
	struct stat status;
	core->bytes.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (core->bytes.fd < 0 || fstat(core->bytes.fd, &status))
		return cannot_read(path, errno, err);
	if (!S_ISREG(status.st_mode))
		return error_set(err, AIODBG_IO, "%.200s is %s: give a core file", path,
				 S_ISDIR(status.st_mode) ? "a folder" : "not a regular file");
	core->bytes.size = (uint64_t)status.st_size;
	core->written = (double)status.st_mtime;
	int failed = unpack(core, path, err);
	if (!failed)
		failed = check_kind(core, path, err);
	if (failed)
		return failed;
	failed = core_headers_read(&core->bytes, &core->segments, &core->notes);
	if (failed == AIODBG_NO_MEMORY)
		return error_no_memory(err);
	if (failed || !core->segments.count)
		return error_set(err, AIODBG_UNSUPPORTED,
				 "%.200s has no list of segments: the core was cut off at its "
				 "beginning, or is damaged",
				 path);
	core->target.pid = core->notes.pid ? core->notes.pid : core->notes.tid;
	core->target.tid = core->notes.tid;
	return objects_collect(&core->objects, &core->notes.maps, err);
}

int core_file_create(const char *path, const char *sysroot, const struct aiodbg_options *options,
		     struct aiodbg_error *err, struct aiodbg_core **ret)
{
	struct aiodbg_core *core = calloc(1, sizeof(*core));
	if (!core)
		return error_no_memory(err);
	core->bytes.fd = -1;
	if (options) {
		core->work.interrupted = options->interrupted;
		core->work.ctx = options->interrupted_ctx;
	}
	int len = snprintf(core->sysroot, sizeof(core->sysroot), "%s", sysroot ? sysroot : "");
	for (int i = len; i > 0 && i < PATH_MAX && core->sysroot[i - 1] == '/'; i--)
		core->sysroot[i - 1] = '\0';
	core->target = (struct aiodbg_target){
		.size = sizeof(core->target),
		.ctx = core,
		.kind = AIODBG_TARGET_CORE,
		.debugger = "aiodbg",
		.giving_files = "`--sysroot FOLDER`",
		.read = core_read,
		.find_symbol = core_find_symbol,
		.find_section = core_find_section,
		.next_region = core_next_region,
		.interrupted = core_interrupted,
		.source_line = core_source_line,
		.find_mapping = core_find_mapping,
		.find_other_file = core_find_other_file,
		.find_syscall = core_find_syscall,
	};
	int status = len >= (int)sizeof(core->sysroot)
			     ? error_set(err, AIODBG_INVALID, "the name of the sysroot is too long")
			     : open_core(core, path, err);
	if (status) {
		core_file_destroy(core);
		return status;
	}
	*ret = core;
	return 0;
}

void core_file_destroy(struct aiodbg_core *core)
{
	if (!core)
		return;
	for (size_t i = 0; i < OPENED; i++) {
		if (core->opened[i].mapping && core->opened[i].fd >= 0)
			close(core->opened[i].fd);
	}
	objects_deinit(&core->objects);
	core_notes_deinit(&core->notes);
	array_deinit(&core->segments);
	if (core->bytes.fd >= 0)
		close(core->bytes.fd);
	free(core);
}

const struct aiodbg_target *core_file_target(const struct aiodbg_core *core)
{
	return &core->target;
}
