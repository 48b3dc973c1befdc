/* SPDX-License-Identifier: MIT */
/* Tasks that have ended and did what the others of a verdict wait for. */
#ifndef RENDER_ENDED_H
#define RENDER_ENDED_H

#include "render/party.h"

/* Lines that they take. */
size_t ended_lines(const struct verdict *verdict);

void ended_add_columns(struct columns *columns, const struct output *out,
		       const struct aiodbg_snapshot *snap, const struct verdict *verdict);
void ended_write(struct output *out, const struct aiodbg_snapshot *snap,
		 const struct verdict *verdict, const struct columns *columns);

#endif
