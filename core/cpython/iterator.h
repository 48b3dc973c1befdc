/* SPDX-License-Identifier: MIT */
/* Iterators of built-in containers, enumerate, zip, map, and the views of dicts. */
#ifndef CPYTHON_ITERATOR_H
#define CPYTHON_ITERATOR_H

#include "cpython/decoder.h"
#include "cpython/sequence.h"

/*
 * Visit what the iterator at addr refers to: its container, the iterator that it is made of, and the
 * tuple that it keeps for its next result. One that has come to its end refers to nothing.
 */
int iterator_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg);

#endif
