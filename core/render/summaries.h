/* SPDX-License-Identifier: MIT */
/* The first lines of verdicts. */
#ifndef RENDER_SUMMARIES_H
#define RENDER_SUMMARIES_H

#include "base/output.h"
#include "verdicts/verdicts.h"

/* What follows the heading of a verdict, without a full stop: what is wrong; and all, with what would end
 * it. */
void summary_write(struct output *out, const struct aiodbg_snapshot *snap,
		   const struct verdict *verdict);
void summary_write_all(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct verdict *verdict);

/* What would end it, if anything: "until T times out, unless S fails". */
bool summary_has_limits(const struct verdict *verdict);
void summary_write_limits(struct output *out, const struct aiodbg_snapshot *snap,
			  const struct verdict *verdict, const char *before);

/* All parties wait for something that another one holds. */
bool summary_waits_for_locks(const struct verdict *verdict);

/* What all parties of a deadlock have some of and want more of, a semaphore or pool; NULL: none such. */
const struct primitive *summary_shared(const struct verdict *verdict);

/* Whether the line of a crowd says how many wait. */
bool summary_counts_behind(const struct verdict *verdict);

#endif
