/* SPDX-License-Identifier: MIT */
/*
 * Trying a layout on a runtime that publishes none (before 3.13): a table fits if walking
 * with it leads to sys.hexversion, and that is the table's version.
 */
#ifndef CPYTHON_PROBE_H
#define CPYTHON_PROBE_H

#include "cpython/discover.h"

/* Stores sys.hexversion as it is found with runtime->layout. */
int probe_version(const struct aiodbg_target *target, const struct aiodbg_options *options,
		  const struct runtime *runtime, struct aiodbg_error *err, uint32_t *ret);

#endif
