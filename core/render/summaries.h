/* SPDX-License-Identifier: MIT */
/* The first lines of verdicts about those who wait behind others. */
#ifndef RENDER_SUMMARIES_H
#define RENDER_SUMMARIES_H

#include "base/output.h"
#include "verdicts/verdicts.h"

/* What all parties of a deadlock have some of and want more of, a semaphore or pool; NULL: none such. And
 * what follows their number. */
const struct primitive *summary_shared(const struct verdict *verdict);
void summary_write_shared(struct output *out, const struct primitive *object);

/* EXHAUSTED, CONVOY, WON'T CANCEL. */
void summary_write_crowd(struct output *out, const struct verdict *verdict);

/* The container that the futures are in which all wait for, if there is one name for it; or NULL. */
const struct primitive *summary_container(const struct verdict *verdict);

/* " for futures in self.pending of RpcClient". */
void summary_write_container(struct output *out, const struct verdict *verdict,
			     const struct primitive *container);

/* Whether the line of a crowd says how many wait. */
bool summary_counts_behind(const struct verdict *verdict);

/* LOOP STARVED, LOST WAKE-UP. */
void summary_write_starved(struct output *out, const struct verdict *verdict);
void summary_write_unwoken(struct output *out, const struct verdict *verdict);
void summary_write_stalled(struct output *out, const struct verdict *verdict);

/* What follows who waits: at which queue, and for what. */
void summary_write_unconsumed(struct output *out, const struct verdict *verdict);
void summary_write_unproduced(struct output *out, const struct verdict *verdict);

#endif
