/* SPDX-License-Identifier: MIT */
/* Whether a file is the one that was mapped: the build id tells, which the first page of both has. */
#ifndef PROCESS_BUILD_ID_H
#define PROCESS_BUILD_ID_H

#include "aiodbg.h"

/*
 * The build id in the first len bytes of an ELF file, in hexadecimal digits; "" if there is none.
 * ret has AIODBG_BUILD_ID_MAX bytes.
 */
void build_id_find(const void *head, size_t len, char *ret);

/*
 * Whether what begins with mapped was made from the file that begins with stored, each of len
 * bytes. A file without what was stripped from the other has its build id. Where neither has one,
 * all of these bytes have to be the same.
 */
bool build_id_same(const void *mapped, const void *stored, size_t len);

#endif
