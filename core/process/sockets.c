/* SPDX-License-Identifier: MIT */
/* See process/sockets.h. */
#include "process/sockets.h"

#include "base/ceilings.h"
#include "process/proc_file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Words of an address, as the kernel has them in memory, and the port. */
static bool write_peer(const char *address, unsigned int port, char *ret)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t words[4];
	size_t count = strlen(address) / 8;
	if ((count != 1 && count != 4) || strlen(address) % 8)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (sscanf(address + 8 * i, "%8" SCNx32, &words[i]) != 1)
			return false;
	}
	/* An address of version 4 in one of version 6. */
	bool is_mapped = count == 4 && !words[0] && !words[1] && words[2] == htonl(0xffff);
	bool is_four = count == 1 || is_mapped;
	if (!inet_ntop(is_four ? AF_INET : AF_INET6, is_mapped ? &words[3] : words, text,
		       sizeof(text)))
		return false;
	snprintf(ret, SOCKET_PEER_MAX, is_four ? "%s:%u" : "[%s]:%u", text, port);
	return true;
}

bool socket_parse(const char *line, struct socket_peer *ret)
{
	char address[40];
	unsigned int port;
	int count = sscanf(line,
			   " %*u: %*[0-9A-Fa-f]:%*x %32[0-9A-Fa-f]:%x %*x %*x:%*x %*x:%*x %*x "
			   "%*u %*u %" SCNu64,
			   address, &port, &ret->inode);
	/* A socket that listens has no peer. */
	return count == 3 && port && ret->inode && write_peer(address, port, ret->peer);
}

static void read_file(int folder, const char *name, struct sockets *sockets)
{
	char *text;
	if (proc_file_read(folder, name, LIMIT_NET_FILE, &text))
		return;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		struct socket_peer peer;
		line += *line == '\n';
		if (socket_parse(line, &peer) && !array_push(&sockets->peers, peer))
			break;
	}
	free(text);
}

static int compare(const void *a, const void *b)
{
	const struct socket_peer *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static void read_all(struct sockets *sockets, uint32_t pid)
{
	static const char *const names[] = {"tcp", "tcp6", "udp", "udp6"};
	char path[64];
	sockets->is_read = true;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/net", pid);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		read_file(folder, names[i], sockets);
	close(folder);
	if (sockets->peers.count)
		qsort(sockets->peers.items, sockets->peers.count, sizeof(*sockets->peers.items),
		      compare);
}

const char *sockets_peer(struct sockets *sockets, uint32_t pid, int64_t fd)
{
	char path[64], name[64];
	struct socket_peer wanted;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRId64, pid, fd);
	ssize_t len = readlink(path, name, sizeof(name) - 1);
	name[len < 0 ? 0 : len] = '\0';
	if (sscanf(name, "socket:[%" SCNu64 "]", &wanted.inode) != 1)
		return NULL;
	if (!sockets->is_read)
		read_all(sockets, pid);
	if (!sockets->peers.count)
		return NULL;
	const struct socket_peer *found = bsearch(&wanted, sockets->peers.items,
						  sockets->peers.count,
						  sizeof(*sockets->peers.items), compare);
	return found ? found->peer : NULL;
}

void sockets_deinit(struct sockets *sockets)
{
	array_deinit(&sockets->peers);
}
