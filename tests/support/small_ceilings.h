/* SPDX-License-Identifier: MIT */
/* Ceilings that a test can reach: included before each file of the core, for one suite. */
#ifndef SMALL_CEILINGS_H
#define SMALL_CEILINGS_H

#include "base/ceilings.h"

#undef LIMIT_TASKS
#define LIMIT_TASKS 100
#undef LIMIT_FRAMES
#define LIMIT_FRAMES 50
#undef LIMIT_FRAMES_OF_ALL
#define LIMIT_FRAMES_OF_ALL 120
#undef LIMIT_EDGES
#define LIMIT_EDGES 60
#undef LIMIT_CYCLE_TASKS
#define LIMIT_CYCLE_TASKS 20
#undef LIMIT_INTERPRETERS
#define LIMIT_INTERPRETERS 3
#undef LIMIT_THREADS
#define LIMIT_THREADS 5
#undef LIMIT_REGIONS
#define LIMIT_REGIONS 8
#undef LIMIT_WORK
#define LIMIT_WORK 300000

#endif
