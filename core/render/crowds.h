/* SPDX-License-Identifier: MIT */
/* What many wait for, and who has that: below the census, where no verdict says it. */
#ifndef RENDER_CROWDS_H
#define RENDER_CROWDS_H

#include "render/party.h"

/* What verdicts of at least that certainty name is left out. Nothing if there is nothing else. */
void crowds_write(struct output *out, const struct aiodbg_snapshot *snap, enum certainty shown,
		  struct draft *draft);

#endif
