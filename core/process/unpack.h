/* SPDX-License-Identifier: MIT */
/*
 * Compressed cores, as systemd-coredump and others leave them: unpacked into a file without a name,
 * below $TMPDIR or /tmp, or into memory where nothing can be written. Pages of zeros take no room
 * there.
 */
#ifndef PROCESS_UNPACK_H
#define PROCESS_UNPACK_H

#include "base/work.h"

/* What a file that begins with these bytes is compressed with: "zstd"; NULL if it is not. */
const char *unpack_format(const uint8_t *head, size_t len);

/*
 * Unpack the file that is open for reading, and put a descriptor of the other one in *ret. One that
 * is cut or damaged is unpacked as far as that goes. Errors name path: AIODBG_UNSUPPORTED for
 * what this library was built without or is damaged from its start on, AIODBG_TOO_MUCH, AIODBG_IO,
 * AIODBG_NO_MEMORY, and AIODBG_INTERRUPTED.
 */
int unpack_file(int fd, const char *path, struct work *work, struct aiodbg_error *err, int *ret);

#endif
