/* SPDX-License-Identifier: MIT */
/* Waits for files and processes. See asyncio/transport.h. */
#include "asyncio/transport.h"

#include "asyncio/sync.h"
#include "cpython/attr.h"
#include "cpython/int.h"
#include "cpython/locals.h"
#include "cpython/object.h"

#include <string.h>

#define STREAMS "asyncio/streams.py"
#define SELECTOR "asyncio/selector_events.py"

static const struct row {
	const char *function, *file;
	enum transport_wait wait;
	/* A variable, and attributes from there on to the number; NULL ends them. */
	const char *variable, *attributes[2];
} rows[] = {
	{"StreamReader._wait_for_data",
	 STREAMS,
	 TRANSPORT_READ,
	 "self",
	 {"_transport", "_sock_fd"}},
	{"FlowControlMixin._drain_helper",
	 STREAMS,
	 TRANSPORT_WRITE,
	 "self",
	 {"_transport", "_sock_fd"}},
	{"BaseSelectorEventLoop.sock_recv", SELECTOR, TRANSPORT_READ, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_recv_into", SELECTOR, TRANSPORT_READ, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_recvfrom", SELECTOR, TRANSPORT_READ, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_recvfrom_into", SELECTOR, TRANSPORT_READ, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_sendall", SELECTOR, TRANSPORT_WRITE, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_sendto", SELECTOR, TRANSPORT_WRITE, "fd", {NULL}},
	{"BaseSelectorEventLoop.sock_accept", SELECTOR, TRANSPORT_ACCEPT, NULL, {NULL}},
	{"BaseSelectorEventLoop.sock_connect", SELECTOR, TRANSPORT_CONNECT, NULL, {NULL}},
	{"Server.serve_forever", "asyncio/base_events.py", TRANSPORT_SERVE, NULL, {NULL}},
	{"BaseSubprocessTransport._wait",
	 "asyncio/base_subprocess.py",
	 TRANSPORT_PROCESS,
	 "self",
	 {"_pid", NULL}},
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

int transport_wait_read(struct decoder *decoder, const struct frame *frame,
			enum transport_wait *ret, int64_t *number)
{
	const struct row *row = frame->location ? find_row(frame->location) : NULL;
	uint64_t value = 0;
	enum kind kind;
	*ret = row ? row->wait : TRANSPORT_NONE;
	*number = -1;
	if (!row || !row->variable)
		return 0;
	int status = locals_get(decoder, frame, row->variable, &value);
	for (size_t i = 0; !status && value && i < 2 && row->attributes[i]; i++) {
		struct attr attr = {.name = row->attributes[i]};
		status = attrs_find(decoder, value, &attr, 1);
		value = attr.value;
	}
	if (status || !value)
		return status;
	status = object_kind(decoder, value, &kind);
	return status || kind != KIND_INT ? status : int_read(decoder, value, number);
}
