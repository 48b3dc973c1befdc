/* SPDX-License-Identifier: MIT */
/* Names of signals. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdint.h>

/* "SIGTERM"; NULL if it has no name of its own. musl and old C libraries tell none. */
const char *signal_name(int64_t number);

#endif
