/* SPDX-License-Identifier: MIT */
/*
 * What reads, writes, accepts, connects or waits for a process: the functions of asyncio at the end
 * of such a chain, and where they keep the file or process. Lib/asyncio/streams.py,
 * Lib/asyncio/selector_events.py, Lib/asyncio/base_events.py, Lib/asyncio/base_subprocess.py.
 */
#ifndef ASYNCIO_TRANSPORT_H
#define ASYNCIO_TRANSPORT_H

#include "cpython/frame.h"

enum transport_wait {
	TRANSPORT_NONE,
	TRANSPORT_READ,
	TRANSPORT_WRITE,
	TRANSPORT_ACCEPT,
	TRANSPORT_CONNECT,
	TRANSPORT_SERVE,
	TRANSPORT_PROCESS,
};

struct transport_facts {
	enum transport_wait wait;
	/* The transport; 0: there is none, or it is not known. */
	uint64_t transport;
	/* The file, the process, and bytes that have not been sent; -1: not known. */
	int64_t fd, pid, unsent;
	/* A file that a process writes to, and that its transport has stopped reading; -1: none. */
	int64_t pipe;
	/* It waits until most of what is unsent has been sent. */
	bool paused;
	/* "127.0.0.1:9999", the path of a socket; the program that the process was started with. */
	const char *peer, *command;
};

/*
 * What a chain that ends in this frame waits for. Returns 0, or an error; ret->wait is right all
 * the same.
 */
int transport_wait_read(struct decoder *decoder, const struct frame *frame,
			struct transport_facts *ret);

/* What a transport is, for a task that waits to read or write through it. One that is not asyncio's
 * has no file. */
int transport_facts_read(struct decoder *decoder, uint64_t transport, enum transport_wait wait,
			 struct transport_facts *ret);

/* The addresses of both ends, "127.0.0.1:9999"; NULL: not known. */
int transport_names_read(struct decoder *decoder, uint64_t transport, const char **own,
			 const char **peer);

/* The same for functions of other projects that wait until something has been sent. */
int transport_drain_read(struct decoder *decoder, const struct frame *frame,
			 struct transport_facts *ret);

#endif
