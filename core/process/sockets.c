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
static bool write_address(const char *address, unsigned int port, char *ret)
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
	char own[40], address[40];
	unsigned int own_port, port;
	int count = sscanf(line,
			   " %*u: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%x %*x %*x:%" SCNx64
			   " %*x:%*x %*x %*u %*u %" SCNu64,
			   own, &own_port, address, &port, &ret->unread, &ret->inode);
	/* A socket that listens has no peer. */
	return count == 6 && port && ret->inode && write_address(own, own_port, ret->own) &&
	       write_address(address, port, ret->peer);
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

static int compare_addresses(const void *a, const void *b)
{
	const struct socket_peer *x = a, *y = b;
	int order = strcmp(x->own, y->own);
	return order ? order : strcmp(x->peer, y->peer);
}

static void sort(struct sockets *sockets)
{
	const struct socket_peers *peers = &sockets->peers;
	for (size_t i = 0; i < peers->count; i++) {
		if (!array_push(&sockets->by_address, peers->items[i]))
			break;
	}
	if (peers->count)
		qsort(peers->items, peers->count, sizeof(*peers->items), compare);
	if (sockets->by_address.count)
		qsort(sockets->by_address.items, sockets->by_address.count,
		      sizeof(*sockets->by_address.items), compare_addresses);
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
	sort(sockets);
}

static const struct socket_peer *find(struct sockets *sockets, uint32_t pid, int64_t fd)
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
	return bsearch(&wanted, sockets->peers.items, sockets->peers.count,
		       sizeof(*sockets->peers.items), compare);
}

const char *sockets_peer(struct sockets *sockets, uint32_t pid, int64_t fd)
{
	const struct socket_peer *found = find(sockets, pid, fd);
	return found ? found->peer : NULL;
}

bool sockets_unread(struct sockets *sockets, uint32_t pid, int64_t fd, int64_t *ret)
{
	const struct socket_peer *own = find(sockets, pid, fd), *other;
	struct socket_peer wanted;
	if (!own || !sockets->by_address.count)
		return false;
	memcpy(wanted.own, own->peer, sizeof(wanted.own));
	memcpy(wanted.peer, own->own, sizeof(wanted.peer));
	other = bsearch(&wanted, sockets->by_address.items, sockets->by_address.count,
			sizeof(*sockets->by_address.items), compare_addresses);
	if (!other || other->unread > INT64_MAX)
		return false;
	*ret = (int64_t)other->unread;
	return true;
}

bool sockets_own_unread(struct sockets *sockets, uint32_t pid, int64_t fd, int64_t *ret)
{
	const struct socket_peer *own = find(sockets, pid, fd);
	if (!own || own->unread > INT64_MAX)
		return false;
	*ret = (int64_t)own->unread;
	return true;
}

void sockets_deinit(struct sockets *sockets)
{
	array_deinit(&sockets->peers);
	array_deinit(&sockets->by_address);
}
