/* SPDX-License-Identifier: MIT */
/* Whom the sockets of a process of this machine are connected to, and what is there: /proc/PID/net, proc(5). */
#ifndef PROCESS_SOCKETS_H
#define PROCESS_SOCKETS_H

#include "base/array.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "[", an address of version 6, "]:", a port, and NUL. */
#define SOCKET_PEER_MAX 56

struct socket_peer {
	uint64_t inode;
	/* Its own address, and that of the other end. */
	char own[SOCKET_PEER_MAX], peer[SOCKET_PEER_MAX];
	/* Bytes that have come and that nobody has read yet. */
	uint64_t unread;
};

ARRAY(socket_peers, struct socket_peer);

/* Those of a process's network namespace, sorted by inode, and by their own address and the other one; all
 * zero before the system was asked. */
struct sockets {
	bool is_read;
	struct socket_peers peers, by_address;
};

/* The peer of that file of the process, "127.0.0.1:80"; NULL if it has none, or the system does not
 * tell. Valid until sockets_deinit(). */
const char *sockets_peer(struct sockets *sockets, uint32_t pid, int64_t fd);

/* How much the other end of that file has not read yet. False if it has none, or that is elsewhere. */
bool sockets_unread(struct sockets *sockets, uint32_t pid, int64_t fd, int64_t *ret);

/* How much has come for that file that the process has not read yet. False if that is not known. */
bool sockets_own_unread(struct sockets *sockets, uint32_t pid, int64_t fd, int64_t *ret);

void sockets_deinit(struct sockets *sockets);

/* The socket in a line of /proc/PID/net/tcp, tcp6, udp or udp6. False if there is none. */
bool socket_parse(const char *line, struct socket_peer *ret);

#endif
