/* SPDX-License-Identifier: MIT */
/* Verdicts that say the same. See render/alike.h. */
#include "render/alike.h"

#include "render/party.h"
#include "render/reason.h"
#include "snapshot/model.h"

/* Parties that are compared, verdicts that are looked through for one that is alike, and tasks that
 * are named. */
#define PARTIES_COMPARED 16
#define VERDICTS_SEARCHED 64
#define NAMED 5

static bool is_same_wait(const struct party *a, const struct party *b)
{
	if (!a->wait || !b->wait)
		return !a->wait && !b->wait;
	if (a->wait->kind != b->wait->kind || a->wait->blocked != b->wait->blocked ||
	    !party_is_same_site(&a->wait->site, &b->wait->site))
		return false;
	if (a->wait->site.location || !a->task || !b->task)
		return true;
	return a->task->depth && b->task->depth &&
	       a->task->stack[0]->code == b->task->stack[0]->code;
}

/* A thread, a lock that has to be named, or a loop is not like another one. */
static bool is_alike(const struct verdict *a, const struct verdict *b)
{
	if (a->kind != b->kind || a->certainty != b->certainty || a->loop || b->loop ||
	    a->ended_count || b->ended_count || a->has_until != b->has_until || a->unless ||
	    b->unless || !a->party_count || a->party_count != b->party_count ||
	    a->party_count > PARTIES_COMPARED)
		return false;
	for (size_t i = 0; i < a->party_count; i++) {
		const struct party *x = &a->parties[i], *y = &b->parties[i];
		if (!x->task || !y->task || x->held_count != y->held_count || !is_same_wait(x, y) ||
		    !party_is_same_site(&x->caller, &y->caller))
			return false;
	}
	return true;
}

bool alike_is_repeated(const struct verdict_list *list, size_t index)
{
	for (size_t i = 0; i < index && i < VERDICTS_SEARCHED; i++) {
		if (is_alike(&list->items[i], &list->items[index]))
			return true;
	}
	return false;
}

void alike_write(struct output *out, const struct aiodbg_snapshot *snap, size_t index)
{
	const struct verdict_list *list = &snap->verdicts->list;
	size_t count = 0;
	if (index >= VERDICTS_SEARCHED)
		return;
	for (size_t i = index + 1; i < list->count; i++)
		count += is_alike(&list->items[index], &list->items[i]);
	if (!count)
		return;
	output_format(out, "  %zu more like this: ", count);
	size_t named = 0;
	for (size_t i = index + 1; i < list->count && named < NAMED; i++) {
		if (!is_alike(&list->items[index], &list->items[i]))
			continue;
		output_text(out, named++ ? ", " : "");
		reason_write_actor(out, snap, list->items[i].parties[0].task, -1);
	}
	output_text(out, count > named ? ", ... (--top 0)\n" : " (--top 0)\n");
}
