/* SPDX-License-Identifier: MIT */
/* Waits for files and processes. See asyncio/transport.h. */
#include "asyncio/transport.h"

#include "asyncio/sync.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/object.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STREAMS "asyncio/streams.py"
#define SELECTOR "asyncio/selector_events.py"

static const struct row {
	const char *function, *file;
	enum transport_wait wait;
	/* The variable that has the file's number, or else the one that has the transport, or an object
	 * whose attribute it is. NULL: there is none. */
	const char *fd, *variable, *attribute;
} rows[] = {
	{"StreamReader._wait_for_data", STREAMS, TRANSPORT_READ, NULL, "self", "_transport"},
	{"FlowControlMixin._drain_helper", STREAMS, TRANSPORT_WRITE, NULL, "self", "_transport"},
	{"BaseSelectorEventLoop.sock_recv", SELECTOR, TRANSPORT_READ, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_recv_into", SELECTOR, TRANSPORT_READ, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_recvfrom", SELECTOR, TRANSPORT_READ, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_recvfrom_into", SELECTOR, TRANSPORT_READ, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_sendall", SELECTOR, TRANSPORT_WRITE, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_sendto", SELECTOR, TRANSPORT_WRITE, "fd", NULL, NULL},
	{"BaseSelectorEventLoop.sock_accept", SELECTOR, TRANSPORT_ACCEPT, NULL, NULL, NULL},
	{"BaseSelectorEventLoop.sock_connect", SELECTOR, TRANSPORT_CONNECT, NULL, NULL, NULL},
	{"Server.serve_forever", "asyncio/base_events.py", TRANSPORT_SERVE, NULL, NULL, NULL},
	{"BaseSubprocessTransport._wait", "asyncio/base_subprocess.py", TRANSPORT_PROCESS, NULL,
	 "self", NULL},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *find_row(const struct location *location)
{
	/* Nearly all frames are of other folders. */
	if (!location->code->filename || !strstr(location->code->filename, "asyncio/"))
		return NULL;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (sync_is_at(location, rows[i].function, rows[i].file))
			return &rows[i];
	}
	return NULL;
}

/* An int that is an attribute; *ret stays where it is none. */
static int read_number(struct decoder *decoder, uint64_t value, int64_t *ret)
{
	enum kind kind;
	if (!value)
		return 0;
	int status = object_kind(decoder, value, &kind);
	return status || kind != KIND_INT ? status : int_read(decoder, value, ret);
}

static int read_flag(struct decoder *decoder, uint64_t value, bool *ret)
{
	int64_t number = 0;
	int status = value ? int_read(decoder, value, &number) : 0;
	*ret = !status && number;
	return status;
}

/* ---- peers ---- */

static int read_text(struct decoder *decoder, uint64_t value, const char **ret)
{
	enum kind kind;
	*ret = NULL;
	if (!value)
		return 0;
	int status = object_kind(decoder, value, &kind);
	return status || kind != KIND_STR ? status : str_read(decoder, value, ret);
}

static int read_address(struct decoder *decoder, uint64_t tuple, const char **ret)
{
	uint64_t host = 0, port = 0;
	const char *text = NULL;
	int64_t number = -1;
	char *made;
	int status = tuple_item(decoder, tuple, 0, &host);
	if (!status)
		status = tuple_item(decoder, tuple, 1, &port);
	if (!status)
		status = read_text(decoder, host, &text);
	if (!status)
		status = read_number(decoder, port, &number);
	if (status || !text || number < 0)
		return status;
	size_t size = strlen(text) + sizeof("[]:") + 20;
	status = decoder_alloc(decoder, size, (void **)&made);
	if (status)
		return status;
	snprintf(made, size, strchr(text, ':') ? "[%s]:%" PRId64 : "%s:%" PRId64, text, number);
	*ret = made;
	return 0;
}

/* A tuple of host and port, or a path, which may be empty. */
static int read_peername(struct decoder *decoder, uint64_t value, const char **ret)
{
	enum kind kind = KIND_OTHER;
	*ret = NULL;
	int status = value ? object_kind(decoder, value, &kind) : 0;
	if (!status && kind == KIND_TUPLE)
		return read_address(decoder, value, ret);
	if (!status && kind == KIND_STR)
		status = read_text(decoder, value, ret);
	if (*ret && !**ret)
		*ret = NULL;
	return status;
}

static int read_end(struct decoder *decoder, uint64_t extra, const char *key, const char **ret)
{
	uint64_t value = 0;
	enum kind kind = KIND_OTHER;
	int status = extra ? object_kind(decoder, extra, &kind) : 0;
	if (!status && kind == KIND_DICT)
		status = dict_get(decoder, extra, key, &value);
	return status ? status : read_peername(decoder, value, ret);
}

/* ---- bytes ---- */

/* Bytes in a bytes, bytearray or memoryview; -1 of anything else. */
static int read_size(struct decoder *decoder, uint64_t object, int64_t *ret)
{
	struct reader *reader = &decoder->reader;
	const struct layout *l = decoder->layout;
	const struct type *type;
	uint64_t word;
	*ret = -1;
	int status = object_type(decoder, object, &type);
	if (status)
		return status;
	bool is_view = type->name && !strcmp(type->name, "memoryview");
	if (!is_view && type->kind != KIND_BYTES &&
	    !(type->name && !strcmp(type->name, "bytearray")))
		return 0;
	int32_t offset = is_view ? l->memoryview.length : l->tuple.length;
	status = reader_word(reader, object + (uint64_t)offset, &word);
	if (!status && reader_signed(reader, word) >= 0)
		*ret = reader_signed(reader, word);
	return status;
}

static int add_size(struct decoder *decoder, uint64_t item, void *arg)
{
	int64_t *sum = arg, size;
	int status = read_size(decoder, item, &size);
	if (!status && *sum >= 0 && (size < 0 || __builtin_add_overflow(*sum, size, sum)))
		*sum = -1;
	return status;
}

/* A bytearray up to 3.11, then a deque; 3.15 counts them. */
static int read_unsent(struct decoder *decoder, uint64_t buffer, uint64_t size, int64_t *ret)
{
	enum kind kind;
	if (size)
		return read_number(decoder, size, ret);
	if (!buffer)
		return 0;
	int status = object_kind(decoder, buffer, &kind);
	if (status || kind != KIND_DEQUE)
		return status ? status : read_size(decoder, buffer, ret);
	*ret = 0;
	return sequence_visit(decoder, buffer, add_size, ret);
}

/* ---- transports ---- */

/* What is sent through TLS another transport sends. */
static int find_raw(struct decoder *decoder, uint64_t *transport)
{
	struct attr attr = {.name = "_ssl_protocol"};
	int status = attrs_find(decoder, *transport, &attr, 1);
	if (status || !attr.value)
		return status;
	struct attr inner = {.name = "_transport"};
	status = attrs_find(decoder, attr.value, &inner, 1);
	if (!status && inner.value)
		*transport = inner.value;
	return status;
}

static int read_transport(struct decoder *decoder, uint64_t transport, struct transport_facts *ret)
{
	enum { FD, PIPE, EXTRA, BUFFER, SIZE };
	struct attr attrs[] = {
		{.name = "_sock_fd"}, {.name = "_fileno"},	{.name = "_extra"},
		{.name = "_buffer"},  {.name = "_buffer_size"},
	};
	int status = find_raw(decoder, &transport);
	ret->transport = transport;
	if (!status)
		status = attrs_find(decoder, transport, attrs, 5);
	if (!status)
		status = read_number(decoder, attrs[FD].value, &ret->fd);
	if (!status && ret->fd < 0)
		status = read_number(decoder, attrs[PIPE].value, &ret->fd);
	if (!status)
		status = read_end(decoder, attrs[EXTRA].value, "peername", &ret->peer);
	if (!status && ret->wait == TRANSPORT_WRITE)
		status = read_unsent(decoder, attrs[BUFFER].value, attrs[SIZE].value, &ret->unsent);
	return status;
}

/* ---- processes ---- */

/* One of those that a process was given: is it one that we read and have stopped reading? */
static int visit_pipe(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct transport_facts *facts = arg;
	struct attr pipe = {.name = "pipe"};
	struct attr attrs[] = {{.name = "_paused"}, {.name = "_fileno"}, {.name = "_sock_fd"}};
	bool paused = false;
	(void)key;
	int status = attrs_find(decoder, value, &pipe, 1);
	if (!status && pipe.value)
		status = attrs_find(decoder, pipe.value, attrs, 3);
	if (!status)
		status = read_flag(decoder, attrs[0].value, &paused);
	if (!status && paused)
		status = read_number(decoder, attrs[attrs[1].value ? 1 : 2].value, &facts->pipe);
	return error_is_fatal(status) ? status : 0;
}

static int take_first(struct decoder *decoder, uint64_t item, void *arg)
{
	uint64_t *first = arg;
	(void)decoder;
	if (!*first)
		*first = item;
	return 0;
}

/* What the program is called: the first of its arguments, without the folder. */
static int read_command(struct decoder *decoder, uint64_t popen, const char **ret)
{
	struct attr attr = {.name = "args"};
	uint64_t first = 0;
	enum kind kind = KIND_OTHER;
	int status = attrs_find(decoder, popen, &attr, 1);
	if (!status && attr.value)
		status = object_kind(decoder, attr.value, &kind);
	/* A whole command line may have anything in it. */
	if (!status && (kind == KIND_TUPLE || kind == KIND_LIST))
		status = sequence_visit(decoder, attr.value, take_first, &first);
	if (!status)
		status = read_text(decoder, first, ret);
	const char *slash = !status && *ret ? strrchr(*ret, '/') : NULL;
	if (slash && slash[1])
		*ret = slash + 1;
	return status;
}

static int read_process(struct decoder *decoder, uint64_t transport, struct transport_facts *ret)
{
	struct attr attrs[] = {{.name = "_pid"}, {.name = "_pipes"}, {.name = "_proc"}};
	enum kind kind = KIND_OTHER;
	ret->transport = transport;
	int status = attrs_find(decoder, transport, attrs, 3);
	if (!status)
		status = read_number(decoder, attrs[0].value, &ret->pid);
	if (!status && attrs[1].value)
		status = object_kind(decoder, attrs[1].value, &kind);
	if (!status && kind == KIND_DICT)
		status = dict_visit(decoder, attrs[1].value, visit_pipe, ret);
	if (!status && attrs[2].value)
		status = read_command(decoder, attrs[2].value, &ret->command);
	return status;
}

/* The standard input of a process, among its pipes by their numbers. */
static int visit_input(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct attr pipe = {.name = "pipe"};
	uint64_t *input = arg;
	int64_t number = -1;
	int status = read_number(decoder, key, &number);
	if (!status && number == 0)
		status = attrs_find(decoder, value, &pipe, 1);
	if (!status && number == 0)
		*input = pipe.value;
	return status;
}

/* The protocol of a process has the process for its transport: what is written goes into a pipe. */
static int read_input(struct decoder *decoder, uint64_t process, struct transport_facts *ret)
{
	struct attr attr = {.name = "_pipes"};
	enum kind kind = KIND_OTHER;
	uint64_t input = 0;
	int status = attrs_find(decoder, process, &attr, 1);
	if (!status && attr.value)
		status = object_kind(decoder, attr.value, &kind);
	if (!status && kind == KIND_DICT)
		status = dict_visit(decoder, attr.value, visit_input, &input);
	if (!status && input)
		status = read_process(decoder, process, ret);
	if (!status && input)
		status = read_transport(decoder, input, ret);
	ret->transport = process;
	return status;
}

/* ---- frames ---- */

static struct transport_facts no_facts(enum transport_wait wait)
{
	return (struct transport_facts){
		.wait = wait, .fd = -1, .pid = -1, .unsent = -1, .pipe = -1};
}

int transport_wait_read(struct decoder *decoder, const struct frame *frame,
			struct transport_facts *ret)
{
	const struct row *row = frame->location ? find_row(frame->location) : NULL;
	uint64_t value = 0;
	*ret = no_facts(row ? row->wait : TRANSPORT_NONE);
	if (!row)
		return 0;
	int status = 0;
	if (row->fd)
		status = locals_get(decoder, frame, row->fd, &value);
	if (row->fd && !status)
		return read_number(decoder, value, &ret->fd);
	if (row->variable)
		status = locals_get(decoder, frame, row->variable, &value);
	if (!status && value && row->attribute) {
		struct attr attr = {.name = row->attribute};
		status = attrs_find(decoder, value, &attr, 1);
		value = attr.value;
	}
	if (status || !value)
		return status;
	if (row->wait == TRANSPORT_PROCESS)
		return read_process(decoder, value, ret);
	ret->paused = row->wait == TRANSPORT_WRITE;
	status = read_transport(decoder, value, ret);
	if (!status && ret->paused && ret->fd < 0)
		status = read_input(decoder, value, ret);
	return status;
}

int transport_facts_read(struct decoder *decoder, uint64_t transport, enum transport_wait wait,
			 struct transport_facts *ret)
{
	*ret = no_facts(wait);
	ret->paused = wait == TRANSPORT_WRITE;
	return read_transport(decoder, transport, ret);
}

int transport_names_read(struct decoder *decoder, uint64_t transport, const char **own,
			 const char **peer)
{
	struct attr attr = {.name = "_extra"};
	*own = *peer = NULL;
	int status = find_raw(decoder, &transport);
	if (!status)
		status = attrs_find(decoder, transport, &attr, 1);
	if (!status)
		status = read_end(decoder, attr.value, "sockname", own);
	return status ? status : read_end(decoder, attr.value, "peername", peer);
}

int transport_drain_read(struct decoder *decoder, const struct frame *frame,
			 struct transport_facts *ret)
{
	struct attr attrs[] = {{.name = "transport"}, {.name = "_transport"}};
	uint64_t self = 0;
	*ret = no_facts(TRANSPORT_NONE);
	const char *name = frame->location ? frame->location->code->name : NULL;
	if (!name || !strstr(name, "drain"))
		return 0;
	int status = locals_get(decoder, frame, "self", &self);
	if (!status && self)
		status = attrs_find(decoder, self, attrs, 2);
	uint64_t transport = attrs[0].value ? attrs[0].value : attrs[1].value;
	if (status || !transport)
		return status;
	ret->wait = TRANSPORT_WRITE;
	status = read_transport(decoder, transport, ret);
	/* Else it is something else that has such a name. */
	if (status || ret->fd < 0)
		ret->wait = TRANSPORT_NONE;
	ret->paused = ret->wait == TRANSPORT_WRITE;
	return status;
}
