/* SPDX-License-Identifier: MIT */
/* See render/json_put.h. */
#include "render/json_put.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

void put_string(struct json_gen *gen, const char *text)
{
	if (text)
		json_string(gen, text, strlen(text));
	else
		json_null(gen);
}

void put_address(struct json_gen *gen, uint64_t address)
{
	char text[TEXT_NUMBER_MAX];
	json_string(gen, text, text_hex(address, text));
}

void put_address_or_null(struct json_gen *gen, uint64_t address)
{
	if (address)
		put_address(gen, address);
	else
		json_null(gen);
}

void put_integer_or_null(struct json_gen *gen, int64_t number)
{
	if (number >= 0)
		json_integer(gen, number);
	else
		json_null(gen);
}

void put_seconds(struct json_gen *gen, double seconds, bool known)
{
	if (known && isfinite(seconds))
		json_double(gen, seconds);
	else
		json_null(gen);
}

void put_position(struct json_gen *gen, const char *key, int32_t number)
{
	put_key(gen, key);
	if (number >= 0)
		json_integer(gen, number);
	else
		json_null(gen);
}

static const char *const code_kind_names[] = {
	[AIODBG_FRAME_FUNCTION] = "function",	[AIODBG_FRAME_GENERATOR] = "generator",
	[AIODBG_FRAME_COROUTINE] = "coroutine", [AIODBG_FRAME_ASYNC_GENERATOR] = "async_generator",
	[AIODBG_FRAME_FOREIGN] = "foreign",
};

void put_frame_kind(struct json_gen *gen, enum aiodbg_frame_kind kind)
{
	put_string(gen, code_kind_names[kind]);
}

void put_problems(struct json_gen *gen, const struct aiodbg_problem *problem)
{
	json_open_array(gen);
	for (; problem; problem = problem->next) {
		json_open_map(gen);
		put_key(gen, "address");
		if (problem->has_address)
			put_address(gen, problem->address);
		else
			json_null(gen);
		put_key(gen, "message");
		put_string(gen, problem->message);
		json_close_map(gen);
	}
	json_close_array(gen);
}

void put_python(struct json_gen *gen, const struct aiodbg_snapshot *snap)
{
	char version[32];
	layout_version_text(snap->version, version, sizeof(version));
	json_open_map(gen);
	put_key(gen, "version");
	put_string(gen, version);
	put_key(gen, "hexversion");
	json_integer(gen, snap->version);
	put_key(gen, "free_threaded");
	json_bool(gen, snap->free_threaded);
	put_key(gen, "debug");
	if (snap->debug >= 0)
		json_bool(gen, snap->debug);
	else
		json_null(gen);
	json_close_map(gen);
}

void put_target(struct json_gen *gen, const struct aiodbg_snapshot *snap)
{
	json_open_map(gen);
	put_key(gen, "kind");
	put_string(gen, snap->target_kind == AIODBG_TARGET_CORE ? "core" : "process");
	put_key(gen, "pid");
	if (snap->pid)
		json_integer(gen, snap->pid);
	else
		json_null(gen);
	json_close_map(gen);
}

void json_put_place(struct json_gen *gen, const struct location *location,
		    const char *const *source, const bool *own, const struct local_values *locals)
{
	json_open_map(gen);
	put_key(gen, "function");
	put_string(gen, location->function);
	put_key(gen, "file");
	put_string(gen, location->code->filename);
	put_key(gen, "kind");
	put_frame_kind(gen, location->code->kind);
	put_position(gen, "line", location->position.line);
	put_position(gen, "end_line", location->position.end_line);
	put_position(gen, "column", location->position.column);
	put_position(gen, "end_column", location->position.end_column);
	if (source) {
		put_key(gen, "source");
		put_string(gen, *source);
	}
	if (own) {
		put_key(gen, "own");
		json_bool(gen, *own);
	}
	if (locals) {
		put_key(gen, "locals");
		json_open_map(gen);
		for (size_t i = 0; i < locals->count; i++) {
			json_text_key(gen, locals->items[i].name);
			put_string(gen, locals->items[i].value);
		}
		json_close_map(gen);
	}
	json_close_map(gen);
}
