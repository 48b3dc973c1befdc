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

/*
 * What a chain that ends in this frame waits for, and the number of the file or process, -1 if it
 * is not known. Returns 0, or an error; *ret is right all the same.
 */
int transport_wait_read(struct decoder *decoder, const struct frame *frame,
			enum transport_wait *ret, int64_t *number);

#endif
