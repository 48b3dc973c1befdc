/* SPDX-License-Identifier: MIT */
/*
 * How libFuzzer changes inputs: mostly one edit at a time, at bytes that the library looks
 * at, with values that mean something there.
 */
#include "target.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max_size,
				 unsigned int seed);

/* xorshift64. */
static uint64_t random_state;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void random_seed(unsigned int seed)
{
	random_state = 0x9e3779b97f4a7c15 ^ seed;
	random_u64();
}

static size_t below(size_t max)
{
	return (size_t)(random_u64() % max);
}

static struct range random_range(const struct base *base)
{
	return base->ranges[below(base->num_ranges)];
}

/* An aligned address in bytes that are looked at. */
static uint64_t random_word(const struct base *base)
{
	struct range range = random_range(base);
	return (range.addr & -UINT64_C(8)) + below(range.len / 8 + 1) * 8;
}

/* Mostly a small one. */
static uint32_t random_image(void)
{
	const struct bases *bases = bases_get();
	bool small = bases->num_small && below(8);
	return bases->list[below(small ? bases->num_small : bases->num)].hash;
}

static uint64_t word_at(const struct base *base, uint64_t addr)
{
	uint64_t num, word;
	const unsigned char *bytes = image_bytes(&base->image, addr, &num);
	if (!bytes || num < sizeof(word))
		return 0;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static uint64_t random_number(void)
{
	static const uint64_t numbers[] = {
		0,
		1,
		2,
		7,
		8,
		0x7f,
		0xff,
		0xfff,
		0x1000,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x7fffffffffff,
		0x800000000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xfffffffffffffff8,
		0xffffffffffffffff,
		0xdddddddddddddddd,
		1 << 20,
		1 << 24,
		1 << 25,
		1 << 26,
		20000000,
	};
	uint64_t number = numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
	switch (below(4)) {
	case 0:
		return number + below(16) - 8;
	case 1:
		return random_u64() >> below(64);
	case 2:
		return below(1024);
	default:
		return number;
	}
}

/* What may stand at where: a pointer to elsewhere, to itself, what stands elsewhere, a number. */
static uint64_t random_value(const struct base *base, uint64_t where)
{
	switch (below(8)) {
	case 0:
	case 1:
		return random_range(base).addr;
	case 2:
		return random_word(base);
	case 3:
	case 4:
		return word_at(base, random_word(base));
	case 5:
		return where - below(64) * 8;
	case 6:
		return random_word(base) + below(16);
	default:
		return random_number();
	}
}

static size_t random_len(const struct base *base)
{
	switch (below(4)) {
	case 0:
		return below(8);
	case 1:
		return below(64) * 8 + 7;
	case 2:
		return (size_t)random_range(base).len - 1;
	default:
		return below(IMAGE_PAGE_SIZE);
	}
}

/* Any of the words that the target publishes of its layout. They are in the first section
 * or behind the symbol. */
static bool published_word(const struct base *base, uint64_t *ret)
{
	const struct image *image = &base->image;
	size_t num = image->symbols.num + image->sections.num;
	if (!num)
		return false;
	size_t chosen = below(num);
	const struct image_place *place =
		chosen < image->symbols.num ? &image->symbols.list[chosen]
					    : &image->sections.list[chosen - image->symbols.num];
	*ret = place->address + below(place->len ? place->len / 8 + 1 : 110) * 8;
	return true;
}

static struct edit random_edit(const struct base *base)
{
	struct edit edit = {.kind = EDIT_SET, .len = 7, .where = random_word(base)};
	size_t kind = below(32);
	if (kind < 16) {
		edit.value = random_value(base, edit.where);
		if (below(4) == 0) {
			edit.len = (uint16_t)below(8);
			edit.where += below(8);
		}
	} else if (kind < 19) {
		edit.kind = EDIT_XOR;
		edit.value = UINT64_C(1) << below(64);
	} else if (kind < 22) {
		edit.kind = EDIT_ADD;
		edit.value = below(4) ? below(512) - 256 : (below(64) - 32) * 8;
	} else if (kind < 25) {
		static const uint8_t fills[] = {0, 0, 0xdd, 0xcd, 0xfd, 0xff, 0x41, 0x80};
		edit.kind = EDIT_FILL;
		edit.value = fills[below(sizeof(fills))];
		edit.len = (uint16_t)random_len(base);
	} else if (kind < 28) {
		edit.kind = EDIT_COPY;
		edit.where = random_range(base).addr;
		edit.value = random_range(base).addr;
		edit.len = (uint16_t)random_len(base);
	} else if (kind < 29) {
		edit.kind = EDIT_SWAP_PAGES;
		edit.value = random_word(base);
	} else if (kind < 30) {
		edit.kind = EDIT_LOSE_PAGE;
	} else if (published_word(base, &edit.where)) {
		edit.value = below(2) ? below(2048) : random_number();
	}
	return edit;
}

static void mutate_head(struct input_head *head)
{
	switch (below(8)) {
	case 0:
		head->image = random_image();
		break;
	case 1:
		head->failing_read = below(2) ? 0 : (uint16_t)below(600);
		break;
	case 2:
		head->failing_alloc = below(2) ? 0 : (uint16_t)below(300);
		break;
	case 3:
		head->pages = below(2) ? 0 : (uint16_t)below(300);
		break;
	case 4:
		head->task = (uint8_t)below(256);
		break;
	case 5:
		/* The slow ways less often. */
		head->flags = (uint8_t)below(32);
		if (below(8))
			head->flags &= INPUT_UNICODE | INPUT_CALLS | INPUT_WAITS;
		break;
	default:
		head->command = (uint8_t)below(256);
		head->format = (uint8_t)below(4);
	}
}

static void mutate_edit(const struct base *base, struct edit *edit)
{
	switch (below(6)) {
	case 0:
		edit->where = random_word(base);
		break;
	case 1:
		edit->where += (below(32) - 16) * 8;
		break;
	case 2:
		edit->value += below(64) - 32;
		break;
	case 3:
		edit->value = random_value(base, edit->where);
		break;
	case 4:
		edit->len = (uint16_t)random_len(base);
		break;
	default:
		*edit = random_edit(base);
	}
}

static void remove_edit(struct input *input, size_t index)
{
	input->num_edits--;
	memmove(&input->edits[index], &input->edits[index + 1],
		(input->num_edits - index) * sizeof(input->edits[0]));
}

static void mutate(struct input *input)
{
	const struct base *base = base_of(&input->head);
	size_t what = below(16);
	if (what == 0)
		mutate_head(&input->head);
	else if (what < 3 && input->num_edits)
		remove_edit(input, below(input->num_edits));
	else if (what < 8 && input->num_edits)
		mutate_edit(base, &input->edits[below(input->num_edits)]);
	else if (input->num_edits < INPUT_MAX_EDITS)
		input->edits[input->num_edits++] = random_edit(base);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max_size, unsigned int seed)
{
	struct input input;
	bases_get();
	random_seed(seed);
	input_decode(bytes, size, &input);
	/* Nothing to begin with: any image. */
	if (size < INPUT_UNIT)
		input.head.image = random_image();
	for (size_t i = below(3) + 1; i > 0; i--)
		mutate(&input);
	return input_encode(&input, bytes, max_size);
}

/* The one with some of the other's edits. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t max_size,
				 unsigned int seed)
{
	struct input input, second;
	random_seed(seed);
	input_decode(one, one_size, &input);
	input_decode(other, other_size, &second);
	for (size_t i = 0; i < second.num_edits && input.num_edits < INPUT_MAX_EDITS; i++) {
		if (below(2))
			input.edits[input.num_edits++] = second.edits[i];
	}
	return input_encode(&input, out, max_size);
}

/* Most of the time would go into the sanitizer's own books. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64:malloc_context_size=2:"
	       "max_redzone=64";
}
