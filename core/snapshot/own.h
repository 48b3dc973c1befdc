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
	/* By code: 1 for library, 2 for own. */
	struct addrmap known;
};

/* interp may be NULL: then the standard library is not known. */
int own_init(struct own *own, struct decoder *decoder, const struct interp *interp);
void own_deinit(struct own *own);

bool own_is(struct own *own, const struct code *code);

/* The path below the folder of packages or of the standard library, or the whole path. */
const char *own_short_path(const struct own *own, const char *path);

/* Set waits.own_folder: the longest folder that all sites of waiting tasks are in. */
void own_find_folder(const struct aiodbg_snapshot *snap, struct waits *waits);

#endif
