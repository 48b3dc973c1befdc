/* SPDX-License-Identifier: MIT */
/* Choice of a layout table, what the target publishes, and the check. See cpython/layout.h. */
#include "cpython/layout_table.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The largest structs are the runtime and the interpreter, some hundred KB. */
#define STATE_SIZE_MAX (16 << 20)
/* The largest object is a heap type, about 1 KB. */
#define OBJECT_SIZE_MAX 1024

enum field_kind { WORD, I64, I32, U32, I8, U8, PLACE, BITS, SIZEOF, ENUM, RULE };

/* That of a WORD is the table's. */
static const size_t kind_width[] = {
	[I64] = 8, [I32] = 4, [U32] = 4, [I8] = 1, [U8] = 1,
};

struct field {
	const char *struct_name, *name;
	enum field_kind kind;
	/* Index in struct layout of the field and of its struct's size. */
	uint16_t member, size_member;
};

static const struct field fields[] = {
#define STRUCT(s, types)
#define FIELD(s, f, kind, paths) {#s, #f, kind, MEMBER(s, f), MEMBER(s, size)},
#define END(s)
#include "cpython/layout_fields.def"
#undef STRUCT
#undef FIELD
#undef END
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/*
 * Structs of which CPython publishes every field that we use, and which do move within
 * a minor version: the thread state between 3.14.2 and 3.14.4.
 */
static bool is_state_struct(const char *name)
{
	return !strcmp(name, "runtime") || !strcmp(name, "interp") || !strcmp(name, "thread");
}

static int32_t member_get(const struct layout *layout, size_t member)
{
	return ((const int32_t *)layout)[member];
}

static void member_set(struct layout *layout, size_t member, int32_t value)
{
	((int32_t *)layout)[member] = value;
}

const struct layout_table *layout_find(uint32_t hexversion, bool free_threaded,
				       unsigned int word_size)
{
	for (const struct layout_table *const *table = layout_tables; *table; table++) {
		if ((*table)->version == hexversion >> 16 &&
		    (*table)->free_threaded == free_threaded && (*table)->word_size == word_size)
			return *table;
	}
	return NULL;
}

const struct layout_table *layout_newest(bool free_threaded, unsigned int word_size)
{
	const struct layout_table *newest = NULL;
	for (const struct layout_table *const *table = layout_tables; *table; table++) {
		if ((*table)->free_threaded == free_threaded && (*table)->word_size == word_size &&
		    (!newest || (*table)->version > newest->version))
			newest = *table;
	}
	return newest;
}

uint32_t layout_version(const struct layout_table *table)
{
	return table->version;
}

const char *layout_name(const struct layout_table *table)
{
	return table->name;
}

bool layout_tables_without_offsets(unsigned int word_size, size_t index,
				   const struct layout_table **ret)
{
	for (const struct layout_table *const *table = layout_tables; *table; table++) {
		if ((*table)->word_size == word_size && (*table)->runtime.size == 0 &&
		    index-- == 0) {
			*ret = *table;
			return true;
		}
	}
	return false;
}

const char *layout_version_text(uint32_t hexversion, char *buf, size_t size)
{
	snprintf(buf, size, "%u.%u.%u", hexversion >> 24, hexversion >> 16 & 0xff,
		 hexversion >> 8 & 0xff);
	return buf;
}

const char *layout_versions(unsigned int word_size, char *buf, size_t size)
{
	size_t used = 0;
	buf[0] = '\0';
	for (const struct layout_table *const *table = layout_tables; *table; table++) {
		if ((*table)->word_size == word_size && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
						 strchr((*table)->name, ' ') + 1);
	}
	return buf;
}

size_t layout_runtime_size(const struct layout_table *table)
{
	return table->runtime.size;
}

size_t layout_asyncio_size(const struct layout_table *table)
{
	return table->asyncio.size;
}

/* The name of a member of struct layout, for messages. */
static void member_name(size_t member, char *buf, size_t size)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (fields[i].member == member) {
			snprintf(buf, size, "%s.%s", fields[i].struct_name, fields[i].name);
			return;
		}
		if (fields[i].size_member == member)
			snprintf(buf, size, "%s.size", fields[i].struct_name);
	}
}

static bool member_is_state(size_t member)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (fields[i].member == member || fields[i].size_member == member)
			return is_state_struct(fields[i].struct_name);
	}
	return false;
}

static int contradiction(struct aiodbg_error *err, const struct layout_table *table, size_t member,
			 uint64_t published, int64_t known, const char *whose)
{
	char name[64] = "?";
	member_name(member, name, sizeof(name));
	return error_set(err, AIODBG_CORRUPT,
			 "offsets contradict each other: the target publishes %s = %" PRIu64
			 " where %s%s has %" PRId64 ": damaged memory, or a build unlike %s",
			 name, published, whose, table->name, known, table->name);
}

/* Takes over one published table. seen: members that an earlier table has set. A newer version may
 * differ, as far as check_moves() allows. */
static int take_published(const struct layout_table *table, bool newer,
			  const struct published_table *published, const uint64_t *words,
			  bool *seen, struct aiodbg_error *err, struct layout *layout)
{
	for (size_t i = 0; i < published->count; i++) {
		size_t member = published->fields[i].member;
		uint64_t value = words[published->fields[i].offset / 8];
		int32_t known = member_get(layout, member);
		/* What a build does not have is published as 0. */
		if (known == LAYOUT_NONE && value == 0)
			continue;
		if (seen[member] && value != (uint64_t)known)
			return contradiction(err, table, member, value, known, "elsewhere ");
		if (!member_is_state(member) && value != (uint64_t)(int64_t)known &&
		    (!newer || known == LAYOUT_NONE))
			return contradiction(err, table, member, value, known, "");
		if (value > STATE_SIZE_MAX)
			return contradiction(err, table, member, value, known, "");
		member_set(layout, member, (int32_t)value);
		seen[member] = true;
	}
	return 0;
}

/* After this, every field lies within its struct and every struct within reason. */
static int check_fields(const struct layout *layout, unsigned int word_size,
			struct aiodbg_error *err)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &fields[i];
		int64_t size = member_get(layout, field->size_member);
		int64_t value = member_get(layout, field->member);
		if (field->kind == ENUM || field->kind == RULE || value == LAYOUT_NONE)
			continue;
		int64_t max = is_state_struct(field->struct_name) ? STATE_SIZE_MAX
								  : OBJECT_SIZE_MAX;
		int64_t end = value;
		if (field->kind == BITS)
			end = (int64_t)(LAYOUT_BITS_OFFSET((int32_t)value) +
					LAYOUT_BITS_WIDTH((int32_t)value) + 7) /
			      8;
		else if (field->kind != PLACE && field->kind != SIZEOF)
			end = value +
			      (int64_t)(field->kind == WORD ? word_size : kind_width[field->kind]);
		if (value < 0 || size < 0 || size > max || end > size)
			return error_set(err, AIODBG_CORRUPT,
					 "offset of %s.%s is %" PRId64
					 ", outside its struct of %" PRId64 " bytes",
					 field->struct_name, field->name, value, size);
	}
	return 0;
}

/* ---- a version that is newer than all tables ---- */

/* How far members that were added or removed move the rest of a struct. */
#define MOVE_MAX 128

/* What decoders can do without. */
static bool may_be_unknown(size_t member)
{
	return member == MEMBER(code, firsttraceable) || member == MEMBER(type, mro) ||
	       member == MEMBER(type, qualname);
}

/* How a struct differs from the table: the published fields from some place on, and its size, lie
 * further on or back by the same distance. */
struct move {
	/* Offsets in the table: the last that has not moved, the first that has, or -1. */
	int64_t still, first;
	int64_t distance;
	/* The member that is first. */
	size_t member;
};

static void look_at_member(const struct layout_table *table, const struct layout *layout,
			   size_t member, struct move *move)
{
	int64_t known = member_get(&table->layout, member);
	int64_t distance = member_get(layout, member) - known;
	if (known == LAYOUT_NONE)
		return;
	if (!distance && known > move->still)
		move->still = known;
	if (!distance || (move->first >= 0 && move->first <= known))
		return;
	move->first = known;
	move->distance = distance;
	move->member = member;
}

static bool is_moved_alike(const struct layout_table *table, const struct layout *layout,
			   size_t member, const struct move *move)
{
	int64_t known = member_get(&table->layout, member);
	return known == LAYOUT_NONE || known < move->first ||
	       member_get(layout, member) - known == move->distance;
}

/* One struct, whose fields begin with the first-th. */
static int check_move(const struct layout_table *table, const bool *seen, size_t first,
		      struct aiodbg_error *err, struct layout *layout)
{
	struct move move = {.still = -1, .first = -1};
	size_t size_member = fields[first].size_member, end = first;
	for (; end < FIELD_COUNT && fields[end].size_member == size_member; end++) {
		if (seen[fields[end].member])
			look_at_member(table, layout, fields[end].member, &move);
	}
	if (seen[size_member])
		look_at_member(table, layout, size_member, &move);
	if (move.first < 0)
		return 0;
	bool plausible = move.distance >= -MOVE_MAX && move.distance <= MOVE_MAX &&
			 move.distance % (int64_t)table->word_size == 0 &&
			 move.still < move.first && move.first + move.distance > move.still &&
			 (!seen[size_member] || is_moved_alike(table, layout, size_member, &move));
	for (size_t i = first; plausible && i < end; i++) {
		size_t member = fields[i].member;
		int64_t known = member_get(&table->layout, member);
		if (seen[member]) {
			plausible = is_moved_alike(table, layout, member, &move);
		} else if (known != LAYOUT_NONE && known > move.still) {
			plausible = may_be_unknown(member);
			member_set(layout, member, LAYOUT_NONE);
		}
	}
	if (plausible)
		return 0;
	return contradiction(err, table, move.member, (uint64_t)(move.first + move.distance),
			     move.first, "");
}

static int check_moves(const struct layout_table *table, const bool *seen, struct aiodbg_error *err,
		       struct layout *layout)
{
	int status = 0;
	for (size_t i = 0; !status && i < FIELD_COUNT; i++) {
		bool begins = !i || fields[i - 1].size_member != fields[i].size_member;
		if (begins && fields[i].kind != ENUM && fields[i].kind != RULE &&
		    !is_state_struct(fields[i].struct_name))
			status = check_move(table, seen, i, err, layout);
	}
	return status;
}

static int make(const struct layout_table *table, bool newer, const uint64_t *runtime,
		const uint64_t *asyncio, struct aiodbg_error *err, struct layout *ret)
{
	bool seen[sizeof(struct layout) / sizeof(int32_t)] = {false};
	*ret = table->layout;
	int code = 0;
	if (runtime)
		code = take_published(table, newer, &table->runtime, runtime, seen, err, ret);
	if (!code && asyncio)
		code = take_published(table, newer, &table->asyncio, asyncio, seen, err, ret);
	if (!code && newer)
		code = check_moves(table, seen, err, ret);
	return code ? code : check_fields(ret, table->word_size, err);
}

int layout_make(const struct layout_table *table, const uint64_t *runtime, const uint64_t *asyncio,
		struct aiodbg_error *err, struct layout *ret)
{
	return make(table, false, runtime, asyncio, err, ret);
}

int layout_make_newer(const struct layout_table *table, const uint64_t *runtime,
		      const uint64_t *asyncio, struct aiodbg_error *err, struct layout *ret)
{
	return make(table, true, runtime, asyncio, err, ret);
}

static bool is_published(const struct published_table *published, size_t member)
{
	for (size_t i = 0; i < published->count; i++) {
		if (published->fields[i].member == member)
			return true;
	}
	return false;
}

/* The fields of a struct follow each other. */
static size_t first_field(size_t group)
{
	size_t i = 0;
	for (; i < FIELD_COUNT && group; i++)
		group -= i + 1 < FIELD_COUNT && fields[i + 1].size_member != fields[i].size_member;
	return i;
}

bool layout_describe(const struct layout_table *table, const struct layout *layout, bool asyncio,
		     size_t index, struct layout_group *ret)
{
	size_t first = first_field(index);
	if (first >= FIELD_COUNT)
		return false;
	*ret = (struct layout_group){.name = fields[first].struct_name};
	for (size_t i = first;
	     i < FIELD_COUNT && fields[i].size_member == fields[first].size_member; i++) {
		size_t member = fields[i].member;
		if (member_get(layout, member) == LAYOUT_NONE)
			continue;
		ret->fields++;
		ret->published += is_published(&table->runtime, member) ||
				  (asyncio && is_published(&table->asyncio, member));
		ret->moved += member_get(layout, member) != member_get(&table->layout, member);
	}
	return true;
}
