/* SPDX-License-Identifier: MIT */
/*
 * pidtree: print the asyncio tasks of a process, with nothing but libaiodbg.
 *
 *	pidtree PID
 *
 * The sample program of the library: all of what it takes is in main(). Outside of this
 * project it is built with
 *
 *	cc -o pidtree pidtree.c $(pkg-config --cflags --libs aiodbg)
 *
 * The exit status is 0 if there is an answer, 1 if there is an error, 2 for wrong usage.
 */
#include <aiodbg.h>

#include <stdio.h>
#include <stdlib.h>

/* Called with a piece of the tree at a time. */
static int write_text(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct aiodbg_error err;
	struct aiodbg *dbg;
	struct aiodbg_snapshot *snap;
	/* Structs begin with their size, so that they can grow. What is not set is 0. */
	struct aiodbg_options options = {.size = sizeof(options), .retries = 3};
	struct aiodbg_sink sink = {
		.size = sizeof(sink),
		.ctx = stdout,
		.write = write_text,
		.unicode = 1,
	};

	char *end = NULL;
	unsigned long pid = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
	if (!pid || *end || pid > UINT32_MAX) {
		fprintf(stderr, "usage: pidtree PID\n");
		return 2;
	}

	/* Find the CPython runtime of the process. */
	if (aiodbg_open_process((uint32_t)pid, &options, &err, &dbg)) {
		fprintf(stderr, "pidtree: %s\n", err.message);
		return 1;
	}
	/* Decode all its tasks. From here on the process may end, the snapshot stays. */
	int status = aiodbg_snapshot_create(dbg, NULL, &err, &snap);
	aiodbg_close(dbg);
	if (!status) {
		status = aiodbg_render(snap, "tree", NULL, &sink, &err);
		aiodbg_snapshot_destroy(snap);
	}
	if (status) {
		fprintf(stderr, "pidtree: %s\n", err.message);
		return 1;
	}
	return 0;
}
