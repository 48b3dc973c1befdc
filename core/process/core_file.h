/* SPDX-License-Identifier: MIT */
/*
 * An ELF core as a target, from nothing but the file: no debugger.
 *
 * What it has is read from it; of what it lacks, and nothing could write to, the files that were
 * mapped, if they are on this machine. Such a file is accepted by its build id only. The core is
 * read in pieces and never mapped, since a file that shrinks meanwhile would end our process; so
 * it may be of any size. Nothing in it is trusted.
 */
#ifndef PROCESS_CORE_FILE_H
#define PROCESS_CORE_FILE_H

#include "aiodbg.h"

/*
 * sysroot is the folder below which the files of the machine are where it was written; NULL: on
 * this one. Source files are looked for on this one, too. Of options, which may be NULL, interrupted counts. Errors: AIODBG_IO for a file that
 * cannot be read, AIODBG_UNSUPPORTED for one that is no core, AIODBG_NO_MEMORY.
 */
int core_file_create(const char *path, const char *sysroot, const struct aiodbg_options *options,
		     struct aiodbg_error *err, struct aiodbg_core **ret);
void core_file_destroy(struct aiodbg_core *core);

/* Valid as long as the core. */
const struct aiodbg_target *core_file_target(const struct aiodbg_core *core);

#endif
