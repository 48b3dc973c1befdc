/* SPDX-License-Identifier: MIT */
/* Build ids. See process/build_id.h. */
#include "process/build_id.h"

#include "base/ceilings.h"
#include "base/text.h"
#include "process/elf_file.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_hex(const uint8_t *bytes, size_t len, char *ret)
{
	for (size_t i = 0; i < len && 2 * i + 3 <= AIODBG_BUILD_ID_MAX; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* Of the notes of one segment. */
static bool find_note(Elf_Data *notes, char *ret)
{
	size_t at = 0, name, desc;
	GElf_Nhdr header;
	while (notes && (at = gelf_getnote(notes, at, &header, &name, &desc))) {
		const uint8_t *bytes = notes->d_buf;
		if (header.n_type != NT_GNU_BUILD_ID || header.n_namesz != sizeof("GNU") ||
		    memcmp(bytes + name, "GNU", sizeof("GNU")) != 0 || !header.n_descsz)
			continue;
		write_hex(bytes + desc, header.n_descsz, ret);
		return true;
	}
	return false;
}

void build_id_find(const void *head, size_t len, char *ret)
{
	struct elf_file file;
	struct elf_segment segment;
	char *image = malloc(len);
	ret[0] = '\0';
	if (!image)
		return;
	memcpy(image, head, len);
	if (elf_file_open_image(&file, image, len))
		return;
	for (size_t i = 0; elf_file_notes(&file, &i, &segment);) {
		if (segment.offset >= len)
			continue;
		/* More of the notes may be on the next page. */
		uint64_t room = len - segment.offset;
		size_t size = segment.file_size < room ? segment.file_size : room;
		if (find_note(elf_getdata_rawchunk(file.elf, (int64_t)segment.offset, size,
						   ELF_T_NHDR),
			      ret))
			break;
	}
	elf_file_close(&file);
}

bool build_id_same(const void *mapped, const void *stored, size_t len)
{
	char first[AIODBG_BUILD_ID_MAX], second[AIODBG_BUILD_ID_MAX];
	build_id_find(mapped, len, first);
	build_id_find(stored, len, second);
	if (first[0] || second[0])
		return !strcmp(first, second);
	return !memcmp(mapped, stored, len);
}
