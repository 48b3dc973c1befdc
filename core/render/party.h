/* SPDX-License-Identifier: MIT */
/* Tasks and threads, where they wait and what they hold, in lines of a screen. */
#ifndef RENDER_PARTY_H
#define RENDER_PARTY_H

#include "base/output.h"
#include "verdicts/verdicts.h"

/* Columns of a screen; lines of a section, unless somebody asks for more. */
#define SCREEN_WIDTH 80
#define SECTION_LINES 8

/* What is written into memory, to be measured first. */
struct draft {
	struct output words;
	struct aiodbg_sink sink;
};

/* Begin to write into draft->words what is meant for out. */
void draft_begin(struct draft *draft, const struct output *out);

/* The characters that are in it. */
size_t draft_width(const struct draft *draft);

/* How wide the places of a section are, and the texts of their lines. */
struct columns {
	size_t place, text;
	/* All frames of a task are listed below its own ones. */
	bool all_frames;
};

/* Make room for a site, which may have no location, and for all of a party. */
void columns_add_site(struct columns *columns, const struct output *out,
		      const struct aiodbg_snapshot *snap, const struct site *site);
void columns_add_party(struct columns *columns, const struct output *out,
		       const struct aiodbg_snapshot *snap, const struct party *party);

/* The line of a site with its text: what is said of it follows. */
void party_write_site(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct columns *columns, const struct site *site);

/* All frames of a task, innermost first, if the columns say so; task may be NULL. */
void party_write_frames(struct output *out, const struct columns *columns, const struct task *task);

/* "req-4711  0x7f..", or "thread 4711 worker_0, which runs main  0x7f..". */
void party_write_name(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct task *task, ptrdiff_t thread, const struct task *runs);

/* What of a party the ones before it do not show. */
enum party_part {
	PARTY_SITE = 1 << 0,
	PARTY_CALLER = 1 << 1,
	PARTY_ALL = PARTY_SITE | PARTY_CALLER,
};

/* Parts of a party that the verdict's first one does not say of it. */
unsigned int party_parts(const struct party *party, const struct party *first);

/* The first party that waits elsewhere than the first of all, or was called by somebody else; 0: none. */
size_t party_find_other(const struct verdict *verdict);

/* The parties in the order in which they are shown: that other one comes second. */
const struct party *party_in_order(const struct verdict *verdict, size_t other, size_t index);

/* Lines that party_write() writes. */
size_t party_lines(const struct verdict *verdict, const struct party *party, unsigned int parts);

/* Places may be far apart in memory and the same. */
bool party_is_same_site(const struct site *a, const struct site *b);

/* A task that runs in a thread which waits, and is among the parties as well: it is told with that. */
bool party_is_told(const struct verdict *verdict, const struct party *party);

/* Its first line only, in the same way. */
void party_write_head(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct verdict *verdict, const struct party *party,
		      struct draft *draft);

/*
 * A party with what it waits for, where, and what it holds. Who holds what it waits for is left
 * out if the verdict shows that, and the line would get too long.
 */
void party_write(struct output *out, const struct aiodbg_snapshot *snap,
		 const struct verdict *verdict, const struct party *party, unsigned int parts,
		 const struct columns *columns, struct draft *draft);

#endif
