/* SPDX-License-Identifier: MIT */
/* Whom the sockets of a process of this machine are connected to: /proc/PID/net, proc(5). */
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
	char peer[SOCKET_PEER_MAX];
};

ARRAY(socket_peers, struct socket_peer);

/* Those of a process, sorted by inode; all zero before the system was asked. */
struct sockets {
	bool is_read;
	struct socket_peers peers;
};

/* The peer of that file of the process, "127.0.0.1:80"; NULL if it has none, or the system does not
 * tell. Valid until sockets_deinit(). */
const char *sockets_peer(struct sockets *sockets, uint32_t pid, int64_t fd);
void sockets_deinit(struct sockets *sockets);

/* The peer in a line of /proc/PID/net/tcp, tcp6, udp or udp6. False if there is none. */
bool socket_parse(const char *line, struct socket_peer *ret);

#endif
