/* SPDX-License-Identifier: MIT */
/*
 * The files that libuv watches. What is found there must agree with itself, each watcher with its file and
 * their number, or nothing is known.
 */
#include "asyncio/native_loop.h"
#include "asyncio/uv.h"
#include "base/error.h"
#include "loops/detailing.h"

/* poll(2) */
#define EVENT_READ 1
#define EVENT_WRITE 4
/* Numbers of files that a loop may have room for. */
#define FILES_MAX (1u << 20)

static int read_number(struct reader *reader, uint64_t addr, uint32_t *ret)
{
	uint8_t bytes[sizeof(*ret)];
	int status = reader_read(reader, addr, bytes, sizeof(bytes));
	*ret = status ? 0 : (uint32_t)reader_decode_uint(reader, bytes, sizeof(bytes));
	return status;
}

/* The object that the handle is for, by what it points back at: a word of the handle before the watcher
 * is the loop, and the first of all the object. */
static int read_owner(struct decoder *decoder, uint64_t uv, uint64_t watcher, const char **ret)
{
	struct reader *reader = &decoder->reader;
	for (uint64_t back = UV_HANDLE_NEAREST; back <= UV_HANDLE_FARTHEST; back += 8) {
		const struct type *type = NULL;
		uint64_t word = 0, object;
		int status = reader_word(reader, watcher - back + UV_HANDLE_LOOP, &word);
		if (!status && word == uv)
			status = object_guess_word(decoder, watcher - back, &object, &type);
		if (error_is_fatal(status))
			return status;
		if (status || !type)
			continue;
		*ret = type->name;
		return 0;
	}
	return 0;
}

static int read_watcher(struct decoder *decoder, uint64_t uv, uint64_t addr, uint32_t fd,
			struct loop_watchers *watchers)
{
	struct loop_watcher watcher = {.fd = fd};
	uint32_t number, events;
	int status = read_number(&decoder->reader, addr + UV_FILE, &number);
	if (!status)
		status = read_number(&decoder->reader, addr + UV_EVENTS, &events);
	if (!status && number != fd)
		return reader_corrupt(&decoder->reader, addr, "watcher of another file");
	if (status)
		return status;
	watchers->count_of_all++;
	if (addr >= uv && addr - uv < UV_LOOP_SIZE)
		return 0;
	watcher.reads = events & EVENT_READ;
	watcher.writes = events & EVENT_WRITE;
	status = read_owner(decoder, uv, addr, &watcher.owner);
	if (status)
		return status;
	return array_push(&watchers->found, watcher) ? 0 : decoder_no_memory(decoder);
}

static int read_all(struct decoder *decoder, uint64_t uv, struct loop_watchers *watchers)
{
	struct reader *reader = &decoder->reader;
	uint32_t count = 0, files = 0;
	uint64_t table = 0;
	int status = reader_word(reader, uv + UV_WATCHERS, &table);
	if (!status)
		status = read_number(reader, uv + UV_WATCHER_COUNT, &count);
	if (!status)
		status = read_number(reader, uv + UV_FILE_COUNT, &files);
	if (!status && (!table || count > FILES_MAX || files > count))
		return 0;
	for (uint32_t fd = 0; !status && fd < count; fd++) {
		uint64_t addr = 0;
		status = work_step(&reader->work);
		if (!status)
			status = reader_word(reader, table + (uint64_t)fd * 8, &addr);
		if (!status && addr)
			status = read_watcher(decoder, uv, addr, fd, watchers);
	}
	watchers->is_known = !status && watchers->count_of_all == files;
	return status;
}

int loop_watchers_read(struct decoder *decoder, uint64_t loop, struct loop_watchers *ret)
{
	uint64_t uv = 0;
	*ret = (struct loop_watchers){0};
	/* That of 32 bits was never seen. */
	if (decoder->reader.word_size != 8)
		return 0;
	int status = native_loop_find_uv(&decoder->reader, loop, &uv);
	if (!status && uv)
		status = read_all(decoder, uv, ret);
	if (!ret->is_known)
		array_deinit(&ret->found);
	return error_is_fatal(status) ? status : 0;
}
