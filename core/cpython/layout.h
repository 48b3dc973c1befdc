/* SPDX-License-Identifier: MIT */
/*
 * Where the fields of CPython's structs are, in one version and build.
 *
 * Decoders ask the layout and never the version. A field that the version lacks is
 * LAYOUT_NONE there; where behaviour differs, the struct fact says how.
 *
 * Tables are in layouts/, made by scripts/gen-layout from the interpreter's own debug
 * information: X.Y.c where pointers have 64 bits, X.Y-32.c where they have 32, with a t
 * for free-threaded builds. Other machines than those named in a table have the same, in
 * either byte order. From 3.13 on CPython also publishes offsets in its memory
 * (_Py_DebugOffsets at the start of _PyRuntime: pycore_debug_offsets.h), from 3.14 on
 * asyncio does (Py_AsyncioModuleDebugOffsets, section .AsyncioDebug:
 * Modules/_asynciomodule.c). What is published replaces what a table says of the
 * runtime, the interpreter and the thread, which move between patch releases. Of all
 * other structs CPython publishes only a part, so there the published must agree with
 * the table, or the rest of the table could not be believed: layout_make_newer() says how
 * far a newer version may differ.
 *
 * Adding a CPython version:
 * 0. Put it into scripts/make-root, and run nothing but the demo on it: it is read like the
 *    newest known version, with a warning, if what it publishes agrees with that table.
 *    Each contradiction that it is refused for is a line of the difference in step 3.
 * 1. scripts/gen-layout PYTHON > core/cpython/layouts/X.Y.c, with an interpreter of that
 *    version that has debug information. The first lines name the release and build.
 *    X.Yt.c with --free-threaded, X.Y-32.c with --emulator.
 * 2. Add its name to "versions" (or "versions_32") in core/meson.build, which is the list for
 *    the library and for the unit tests.
 * 3. Read its difference from the previous table. A field that moved needs nothing
 *    more. A rule that changed (RULES in scripts/gen-layout: the slot of the awaited
 *    object, tag bits, managed dicts) gets a line there, with the upstream change; no
 *    table shows that, so look at what changed in pycore_stackref.h, pycore_object.h,
 *    pycore_interpframe.h and the SEND of Python/bytecodes.c. A field that is gone or new
 *    changes cpython/layout_fields.def, and then all tables are made anew.
 * 4. scripts/record-image for the programs in tests/programs; look at the expected
 *    outputs once, then commit them.
 * 5. Add the version to tests/live/interpreter.py, to tests/live/test_machines.py with
 *    scripts/make-machines, and to the support table in README.md.
 * If a decoder has to be changed, the layout is missing a word: add it.
 */
#ifndef CPYTHON_LAYOUT_H
#define CPYTHON_LAYOUT_H

#include "aiodbg.h"

/* Not a value that any field or enum of CPython has. */
#define LAYOUT_NONE INT32_MIN

struct layout {
#define STRUCT(name, types)                                                                        \
	struct {                                                                                   \
		int32_t size;
#define FIELD(struct_name, name, kind, paths) int32_t name;
#define END(name)                                                                                  \
	}                                                                                          \
	name;
#include "cpython/layout_fields.def"
#undef STRUCT
#undef FIELD
#undef END
};

/* Bit offset and width of a field of kind BITS. */
#define LAYOUT_BITS(offset, width) ((width) << 24 | (offset))
#define LAYOUT_BITS_OFFSET(bits) ((size_t)((bits)&0xffffff))
#define LAYOUT_BITS_WIDTH(bits) ((size_t)((bits) >> 24))

struct layout_table;

/*
 * The built-in table of a version (Py_Version, of which major and minor count) and build,
 * or NULL. word_size: bytes of a pointer. Byte order makes no difference to a table.
 */
const struct layout_table *layout_find(uint32_t hexversion, bool free_threaded,
				       unsigned int word_size);

/* The table of the newest version, for one that is newer still; or NULL. */
const struct layout_table *layout_newest(bool free_threaded, unsigned int word_size);

/* Py_Version >> 16 of what the table was made for, and its name, "CPython 3.15". */
uint32_t layout_version(const struct layout_table *table);
const char *layout_name(const struct layout_table *table);

/* The index-th table of a version that publishes no offsets; false behind the last. */
bool layout_tables_without_offsets(unsigned int word_size, size_t index,
				   const struct layout_table **ret);

/* A Py_Version as "3.14.10". Returns buf. */
const char *layout_version_text(uint32_t hexversion, char *buf, size_t size);

/* All versions that have a table for such pointers, as "3.14, 3.15". Returns buf. */
const char *layout_versions(unsigned int word_size, char *buf, size_t size);

/* Bytes of the tables that this version publishes: to be read for layout_make(). */
size_t layout_runtime_size(const struct layout_table *table);
size_t layout_asyncio_size(const struct layout_table *table);

/*
 * Make the layout of a target from the table and from what the target publishes, given
 * as 64-bit words in host order, as many as layout_runtime_size() and layout_asyncio_size()
 * say. asyncio is NULL if the target has no such section, both for a version that publishes
 * nothing. Fails with AIODBG_CORRUPT if what is published contradicts itself or the table.
 */
int layout_make(const struct layout_table *table, const uint64_t *runtime, const uint64_t *asyncio,
		struct aiodbg_error *err, struct layout *ret);

/*
 * The same for a version that is newer than the table. Structs may differ from it: if all that the
 * target publishes from some place on has moved by the same distance, what it does not publish
 * there is LAYOUT_NONE. Fails like layout_make() where that is not how a struct differs, or where
 * decoders cannot do without what is then unknown.
 */
int layout_make_newer(const struct layout_table *table, const uint64_t *runtime,
		      const uint64_t *asyncio, struct aiodbg_error *err, struct layout *ret);

/* Where the fields of one struct come from. */
struct layout_group {
	const char *name;
	/* Fields that the version has, and how many of them the target publishes. */
	size_t fields, published;
	/* What of that is not as in the table. */
	size_t moved;
};

/*
 * The index-th struct of a layout that was made from the table, and from what asyncio
 * publishes or not. false behind the last.
 */
bool layout_describe(const struct layout_table *table, const struct layout *layout, bool asyncio,
		     size_t index, struct layout_group *ret);

#endif
