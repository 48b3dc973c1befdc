/* SPDX-License-Identifier: MIT */
/* Why one task does not go on, or what is known of an object. */
#ifndef RENDER_CHAIN_H
#define RENDER_CHAIN_H

#include "base/output.h"
#include "view/view.h"
#include "waits/chain.h"

/* The snapshot's chain, from the link with that index on; of each list so many lines at most. */
void chain_write_links(struct output *out, const struct view *view, size_t first, size_t top);

/* What the snapshot's subject is, and why it does not go on. */
int chain_write(struct output *out, const struct view *view, size_t top);

#endif
