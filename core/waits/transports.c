/* SPDX-License-Identifier: MIT */
/* Waits for files and processes, and what the system knows of these. */
#include "asyncio/transport.h"

#include "base/error.h"
#include "process/backlog.h"
#include "process/syscall.h"
#include "waits/waiting.h"

#include <string.h>

/* Frames next to the innermost that may say which file or process it is about. */
#define FRAMES_ASKED 2

/* The transport does not say, or there is none: the system knows whom a socket is connected to. */
static void ask_for_peer(struct waiting *waiting, struct wait *wait)
{
	uint32_t pid = waiting->decoder->reader.cache.target->local_pid;
	bool is_connected = wait->kind == WAIT_READ || wait->kind == WAIT_WRITE ||
			    wait->kind == WAIT_CONNECT;
	if (!pid || wait->peer || wait->fd < 0 || !is_connected)
		return;
	const char *peer = sockets_peer(&waiting->sockets, pid, wait->fd);
	/* Without memory it is not known. */
	wait->peer = peer ? arena_string(waiting->decoder->arena, peer, strlen(peer)) : NULL;
}

/*
 * What was sent and not taken yet: by the other system, or by whoever reads at the other end, if that is
 * on this machine. A slow reader makes room there long before more can be sent.
 */
static int64_t read_backlog(struct waiting *waiting, uint32_t pid, int64_t fd)
{
	int64_t backlog, unread;
	if (!backlog_read(pid, (uint64_t)fd, &backlog))
		return -1;
	return sockets_unread(&waiting->sockets, pid, fd, &unread) ? backlog + unread : backlog;
}

void transport_use(struct waiting *waiting, const struct transport_facts *facts, struct wait *wait)
{
	static const enum wait_kind kinds[] = {
		[TRANSPORT_NONE] = WAIT_UNKNOWN,    [TRANSPORT_READ] = WAIT_READ,
		[TRANSPORT_WRITE] = WAIT_WRITE,	    [TRANSPORT_ACCEPT] = WAIT_ACCEPT,
		[TRANSPORT_CONNECT] = WAIT_CONNECT, [TRANSPORT_SERVE] = WAIT_SERVE,
		[TRANSPORT_PROCESS] = WAIT_PROCESS,
	};
	uint32_t pid = waiting->decoder->reader.cache.target->local_pid;
	wait->kind = kinds[facts->wait];
	wait->fd = facts->fd;
	wait->pid = facts->pid;
	wait->peer = facts->peer;
	wait->unsent = facts->unsent;
	wait->paused = facts->paused;
	if (pid && facts->wait == TRANSPORT_WRITE && facts->paused && facts->fd >= 0)
		wait->backlog = read_backlog(waiting, pid, facts->fd);
	wait->command = facts->command;
	wait->pipe = facts->pipe;
	wait->transport = facts->transport;
	ask_for_peer(waiting, wait);
	/* Its id is that in its own namespace: the file says whether it is the same one. */
	if (pid && facts->pid > 0 && facts->pipe >= 0)
		wait->child_blocked = syscall_writes_to(pid, (uint64_t)facts->pipe,
							(uint32_t)facts->pid);
	if (pid && facts->pid > 0)
		wait->child_goes_on = syscall_child_goes_on(pid, (uint32_t)facts->pid);
}

static int ask(struct waiting *waiting, struct wait *wait,
	       int (*read)(struct decoder *, const struct frame *, struct transport_facts *))
{
	size_t count = waiting->chain.count;
	for (size_t i = 0; i < FRAMES_ASKED && i < count; i++) {
		struct transport_facts facts;
		int status = read(waiting->decoder, &waiting->chain.items[count - 1 - i].frame,
				  &facts);
		if (error_is_fatal(status))
			return status;
		if (facts.wait == TRANSPORT_NONE)
			continue;
		transport_use(waiting, &facts, wait);
		return 0;
	}
	return 0;
}

int transport_find(struct waiting *waiting, struct wait *wait)
{
	return ask(waiting, wait, transport_wait_read);
}

int transport_find_drain(struct waiting *waiting, struct wait *wait)
{
	return ask(waiting, wait, transport_drain_read);
}
