/* SPDX-License-Identifier: MIT */
/* Verdicts in words. */
#ifndef RENDER_WHY_H
#define RENDER_WHY_H

#include "base/output.h"
#include "verdicts/verdicts.h"
#include "view/view.h"

/* Whether the view has it: it names a task that is shown, or none. */
bool why_shows(const struct view *view, const struct verdict *verdict);

#endif
