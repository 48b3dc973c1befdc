/* SPDX-License-Identifier: MIT */
/* Parties of verdicts. See render/party.h. */
#include "render/party.h"

#include "base/ceilings.h"
#include "render/place.h"
#include "render/reason.h"
#include "render/render.h"
#include "view/chains.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a place may be as wide as before it has no part in the columns; and what is said of it:
 * "holds Lock 0x7f3285a0c340". */
#define PLACE_WIDTH 30
/* So much of a line of source is shown in any case. */
#define TEXT_LEAST 30
#define NOTE_WIDTH 25

/* ---- drafts ---- */

void draft_begin(struct draft *draft, const struct output *out)
{
	draft->sink = output_to_memory;
	draft->sink.unicode = out->sink->unicode;
	draft->sink.styled = out->styled;
	output_init(&draft->words, &draft->sink);
}

size_t draft_width(const struct draft *draft)
{
	return output_width(draft->words.buffer, draft->words.used);
}

/* ---- places ---- */

/* A path below the folder that all own files are in. */
static const char *short_path(const struct aiodbg_snapshot *snap, const char *path)
{
	const struct waits *waits = snap->waits;
	size_t len = waits->own_folder_len;
	if (path && len && !strncmp(path, waits->own_folder, len))
		return path + len;
	return path;
}

#define PLACE_MAX (LIMIT_FILE_SHOWN + 32)
#define LINE_MAX_BYTES 1024

static const char *place_of(const struct aiodbg_snapshot *snap, const struct site *site, char *buf)
{
	const char *path = short_path(snap, site->location->code->filename);
	snprintf(buf, PLACE_MAX, "%s:%" PRId32, path ? path : "?", site->line);
	return buf;
}

/* The length of a line without the comment at its end. */
static size_t code_length(const char *line)
{
	char quote = 0;
	size_t len = 0;
	for (size_t i = 0; line[i]; i++) {
		if (!quote && line[i] == '#')
			break;
		if (line[i] == quote)
			quote = 0;
		else if (!quote && (line[i] == '"' || line[i] == '\''))
			quote = line[i];
		if (line[i] != ' ' && line[i] != '\t')
			len = i + 1;
	}
	return len;
}

/* The line's code, or else the name of the function. */
static const char *text_of(const struct site *site, char *buf)
{
	const char *text = site->text ? site->text : site->location->function;
	if (!site->text)
		return text;
	size_t len = code_length(text);
	if (!len || len >= LINE_MAX_BYTES)
		return text;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return buf;
}

void columns_add_site(struct columns *columns, const struct output *out,
		      const struct aiodbg_snapshot *snap, const struct site *site)
{
	char buf[PLACE_MAX], line[LINE_MAX_BYTES];
	if (!site->location)
		return;
	size_t place = output_safe_width(out, place_of(snap, site, buf), LIMIT_FILE_SHOWN);
	size_t text = output_safe_width(out, text_of(site, line), LIMIT_SOURCE_LINE);
	if (place <= PLACE_WIDTH && place > columns->place)
		columns->place = place;
	if (text > columns->text)
		columns->text = text;
}

void columns_add_party(struct columns *columns, const struct output *out,
		       const struct aiodbg_snapshot *snap, const struct party *party)
{
	if (party->wait)
		columns_add_site(columns, out, snap, &party->wait->site);
	columns_add_site(columns, out, snap, &party->caller);
	columns_add_site(columns, out, snap, &party->worker);
	for (size_t i = 0; i < party->held_count; i++) {
		if (party->held[i].holder)
			columns_add_site(columns, out, snap, &party->held[i].holder->site);
	}
}

void party_write_site(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct columns *columns, const struct site *site)
{
	char line[LINE_MAX_BYTES];
	size_t room = SCREEN_WIDTH - NOTE_WIDTH - 6 - columns->place - 4;
	size_t text = columns->text < room ? columns->text : room;
	output_text(out, "      ");
	const char *path = short_path(snap, site->location->code->filename);
	size_t width = output_place(out, path, site->line);
	output_fill(out, ' ', width < columns->place ? columns->place - width : 0);
	output_text(out, "  ");
	const char *code = text_of(site, line);
	width = output_safe_width(out, code, LIMIT_SOURCE_LINE);
	/* The start of a long line is enough to know it by. */
	size_t most = room > TEXT_LEAST ? room : TEXT_LEAST;
	width = output_safe(out, code, width <= most ? LIMIT_SOURCE_LINE : most - 3);
	output_fill(out, ' ', width < text ? text - width : 0);
	output_text(out, "  ");
}

/* Where a library's frame is the innermost, and no own one is below it. */
static void write_library(struct output *out, const struct task *task)
{
	output_text(out, "      no frame of your own, in ");
	output_safe_as(out, AIODBG_ROLE_FUNCTION, task->stack[0]->function, LIMIT_NAME_SHOWN);
	output_text(out, "\n");
}

void party_write_frames(struct output *out, const struct columns *columns, const struct task *task)
{
	for (size_t i = 0; columns->all_frames && task && i < task->depth && !out->status; i++) {
		output_text(out, "          ");
		place_write_line(out, task->stack[i]);
	}
}

/* ---- which come first ---- */

bool party_is_same_site(const struct site *a, const struct site *b)
{
	if (!a->location || !b->location)
		return a->location == b->location;
	return a->line == b->line && a->location->code == b->location->code;
}

unsigned int party_parts(const struct party *party, const struct party *first)
{
	if (party == first || !party->wait || !first->wait ||
	    !party_is_same_site(&party->wait->site, &first->wait->site) ||
	    !party_is_same_site(&party->worker, &first->worker))
		return PARTY_ALL;
	return party_is_same_site(&party->caller, &first->caller) ? PARTY_SITE : PARTY_CALLER;
}

size_t party_find_other(const struct verdict *verdict)
{
	const struct party *first = &verdict->parties[0];
	for (size_t i = 1; i < verdict->party_count && !first->held_count; i++) {
		const struct party *party = &verdict->parties[i];
		if (!party->held_count && party_parts(party, first) != PARTY_SITE)
			return i;
	}
	return 0;
}

const struct party *party_in_order(const struct verdict *verdict, size_t other, size_t i)
{
	if (!i || i > other)
		return &verdict->parties[i];
	return &verdict->parties[i == 1 ? other : i - 1];
}

/* ---- parties ---- */

/* "GET /orders/7". */
static void write_request(struct output *out, const struct task *task)
{
	const char *request = chains_request(task);
	if (!request)
		return;
	output_text(out, "  ");
	output_safe(out, request, LIMIT_NAME_SHOWN);
}

void party_write_name(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct task *task, ptrdiff_t thread, const struct task *runs)
{
	reason_write_actor(out, snap, task, thread);
	if (task) {
		output_text(out, "  ");
		output_id(out, task->id);
		write_request(out, task);
	}
	if (!runs)
		return;
	output_text(out, ", which runs ");
	task_write_name(out, runs, false);
	output_text(out, "  ");
	output_id(out, runs->id);
}

static bool has_site(const struct held *held)
{
	return held->holder && held->holder->site.location;
}

static bool is_in_library(const struct party *party)
{
	/* One that waits for a thread is where that is. */
	return party->task && party->task->depth && party->wait && party->wait->thread < 0 &&
	       !party->wait->site.location;
}

static bool shows_site(const struct party *party, unsigned int parts)
{
	return parts & PARTY_SITE && party->wait && party->wait->site.location;
}

static bool shows_worker(const struct party *party, unsigned int parts)
{
	return parts & PARTY_SITE && party->worker.location;
}

static bool shows_caller(const struct party *party, unsigned int parts)
{
	return parts & PARTY_CALLER && party->caller.location;
}

static bool is_of_thread(const struct party *party, const struct party *thread)
{
	return !party->task != !thread->task && party->task && thread->runs == party->task &&
	       thread->wait && thread->wait->blocked && (!party->wait || !party->wait->blocked);
}

bool party_is_told(const struct verdict *verdict, const struct party *party)
{
	if (!party->task || (party->wait && party->wait->blocked))
		return false;
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (is_of_thread(party, &verdict->parties[i]))
			return true;
	}
	return false;
}

/* What the task has that a thread runs; NULL: none of them is among the parties. */
static const struct party *running_party(const struct verdict *verdict, const struct party *thread)
{
	for (size_t i = 0; thread->runs && i < verdict->party_count; i++) {
		if (is_of_thread(&verdict->parties[i], thread))
			return &verdict->parties[i];
	}
	return NULL;
}

static size_t count_sites(const struct party *party)
{
	size_t lines = 0;
	for (size_t i = 0; party && i < party->held_count; i++)
		lines += has_site(&party->held[i]);
	return lines;
}

size_t party_lines(const struct verdict *verdict, const struct party *party, unsigned int parts)
{
	size_t lines = 1 + (size_t)shows_site(party, parts) + shows_caller(party, parts);
	lines += shows_worker(party, parts) || is_in_library(party);
	lines += count_sites(party);
	return lines + count_sites(running_party(verdict, party));
}

/* Whether the verdict shows all who hold what the party waits for. */
static bool shows_holders(const struct verdict *verdict, const struct party *party)
{
	const struct primitive *object = party->wait->object;
	size_t shown = 0;
	for (size_t i = 0; object && i < verdict->party_count; i++) {
		for (size_t k = 0; k < verdict->parties[i].held_count; k++)
			shown += verdict->parties[i].held[k].object == object;
	}
	return object && shown >= object->holders.count;
}

static void write_head(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct party *party, unsigned int parts)
{
	output_text(out, "  ");
	party_write_name(out, snap, party->task, party->thread, party->runs);
	if (!party->wait || !party->wait->blocked)
		return;
	output_text(out, party->runs ? ",  " : "  ");
	if (reason_needs_verb(party->wait))
		output_text(out, "waits for ");
	reason_write_parts(out, snap, party->wait, parts);
}

/* As much as fits: all of it, else without the place, else without those that follow anyway. */
void party_write_head(struct output *out, const struct aiodbg_snapshot *snap,
		      const struct verdict *verdict, const struct party *party, struct draft *draft)
{
	bool shown = party->wait && shows_holders(verdict, party);
	const unsigned int known = (shown ? REASON_HOLDERS : 0) |
				   (verdict->has_until ? REASON_DEADLINE : 0);
	const unsigned int tries[] = {
		REASON_ALL,
		REASON_ALL & ~REASON_PLACE,
		REASON_ALL & ~(REASON_PLACE | known),
		REASON_ALL & ~(REASON_PLACE | REASON_OWNER | known),
	};
	size_t count = sizeof(tries) / sizeof(tries[0]);
	for (size_t i = 0; i < count; i++) {
		draft_begin(draft, out);
		write_head(&draft->words, snap, party, tries[i]);
		if (draft_width(draft) <= SCREEN_WIDTH || i == count - 1)
			break;
	}
	output_bytes(out, draft->words.buffer, draft->words.used);
	output_text(out, "\n");
}

static const char *note_of(const struct verdict *verdict, const struct party *party)
{
	if (verdict->kind == VERDICT_LOOP_STARVED && !party->task)
		return "has the GIL\n";
	return party->wait->blocked ? "waits here\n" : "is here\n";
}

static void write_held(struct output *out, const struct aiodbg_snapshot *snap,
		       const struct party *party, const struct columns *columns)
{
	for (size_t i = 0; i < party->held_count; i++) {
		const struct held *held = &party->held[i];
		if (!has_site(held))
			continue;
		party_write_site(out, snap, columns, &held->holder->site);
		output_format(out, "holds %s ", held->object->type ? held->object->type : "object");
		output_id(out, held->object->addr);
		output_text(out, "\n");
	}
}

void party_write(struct output *out, const struct aiodbg_snapshot *snap,
		 const struct verdict *verdict, const struct party *party, unsigned int parts,
		 const struct columns *columns, struct draft *draft)
{
	party_write_head(out, snap, verdict, party, draft);
	if (shows_site(party, parts)) {
		party_write_site(out, snap, columns, &party->wait->site);
		output_text(out, note_of(verdict, party));
	} else if (shows_worker(party, parts)) {
		party_write_site(out, snap, columns, &party->worker);
		output_text(out, "the thread is here\n");
	} else if (is_in_library(party)) {
		write_library(out, party->task);
	}
	if (shows_caller(party, parts)) {
		party_write_site(out, snap, columns, &party->caller);
		output_text(out, is_in_library(party) ? "awaits it\n" : "called it\n");
	}
	write_held(out, snap, party, columns);
	if (running_party(verdict, party))
		write_held(out, snap, running_party(verdict, party), columns);
	party_write_frames(out, columns, party->task);
}
