/* SPDX-License-Identifier: MIT */
/* Verdicts as JSON. See render/json_waits.h. */
#include "render/json_put.h"
#include "render/json_waits.h"
#include "render/summaries.h"
#include "render/why.h"

static void put_site(struct json_gen *gen, const struct site *site, const char *what)
{
	json_open_map(gen);
	put_key(gen, "what");
	put_string(gen, what);
	put_key(gen, "function");
	put_string(gen, site->location->function);
	put_key(gen, "file");
	put_string(gen, site->location->code->filename);
	put_key(gen, "line");
	put_integer_or_null(gen, site->line);
	put_key(gen, "text");
	put_string(gen, site->text);
	json_close_map(gen);
}

static void put_tasks(struct json_gen *gen, const struct verdict *verdict)
{
	json_open_array(gen);
	for (size_t i = 0; i < verdict->ended_count; i++)
		put_address(gen, verdict->ended[i]->id);
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct party *party = &verdict->parties[i];
		const struct task *task = party->task ? party->task : party->runs;
		if (task)
			put_address(gen, task->id);
	}
	json_close_array(gen);
}

static void put_threads(struct json_gen *gen, const struct aiodbg_snapshot *snap,
			const struct verdict *verdict)
{
	json_open_array(gen);
	for (size_t i = 0; i < verdict->party_count; i++) {
		if (!verdict->parties[i].task)
			json_put_tid(gen, snap, verdict->parties[i].thread);
	}
	json_close_array(gen);
}

static bool holds(const struct party *party, const struct primitive *object)
{
	for (size_t i = 0; i < party->held_count; i++) {
		if (party->held[i].object == object)
			return true;
	}
	return false;
}

/* Whether the party waits for an object that none before it waits for and nobody here holds. */
static bool is_first_waiter(const struct verdict *verdict, size_t index, bool any_held)
{
	const struct wait *wait = verdict->parties[index].wait;
	if (!wait || !wait->object)
		return false;
	/* Most wait for what the last one does. */
	if (index && verdict->parties[index - 1].wait &&
	    verdict->parties[index - 1].wait->object == wait->object)
		return false;
	/* In a circle the next one holds it: of many that saves going through all. */
	if (holds(&verdict->parties[(index + 1) % verdict->party_count], wait->object))
		return false;
	for (size_t i = 0; any_held && i < verdict->party_count; i++) {
		if (holds(&verdict->parties[i], wait->object))
			return false;
	}
	return true;
}

static const struct primitive *container_of_party(const struct party *party)
{
	return party->wait ? party->wait->kept_in : NULL;
}

/* What the parties hold and wait for. */
static void put_objects(struct json_gen *gen, const struct verdict *verdict)
{
	bool any_held = false;
	for (size_t i = 0; i < verdict->party_count; i++)
		any_held |= verdict->parties[i].held_count != 0;
	json_open_array(gen);
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct party *party = &verdict->parties[i];
		for (size_t k = 0; k < party->held_count; k++)
			put_address(gen, party->held[k].object->addr);
		if (is_first_waiter(verdict, i, any_held))
			put_address(gen, party->wait->object->addr);
		const struct primitive *container = container_of_party(party);
		if (container && (!i || container != container_of_party(party - 1)))
			put_address(gen, container->addr);
	}
	if (verdict->loop)
		put_address(gen, verdict->loop->addr);
	json_close_array(gen);
}

static void put_places(struct json_gen *gen, const struct verdict *verdict)
{
	json_open_array(gen);
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct party *party = &verdict->parties[i];
		if (party->wait && party->wait->site.location)
			put_site(gen, &party->wait->site, "waits");
		if (party->caller.location)
			put_site(gen, &party->caller, "called");
		if (party->worker.location)
			put_site(gen, &party->worker, "runs");
		for (size_t k = 0; k < party->held_count; k++) {
			const struct holder *holder = party->held[k].holder;
			if (holder && holder->site.location)
				put_site(gen, &holder->site, "holds");
		}
	}
	for (size_t i = 0; i < verdict->ended_count; i++) {
		if (verdict->ended[i]->site.location)
			put_site(gen, &verdict->ended[i]->site, "ended");
	}
	if (verdict->filler.location)
		put_site(gen, &verdict->filler, "ready");
	for (size_t i = 0; verdict->loop && i < verdict->loop->site_count; i++)
		put_site(gen, &verdict->loop->sites[i], "runs");
	json_close_array(gen);
}

static void put_ended(struct json_gen *gen, const struct verdict *verdict)
{
	json_open_array(gen);
	for (size_t i = 0; i < verdict->ended_count; i++) {
		const struct ended_task *ended = verdict->ended[i];
		json_open_map(gen);
		put_key(gen, "task");
		put_address(gen, ended->id);
		put_key(gen, "name");
		put_string(gen, ended->name);
		put_key(gen, "exception");
		put_string(gen, ended->text);
		put_key(gen, "cancelled");
		json_bool(gen, ended->is_cancelled);
		put_key(gen, "taken");
		json_bool(gen, !ended->is_unasked);
		json_close_map(gen);
	}
	json_close_array(gen);
}

static void put_evidence(struct json_gen *gen, const struct verdict *verdict)
{
	json_open_array(gen);
	for (size_t i = 0; i < verdict->party_count; i++) {
		const struct wait *wait = verdict->parties[i].wait;
		if (wait && wait->future)
			put_address(gen, wait->future);
	}
	if (verdict->loop && verdict->loop->handle)
		put_address(gen, verdict->loop->handle);
	json_close_array(gen);
}

void json_put_verdict(struct json_gen *gen, const struct aiodbg_snapshot *snap,
		      const struct verdict *verdict, struct output *words)
{
	json_open_map(gen);
	put_key(gen, "kind");
	put_string(gen, verdict_name(verdict->kind));
	put_key(gen, "certainty");
	put_string(gen, certainty_name(verdict->certainty));
	put_key(gen, "summary");
	json_begin_words(words);
	summary_write_all(words, snap, verdict);
	json_put_words(gen, words);
	put_key(gen, "tasks");
	put_tasks(gen, verdict);
	put_key(gen, "threads");
	put_threads(gen, snap, verdict);
	put_key(gen, "objects");
	put_objects(gen, verdict);
	put_key(gen, "places");
	put_places(gen, verdict);
	put_key(gen, "ended");
	put_ended(gen, verdict);
	put_key(gen, "evidence");
	put_evidence(gen, verdict);
	put_key(gen, "behind");
	json_integer(gen, (int64_t)verdict->behind_count);
	put_key(gen, "until");
	put_seconds(gen, verdict->until, verdict->has_until);
	put_key(gen, "unless");
	put_address_or_null(gen, verdict->unless ? verdict->unless->id : 0);
	json_close_map(gen);
}
