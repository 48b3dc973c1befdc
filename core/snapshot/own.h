/* SPDX-License-Identifier: MIT */
/*
 * Which frames are the user's own: not those of the standard library, of site-packages or
 * dist-packages, or frozen ones. Decided by the paths that the target knows, not by this machine's.
 */
#ifndef SNAPSHOT_OWN_H
#define SNAPSHOT_OWN_H

#include "base/addrmap.h"
#include "cpython/code.h"
#include "cpython/interp.h"

struct aiodbg_snapshot;
struct waits;

struct own {
	/* Folder of the target's standard library, in the arena; NULL if it is not known. */
	const char *stdlib;
	size_t stdlib_len;
	/* A folder of packages that the program itself is in; NULL: none. */
	const char *program;
	size_t program_len;
	/* More own files, as "PATTERN:PATTERN"; NULL: none. */
	const char *patterns;
	/* The program was run from a file: "<string>" is what a library has made at run time. */
	bool has_file;
	/* All is in that folder, or has no folder in its path: names tell what is of the library. */
	bool is_flat;
	/* By code: 1 for library, 2 for own. */
	struct addrmap known;
};

/* As snapshot/origin.h has found it; and with what users have set, which documents do not depend on. */
void own_of_snapshot(struct own *own, const struct aiodbg_snapshot *snap, bool with_settings);
/* The same from the path of the file of os, which may be NULL, and from patterns. */
void own_begin(struct own *own, const char *os_file, const char *patterns);
/* The program's own file, which may be among packages: what is beside it is its own. */
void own_add_program(struct own *own, const char *main_file);
void own_deinit(struct own *own);

bool own_is(struct own *own, const struct code *code);

/* Whether a path is among the packages that are installed; NULL is not. */
bool own_is_installed(const char *path);

/* The same for the file of a module; NULL is none. */
bool own_is_file(const struct own *own, const char *path);

/* The path below the folder of packages or of the standard library, or the whole path. */
const char *own_short_path(const struct own *own, const char *path);

/* The package that a path is of, and how long its name is: "starlette"; 0 for own files. */
const char *own_package(const struct own *own, const char *path, size_t *len);

/* Bytes of the folder, with its slash, that both paths are in, of the first max bytes. */
size_t own_common_folder(const char *a, const char *b, size_t max);

#endif
