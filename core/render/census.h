/* SPDX-License-Identifier: MIT */
/* What all tasks wait for, counted: one line for each kind. */
#ifndef RENDER_CENSUS_H
#define RENDER_CENSUS_H

#include "base/output.h"
#include "view/view.h"
#include "waits/waits.h"

struct draft;

/* So many lines at most, the others counted. Nothing if there are no pending tasks. */
void census_write(struct output *out, const struct view *view, struct draft *draft, size_t top);

#endif
