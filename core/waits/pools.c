/* SPDX-License-Identifier: MIT */
/*
 * Pools, which give out a number of connections or the like, and tasks that wait for one to come
 * back. Those of known projects, by the functions that wait; others by what they are made of: a
 * queue, condition or future that is waited for where a context manager is entered, or in a function
 * whose name says that it takes something.
 */
#include "waits/waiting.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "snapshot/stacks.h"

#include <string.h>

/* Frames next to the innermost in which such a function may be. */
#define FRAMES_ASKED 8

static const struct row {
	/* The function, and the one that it calls to wait; NULL: it waits itself. */
	const char *function, *file, *inner;
	/* The attribute of the pool, its variable self, that says how much it has; and the class of
	 * what it gives out and what leads to it, where it keeps no list of these. */
	const char *limit, *given_type;
} rows[] = {
	{"BaseConnector._wait_for_available_connection", "aiohttp/connector.py", NULL, "_limit",
	 NULL},
	{"BaseConnector.connect", "aiohttp/connector.py", NULL, "_limit", NULL},
	{"AsyncConnectionPool.handle_async_request", "httpcore/_async/connection_pool.py",
	 "wait_for_connection", "_max_connections", NULL},
	{"QueuePool._do_get", "sqlalchemy/pool/impl.py", "get", NULL, "_ConnectionFairy"},
	{"Pool._acquire.<locals>._acquire_impl", "asyncpg/pool.py", "get", "_maxsize", NULL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* More is as good as none. */
#define LIMIT_OF_POOL 1000000

/* How functions are called that take something which is to be given back. */
static const char *const takes[] = {
	"acquire", "checkout", "check_out", "borrow", "lease",
	"getconn", "get_conn", "take_conn", "rent",
};

/* Methods of the same class that take it back. */
static const char *const takes_back[] = {
	"release", "_release", "checkin", "check_in",	       "give_back",
	"putconn", "put_conn", "free",	  "return_connection", "restore",
};

/* What is called to put something back: by a generator that is a context manager. */
static const char *const given_back[] = {"put", "put_nowait", "append", "notify", "notify_all"};

static const struct row *row_of(const struct location *location, const struct location *inner)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = inner ? inner->code->name : NULL;
		if (rows[i].inner ? !name || strcmp(name, rows[i].inner) != 0 : inner != NULL)
			continue;
		if (sync_is_at(location, rows[i].function, rows[i].file))
			return &rows[i];
		/* Without its qualified name, as of functions that greenlets run up to 3.10. */
		const char *last = strrchr(rows[i].function, '.') + 1;
		if (!location->code->qualname && location->function &&
		    !strcmp(location->function, last) &&
		    sync_is_file(location->code->filename, rows[i].file))
			return &rows[i];
	}
	return NULL;
}

static bool does_take(const struct location *location)
{
	const char *name = location->code->name;
	while (name && *name == '_' && name[1] != '_')
		name++;
	for (size_t i = 0; name && i < COUNT(takes); i++) {
		if (!strncmp(name, takes[i], strlen(takes[i])))
			return true;
	}
	return false;
}

static void use_pool(struct wait *wait, struct primitive *pool)
{
	if (wait->object != pool) {
		if (wait->object)
			wait->object->waiter_count--;
		pool->waiter_count++;
	}
	wait->object = pool;
	wait->kind = WAIT_SEMAPHORE;
	wait->place = 0;
	wait->for_tasks = false;
}

static int read_limit(struct waiting *waiting, const struct row *row, struct primitive *pool)
{
	struct attr attr = {.name = row->limit};
	enum kind kind = KIND_NONE;
	int64_t limit = 0;
	int status = row->limit ? attrs_find(waiting->decoder, pool->addr, &attr, 1) : 0;
	if (!status && attr.value)
		status = object_kind(waiting->decoder, attr.value, &kind);
	if (!status && kind == KIND_INT)
		status = int_read(waiting->decoder, attr.value, &limit);
	pool->kind = PRIMITIVE_SEMAPHORE;
	/* A limit for each host may be less. */
	pool->value = 0;
	pool->bound = !status && limit > 0 && limit < LIMIT_OF_POOL ? limit : 0;
	return error_is_fatal(status) ? status : 0;
}

static int note_pool(struct waiting *waiting, struct primitive *primitive, uint64_t owner,
		     const char *given_type)
{
	const struct pool_found found = {primitive, owner, given_type};
	if (primitive->is_pool)
		return 0;
	primitive->is_pool = true;
	return array_push(&waiting->pools, found) ? 0 : waiting_no_memory(waiting);
}

static int use_row(struct waiting *waiting, const struct row *row, const struct frame *frame,
		   struct wait *wait)
{
	struct primitive *pool = NULL;
	uint64_t addr = 0;
	int status = locals_get(waiting->decoder, frame, "self", &addr);
	if (!status && addr)
		status = primitive_get_unknown(waiting, addr, &pool);
	if (!status && pool && !pool->is_pool)
		status = read_limit(waiting, row, pool);
	if (!status && pool)
		status = note_pool(waiting, pool, addr, row->given_type);
	if (status || !pool)
		return error_is_fatal(status) ? status : 0;
	use_pool(wait, pool);
	return 0;
}

/* An empty queue, or something that has no state, or is of another project. */
static bool may_be_pool(const struct wait *wait)
{
	const struct primitive *object = wait->object;
	if (!object)
		return false;
	/* LifoQueue is derived from Queue. */
	if (wait->kind == WAIT_QUEUE_GET)
		return object->value == 0;
	return !object->derived && (wait->kind == WAIT_CONDITION || wait->kind == WAIT_FUTURE);
}

static int has_method(struct waiting *waiting, uint64_t object, bool *ret)
{
	const struct type *type;
	uint64_t method = 0;
	int status = object ? object_type(waiting->decoder, object, &type) : 0;
	*ret = false;
	for (size_t i = 0; !status && object && !*ret && i < COUNT(takes_back); i++) {
		status = class_attr_find(waiting->decoder, type->addr, takes_back[i], &method);
		*ret = !status && method;
	}
	return error_is_fatal(status) ? status : 0;
}

static int puts_back(struct waiting *waiting, const struct code *code, bool *ret)
{
	int status = 0;
	*ret = false;
	for (size_t i = 0; !status && !*ret && i < COUNT(given_back); i++)
		status = code_mentions(waiting->decoder, code, given_back[i], ret);
	return error_is_fatal(status) ? status : 0;
}

/*
 * Who waits in the function that asyncio's is called by, or that awaits the future. Workers look the
 * same that take jobs from a queue, but they give nothing back.
 */
static int read_own(struct waiting *waiting, size_t index, struct wait *wait)
{
	const struct frame *frame = &waiting->chain.items[index].frame;
	const struct frame *outer = index ? &waiting->chain.items[index - 1].frame : NULL;
	uint64_t self = 0;
	bool is_pool = false;
	/* A generator that a context manager is made of. */
	bool is_manager = outer && outer->location &&
			  sync_is_file(outer->location->code->filename, "contextlib.py");
	if (!may_be_pool(wait) || (!is_manager && !does_take(frame->location)))
		return 0;
	int status = locals_get(waiting->decoder, frame, "self", &self);
	if (!status && is_manager)
		status = puts_back(waiting, frame->location->code, &is_pool);
	else if (!status)
		status = has_method(waiting, self, &is_pool);
	if (!status && is_pool)
		status = note_pool(waiting, wait->object, self, NULL);
	return error_is_fatal(status) ? status : 0;
}

static int read_task(struct waiting *waiting, const struct task *task, struct wait *wait)
{
	const struct location *inner = NULL;
	bool is_outside = false;
	int status = waiting_walk(waiting, task);
	size_t count = waiting->chain.count;
	for (size_t i = 0; !status && i < count && i < FRAMES_ASKED; i++) {
		const struct frame *frame = &waiting->chain.items[count - 1 - i].frame;
		const struct location *location = frame->location;
		if (!location)
			continue;
		const struct row *row = row_of(location, inner);
		if (row)
			return use_row(waiting, row, frame, wait);
		bool is_asyncio = location->code->filename &&
				  strstr(location->code->filename, "/asyncio/");
		if (!is_outside && !is_asyncio) {
			is_outside = true;
			status = read_own(waiting, count - 1 - i, wait);
		}
		inner = location;
	}
	return error_is_fatal(status) ? status : 0;
}

static bool has_row(const struct location *location)
{
	const char *name = location->code->name;
	for (size_t k = 0; name && k < COUNT(rows); k++) {
		if (!strcmp(name, strrchr(rows[k].function, '.') + 1))
			return true;
	}
	return false;
}

static bool has_place(struct waiting *waiting, const struct task *task)
{
	bool has = false;
	for (size_t i = 0; !has && i < task->depth && i < FRAMES_ASKED; i++)
		has = waiting_place_is(waiting, task->stack[i], PLACE_IN_POOL, has_row);
	return has;
}

/* Whether one of the functions above may be among those of the task. */
static bool may_wait(struct waiting *waiting, struct stack_facts *facts, const struct task *task,
		     const struct wait *wait)
{
	struct stack_fact *fact = stack_facts_at(facts, task->stack);
	if (may_be_pool(wait) || !task->depth)
		return may_be_pool(wait);
	if (fact->stack != task->stack)
		*fact = (struct stack_fact){task->stack, has_place(waiting, task)};
	return fact->value;
}

int pools_read(struct waiting *waiting)
{
	const struct tasks *tasks = &waiting->snap->tasks;
	struct stack_facts facts = {0};
	int status = 0;
	for (size_t i = 0; !status && i < tasks->count; i++) {
		struct wait *wait = &waiting->waits->of_tasks[i];
		const struct task *task = tasks->items[i];
		status = work_step(&waiting->decoder->reader.work);
		if (!status && wait->blocked && task->coro && !task->is_copy &&
		    may_wait(waiting, &facts, task, wait))
			status = read_task(waiting, task, wait);
	}
	return status;
}
