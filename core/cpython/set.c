/* SPDX-License-Identifier: MIT */
/* Sets. See cpython/set.h. */
#include "cpython/set.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/object.h"

int set_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int code = object_expect(decoder, addr, KIND_SET, "set");
	if (!code)
		code = window_read(&decoder->reader, addr,
				   (size_t)l->set.table + decoder->reader.word_size, &w);
	if (code)
		return code;
	uint64_t mask = window_word(&w, (size_t)l->set.mask);
	uint64_t table = window_word(&w, (size_t)l->set.table);
	if (mask & (mask + 1))
		return reader_corrupt(&decoder->reader, addr, "set whose size is no power of two");
	if (mask >= LIMIT_SET_SLOTS)
		return error_at(&decoder->reader.error, AIODBG_LIMIT, addr,
				"set of more than %u slots", LIMIT_SET_SLOTS);
	/* A window of entries at a time. */
	size_t entry_size = (size_t)l->setentry.size;
	size_t step = WINDOW_MAX / entry_size;
	struct gaps gaps = {0};
	for (uint64_t i = 0; i <= mask; i += step) {
		size_t count = mask + 1 - i < step ? (size_t)(mask + 1 - i) : step;
		/* Gigabytes may have no member. */
		code = work_step(&decoder->reader.work);
		if (code)
			return code;
		code = window_read(&decoder->reader, table + i * entry_size, count * entry_size,
				   &w);
		code = decoder_pass_gap(decoder, &gaps, code);
		for (size_t k = 0; !code && k < count; k++) {
			size_t entry = k * entry_size;
			uint64_t key = window_word(&w, entry + (size_t)l->setentry.key);
			int64_t hash = reader_signed(
				&decoder->reader,
				window_word(&w, entry + (size_t)l->setentry.hash));
			/* A removed member leaves a dummy, whose hash no member has. */
			if (!key || hash == -1)
				continue;
			code = work_step(&decoder->reader.work);
			if (!code)
				code = visit(decoder, key, arg);
		}
		if (code)
			return code;
	}
	return decoder_gaps(decoder, &gaps);
}

struct weakset_visitor {
	sequence_visit_fn *visit;
	void *arg;
};

static int visit_weakref(struct decoder *decoder, uint64_t item, void *arg)
{
	struct weakset_visitor *visitor = arg;
	uint64_t object;
	enum kind kind;
	int code = object_expect(decoder, item, KIND_WEAKREF, "member of a WeakSet");
	if (!code)
		code = reader_word(&decoder->reader,
				   item + (uint64_t)decoder->layout->weakref.object, &object);
	if (!code)
		code = object_kind(decoder, object, &kind);
	if (code)
		return decoder_go_on(decoder, code);
	/* A dead reference refers to None. */
	return kind == KIND_NONE ? 0 : visitor->visit(decoder, object, visitor->arg);
}

int weakset_visit(struct decoder *decoder, uint64_t addr, sequence_visit_fn *visit, void *arg)
{
	struct weakset_visitor visitor = {visit, arg};
	uint64_t data;
	int code = attr_get(decoder, addr, "data", &data);
	if (code)
		return code;
	return set_visit(decoder, data, visit_weakref, &visitor);
}
