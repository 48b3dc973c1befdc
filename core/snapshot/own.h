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

/* Bytes of the folder, with its slash, that both paths are in, of the first max bytes. */
size_t own_common_folder(const char *a, const char *b, size_t max);

#endif
