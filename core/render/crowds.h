/* SPDX-License-Identifier: MIT */
/* What many wait for, and who has that: below the census, where there are no verdicts. */
#ifndef RENDER_CROWDS_H
#define RENDER_CROWDS_H

#include "render/party.h"

/* Nothing if there are none. */
void crowds_write(struct output *out, const struct aiodbg_snapshot *snap, struct draft *draft);

#endif
