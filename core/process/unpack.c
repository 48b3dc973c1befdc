/* SPDX-License-Identifier: MIT */
/* Unpacking cores. See process/unpack.h. */
#include "process/unpack.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4frame.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

struct unpacker {
	int from, to;
	struct work *work;
	struct aiodbg_error *err;
	const char *path;
	/* How large the other file is so far, how much of it is no hole, and how much may be. */
	uint64_t size, stored, limit;
	/* What was read; 0 bytes at the end. */
	size_t len;
	uint8_t in[1 << 16], out[1 << 18];
};

/* The next piece of the compressed file. */
static int read_piece(struct unpacker *unpacker)
{
	ssize_t got;
	int status = work_charge(unpacker->work, LIMIT_INTERRUPT_INTERVAL);
	if (status)
		return status < 0 ? status : AIODBG_INTERRUPTED;
	do {
		got = read(unpacker->from, unpacker->in, sizeof(unpacker->in));
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(unpacker->err, AIODBG_IO, "cannot read %.200s: %s", unpacker->path,
				 strerror(errno));
	unpacker->len = (size_t)got;
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

/* Writes a piece that ends with a page at the latest, if it is no hole. */
static int store(struct unpacker *unpacker, const uint8_t *bytes, size_t len)
{
	bool is_hole = is_zero(bytes, len);
	unpacker->stored += is_hole ? 0 : len;
	if (unpacker->stored > unpacker->limit || unpacker->size > LIMIT_UNPACKED_SIZE)
		return error_set(unpacker->err, AIODBG_TOO_MUCH,
				 "%.200s is larger than what is unpacked: unpack it by yourself",
				 unpacker->path);
	errno = 0;
	if (is_hole || pwrite(unpacker->to, bytes, len, (off_t)unpacker->size) == (ssize_t)len)
		return 0;
	return error_set(unpacker->err, AIODBG_IO,
			 "cannot unpack %.200s: %s: set TMPDIR to a folder with more room",
			 unpacker->path, strerror(errno ? errno : ENOSPC));
}

/* The first len bytes of out are what comes next. */
static int take(struct unpacker *unpacker, size_t len)
{
	int status = 0;
	for (size_t at = 0; !status && at < len;) {
		size_t room = LIMIT_PAGE_SIZE - unpacker->size % LIMIT_PAGE_SIZE;
		size_t part = len - at < room ? len - at : room;
		status = store(unpacker, unpacker->out + at, part);
		unpacker->size += part;
		at += part;
	}
	return status;
}

/* ---- formats: each returns AIODBG_CORRUPT for what is damaged ---- */

#ifdef HAVE_ZSTD
static int run_zstd(struct unpacker *unpacker)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	int status = stream ? read_piece(unpacker) : AIODBG_NO_MEMORY;
	while (!status && unpacker->len) {
		ZSTD_inBuffer in = {unpacker->in, unpacker->len, 0};
		ZSTD_outBuffer out = {unpacker->out, sizeof(unpacker->out), 0};
		/* What did not fit is still there when all was taken in. */
		for (bool more = true; !status && more;
		     more = in.pos < in.size || out.pos == out.size) {
			out.pos = 0;
			if (ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)))
				status = AIODBG_CORRUPT;
			else
				status = take(unpacker, out.pos);
		}
		if (!status)
			status = read_piece(unpacker);
	}
	ZSTD_freeDStream(stream);
	return status;
}
#endif

#ifdef HAVE_LZ4
static int run_lz4(struct unpacker *unpacker)
{
	LZ4F_dctx *stream = NULL;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&stream, LZ4F_VERSION)))
		return AIODBG_NO_MEMORY;
	int status = read_piece(unpacker);
	while (!status && unpacker->len) {
		size_t at = 0, out = sizeof(unpacker->out);
		while (!status && (at < unpacker->len || out == sizeof(unpacker->out))) {
			size_t in = unpacker->len - at;
			out = sizeof(unpacker->out);
			if (LZ4F_isError(LZ4F_decompress(stream, unpacker->out, &out,
							 unpacker->in + at, &in, NULL)))
				status = AIODBG_CORRUPT;
			else
				status = take(unpacker, out);
			at += in;
		}
		if (!status)
			status = read_piece(unpacker);
	}
	LZ4F_freeDecompressionContext(stream);
	return status;
}
#endif

#ifdef HAVE_ZLIB
static int run_gzip(struct unpacker *unpacker)
{
	z_stream stream = {0};
	/* With the header of gzip. */
	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return AIODBG_NO_MEMORY;
	int status = read_piece(unpacker);
	while (!status && unpacker->len) {
		stream.next_in = unpacker->in;
		stream.avail_in = (uInt)unpacker->len;
		do {
			stream.next_out = unpacker->out;
			stream.avail_out = sizeof(unpacker->out);
			int result = inflate(&stream, Z_NO_FLUSH);
			/* Others may follow. */
			if (result == Z_STREAM_END)
				result = inflateReset(&stream);
			if (result != Z_OK && result != Z_BUF_ERROR)
				status = AIODBG_CORRUPT;
			else
				status = take(unpacker, sizeof(unpacker->out) - stream.avail_out);
		} while (!status && (stream.avail_in || !stream.avail_out));
		if (!status)
			status = read_piece(unpacker);
	}
	inflateEnd(&stream);
	return status;
}
#endif

#ifdef HAVE_LZMA
static int run_xz(struct unpacker *unpacker)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = LZMA_OK;
	if (lzma_stream_decoder(&stream, LIMIT_UNPACK_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return AIODBG_NO_MEMORY;
	int status = read_piece(unpacker);
	while (!status && result == LZMA_OK) {
		stream.next_in = unpacker->in;
		stream.avail_in = unpacker->len;
		do {
			stream.next_out = unpacker->out;
			stream.avail_out = sizeof(unpacker->out);
			result = lzma_code(&stream, unpacker->len ? LZMA_RUN : LZMA_FINISH);
			status = take(unpacker, sizeof(unpacker->out) - stream.avail_out);
		} while (!status && result == LZMA_OK && (stream.avail_in || !stream.avail_out));
		if (!status && result == LZMA_OK)
			status = read_piece(unpacker);
	}
	lzma_end(&stream);
	if (status)
		return status;
	return result == LZMA_STREAM_END ? 0 : AIODBG_CORRUPT;
}
#endif

#ifndef HAVE_ZSTD
#define run_zstd NULL
#endif
#ifndef HAVE_LZ4
#define run_lz4 NULL
#endif
#ifndef HAVE_ZLIB
#define run_gzip NULL
#endif
#ifndef HAVE_LZMA
#define run_xz NULL
#endif

static const struct format {
	const char *name, *tool;
	const char *magic;
	size_t magic_size;
	/* NULL if the library is not there. */
	int (*run)(struct unpacker *unpacker);
} formats[] = {
	{"zstd", "zstd -d", "\x28\xb5\x2f\xfd", 4, run_zstd},
	{"lz4", "lz4 -d", "\x04\x22\x4d\x18", 4, run_lz4},
	{"gzip", "gzip -d", "\x1f\x8b", 2, run_gzip},
	{"xz", "xz -d",
	 "\xfd"
	 "7zXZ\0",
	 6, run_xz},
};

/* ---- files ---- */

static const struct format *find_format(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *format = &formats[i];
		if (len >= format->magic_size && !memcmp(head, format->magic, format->magic_size))
			return format;
	}
	return NULL;
}

const char *unpack_format(const uint8_t *head, size_t len)
{
	const struct format *format = find_format(head, len);
	return format ? format->name : NULL;
}

/* A file that is gone when it is closed. */
static int open_temporary(struct unpacker *unpacker)
{
	const char *folder = getenv("TMPDIR");
	unpacker->limit = LIMIT_UNPACKED_FILE;
	unpacker->to = open(folder && folder[0] ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
			    0600);
	if (unpacker->to < 0) {
		unpacker->limit = LIMIT_UNPACKED_MEMORY;
		unpacker->to = memfd_create("core", MFD_CLOEXEC);
	}
	return unpacker->to < 0 ? error_set(unpacker->err, AIODBG_IO, "cannot unpack %.200s: %s",
					    unpacker->path, strerror(errno))
				: 0;
}

static int run(struct unpacker *unpacker, const struct format *format)
{
	int status = lseek(unpacker->from, 0, SEEK_SET) ? AIODBG_IO : format->run(unpacker);
	if (status == AIODBG_CORRUPT && unpacker->size)
		status = 0;
	if (status == AIODBG_CORRUPT)
		return error_set(unpacker->err, AIODBG_UNSUPPORTED,
				 "%.200s is compressed with %s, and damaged from its start on",
				 unpacker->path, format->name);
	if (status == AIODBG_NO_MEMORY)
		return error_no_memory(unpacker->err);
	if (status == AIODBG_INTERRUPTED)
		return error_set(unpacker->err, status, "interrupted");
	if (!status && ftruncate(unpacker->to, (off_t)unpacker->size))
		return error_set(unpacker->err, AIODBG_IO, "cannot unpack %.200s: %s",
				 unpacker->path, strerror(errno));
	return status;
}

int unpack_file(int fd, const char *path, struct work *work, struct aiodbg_error *err, int *ret)
{
	uint8_t head[8];
	ssize_t len = pread(fd, head, sizeof(head), 0);
	const struct format *format = len > 0 ? find_format(head, (size_t)len) : NULL;
	if (!format || !format->run)
		return error_set(err, AIODBG_UNSUPPORTED,
				 "%.200s is compressed with %s, which this aiodbg was built "
				 "without: unpack it first, with `%s`",
				 path, format ? format->name : "something",
				 format ? format->tool : "");
	struct unpacker *unpacker = malloc(sizeof(*unpacker));
	if (!unpacker)
		return error_no_memory(err);
	*unpacker = (struct unpacker){.from = fd, .work = work, .err = err, .path = path};
	int status = open_temporary(unpacker);
	if (!status)
		status = run(unpacker, format);
	if (!status)
		*ret = unpacker->to;
	else if (unpacker->to >= 0)
		close(unpacker->to);
	free(unpacker);
	return status;
}
