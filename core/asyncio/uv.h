/* SPDX-License-Identifier: MIT */
/*
 * Where the structs of libuv have what is read of them, with 64-bit words: they have begun alike in all versions
 * since 1.0 (include/uv.h, include/uv/unix.h).
 */
#ifndef ASYNCIO_UV_H
#define ASYNCIO_UV_H

/* uv_loop_t: its watchers by their files, for how many files there is room, how many have one, and the time
 * of the last poll, in ms; and its size, at most. */
#define UV_WATCHERS 104
#define UV_WATCHER_COUNT 112
#define UV_FILE_COUNT 116
#define UV_TIME 544
#define UV_LOOP_SIZE 848
/* uv__io_t. */
#define UV_EVENTS 40
#define UV_FILE 48
/* The handle that a watcher is part of, and how far before the watcher it may begin. */
#define UV_HANDLE_LOOP 8
#define UV_HANDLE_NEAREST 96
#define UV_HANDLE_FARTHEST 160

#endif
