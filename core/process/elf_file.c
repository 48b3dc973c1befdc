/* SPDX-License-Identifier: MIT */
/* ELF files of a process, through libelf. See process/elf_file.h. */
#include "process/elf_file.h"

#include "base/ceilings.h"

#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t elf_ident_word_size(const uint8_t *ident)
{
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return 0;
	return ident[EI_CLASS] == ELFCLASS64 ? 8 : ident[EI_CLASS] == ELFCLASS32 ? 4 : 0;
}

uint32_t elf_ident_byte_order(const uint8_t *ident)
{
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return 0;
	return ident[EI_DATA] == ELFDATA2LSB   ? AIODBG_LITTLE_ENDIAN
	       : ident[EI_DATA] == ELFDATA2MSB ? AIODBG_BIG_ENDIAN
					       : 0;
}

/*
 * A header that says how many sections there are, or none. A number of sections that does
 * not fit into it is elsewhere, and libelf would allocate for billions of them; no linked
 * program has that many.
 */
static bool has_plain_header(const uint8_t *bytes)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	switch (elf_ident_word_size(bytes)) {
	case 8:
		memcpy(&wide, bytes, sizeof(wide));
		return wide.e_shnum || !wide.e_shoff;
	case 4:
		memcpy(&narrow, bytes, sizeof(narrow));
		return narrow.e_shnum || !narrow.e_shoff;
	default:
		return false;
	}
}

/* An image has no section headers, whatever was in memory at their place. */
static void clear_sections(char *image)
{
	Elf64_Ehdr *wide = (Elf64_Ehdr *)image;
	Elf32_Ehdr *narrow = (Elf32_Ehdr *)image;
	if (elf_ident_word_size((const uint8_t *)image) == 8) {
		wide->e_shoff = 0;
		wide->e_shnum = wide->e_shstrndx = 0;
	} else {
		narrow->e_shoff = 0;
		narrow->e_shnum = narrow->e_shstrndx = 0;
	}
}

static int finish_open(struct elf_file *file)
{
	if (file->elf && elf_kind(file->elf) == ELF_K_ELF)
		return 0;
	elf_file_close(file);
	return AIODBG_NOT_FOUND;
}

int elf_file_open(struct elf_file *file, int fd)
{
	uint8_t header[sizeof(Elf64_Ehdr)] = {0};
	*file = (struct elf_file){.fd = fd};
	if (elf_version(EV_CURRENT) != EV_NONE &&
	    pread(fd, header, sizeof(header), 0) >= (ssize_t)sizeof(Elf32_Ehdr) &&
	    has_plain_header(header))
		file->elf = elf_begin(fd, ELF_C_READ, NULL);
	return finish_open(file);
}

int elf_file_open_image(struct elf_file *file, char *image, size_t size)
{
	*file = (struct elf_file){.fd = -1, .image = image};
	if (elf_version(EV_CURRENT) != EV_NONE && size >= sizeof(Elf64_Ehdr) &&
	    elf_ident_word_size((const uint8_t *)image)) {
		clear_sections(image);
		file->elf = elf_memory(image, size);
	}
	return finish_open(file);
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->image);
	*file = (struct elf_file){.fd = -1};
}

/* The next program header of a type, from *index on, which moves on. */
static bool program_header(const struct elf_file *file, uint32_t type, size_t *index,
			   GElf_Phdr *ret)
{
	size_t count;
	if (elf_getphdrnum(file->elf, &count))
		return false;
	if (count > LIMIT_ELF_HEADERS)
		count = LIMIT_ELF_HEADERS;
	while (*index < count) {
		if (gelf_getphdr(file->elf, (int)(*index)++, ret) && ret->p_type == type)
			return true;
	}
	return false;
}

static bool find_segment(const struct elf_file *file, uint32_t type, size_t *index,
			 struct elf_segment *ret)
{
	GElf_Phdr header;
	if (!program_header(file, type, index, &header))
		return false;
	*ret = (struct elf_segment){header.p_vaddr, header.p_offset, header.p_filesz};
	return true;
}

bool elf_file_segment(const struct elf_file *file, size_t *index, struct elf_segment *ret)
{
	return find_segment(file, PT_LOAD, index, ret);
}

bool elf_file_notes(const struct elf_file *file, size_t *index, struct elf_segment *ret)
{
	return find_segment(file, PT_NOTE, index, ret);
}

bool elf_file_find_bias(struct elf_file *file, uint64_t start)
{
	struct elf_segment segment;
	for (size_t i = 0; elf_file_segment(file, &i, &segment);) {
		/* The one with the file's first page in it, which was mapped as a whole. */
		if (segment.offset < LIMIT_PAGE_SIZE && segment.file_size) {
			file->bias = start - (segment.addr - segment.offset);
			return true;
		}
	}
	return false;
}

/* Whether a table of strings has that one, of len bytes with its end, at an offset. */
static bool has_string(const Elf_Data *strings, uint64_t offset, const char *string, size_t len)
{
	return offset < strings->d_size && strings->d_size - offset >= len &&
	       !memcmp((const char *)strings->d_buf + offset, string, len);
}

/* Whether the section's content may be loaded: at most *left bytes, which it is taken off. */
static bool is_bounded(struct elf_file *file, Elf_Scn *section, uint64_t *left)
{
	GElf_Shdr header;
	if (!section || !gelf_getshdr(section, &header))
		return false;
	if (header.sh_size > *left) {
		file->cut = true;
		return false;
	}
	*left -= header.sh_size;
	file->looked += header.sh_size;
	return true;
}

bool elf_file_section(struct elf_file *file, const char *name, uint64_t *addr, uint64_t *len)
{
	size_t index;
	Elf_Scn *section = NULL;
	uint64_t left = LIMIT_ELF_SECTION_NAMES;
	if (elf_getshdrstrndx(file->elf, &index) ||
	    !is_bounded(file, elf_getscn(file->elf, index), &left))
		return false;
	const Elf_Data *names = elf_getdata(elf_getscn(file->elf, index), NULL);
	if (!names || !names->d_buf)
		return false;
	while ((section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		file->looked += sizeof(header);
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    !has_string(names, header.sh_name, name, strlen(name) + 1))
			continue;
		*addr = header.sh_addr + file->bias;
		*len = header.sh_size;
		return true;
	}
	return false;
}

static bool find_in_table(Elf_Data *symbols, const Elf_Data *strings, const char *name,
			  uint64_t *ret)
{
	size_t len = strlen(name) + 1;
	if (!symbols || !strings || !strings->d_buf)
		return false;
	for (int i = 0; i < INT_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(symbols, i, &symbol))
			return false;
		if (symbol.st_shndx == SHN_UNDEF || !has_string(strings, symbol.st_name, name, len))
			continue;
		*ret = symbol.st_value;
		return true;
	}
	return false;
}

static bool find_in_sections(struct elf_file *file, const char *name, uint64_t *ret)
{
	Elf_Scn *section = NULL;
	uint64_t left = LIMIT_ELF_TABLE, left_of_names = LIMIT_ELF_TABLE;
	while ((section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		file->looked += sizeof(header);
		if (!gelf_getshdr(section, &header) ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		/* Many of them may have the same bytes of the file. */
		Elf_Scn *names = elf_getscn(file->elf, header.sh_link);
		if (!is_bounded(file, section, &left) || !is_bounded(file, names, &left_of_names))
			continue;
		if (find_in_table(elf_getdata(section, NULL), elf_getdata(names, NULL), name, ret))
			return true;
	}
	return false;
}

/* ---- symbols without section headers: what the dynamic linker uses ---- */

struct dynamic {
	/* Addresses; 0 if there is none. */
	uint64_t symbols, strings, strings_size, hash, gnu_hash;
};

/*
 * Where the file has what is at an address, and how much is known to follow. The dynamic
 * linker has added the bias to the addresses that it found in memory, on most machines.
 */
static bool find_place(const struct elf_file *file, uint64_t addr, uint64_t *offset, uint64_t *room)
{
	struct elf_segment segment;
	for (size_t i = 0; elf_file_segment(file, &i, &segment);) {
		uint64_t at = addr - segment.addr;
		if (at >= segment.file_size && file->image)
			at -= file->bias;
		if (at >= segment.file_size)
			continue;
		*offset = segment.offset + at;
		*room = segment.file_size - at;
		return true;
	}
	return false;
}

/* size bytes of things of that type at an address, in our byte order; NULL if not there. */
static Elf_Data *load(struct elf_file *file, uint64_t addr, uint64_t size, Elf_Type type)
{
	uint64_t offset, room;
	file->cut = file->cut || size > LIMIT_ELF_TABLE;
	if (!size || size > LIMIT_ELF_TABLE || !find_place(file, addr, &offset, &room) ||
	    size > room || offset > INT64_MAX)
		return NULL;
	file->looked += size;
	return elf_getdata_rawchunk(file->elf, (int64_t)offset, size, type);
}

static bool load_words(struct elf_file *file, uint64_t addr, uint64_t count, uint32_t **ret)
{
	Elf_Data *data = count <= LIMIT_ELF_TABLE ? load(file, addr, count * 4, ELF_T_WORD) : NULL;
	*ret = data ? data->d_buf : NULL;
	return *ret;
}

static bool read_dynamic(struct elf_file *file, struct dynamic *ret)
{
	GElf_Phdr header;
	GElf_Dyn entry;
	size_t first = 0;
	*ret = (struct dynamic){0};
	if (!program_header(file, PT_DYNAMIC, &first, &header))
		return false;
	Elf_Data *data = load(file, header.p_vaddr, header.p_filesz, ELF_T_DYN);
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		switch (entry.d_tag) {
		case DT_SYMTAB:
			ret->symbols = entry.d_un.d_ptr;
			break;
		case DT_STRTAB:
			ret->strings = entry.d_un.d_ptr;
			break;
		case DT_STRSZ:
			ret->strings_size = entry.d_un.d_val;
			break;
		case DT_HASH:
			ret->hash = entry.d_un.d_ptr;
			break;
		case DT_GNU_HASH:
			ret->gnu_hash = entry.d_un.d_ptr;
			break;
		}
	}
	return ret->symbols && ret->strings;
}

/*
 * The number of symbols stands nowhere. A table of the older kind has a chain for each of
 * them. The newer has the symbols in the order of its buckets, and the chain of the last
 * one ends with a mark: https://sourceware.org/gnu-gabi/program-loading-and-dynamic-linking.txt
 */
static uint64_t count_by_hash(struct elf_file *file, const struct dynamic *dynamic)
{
	uint32_t *head;
	return load_words(file, dynamic->hash, 2, &head) ? head[1] : 0;
}

static uint64_t count_by_gnu_hash(struct elf_file *file, const struct dynamic *dynamic)
{
	uint32_t *head, *buckets, *chain, last = 0;
	uint64_t word_size = gelf_getclass(file->elf) == ELFCLASS64 ? 8 : 4;
	if (!load_words(file, dynamic->gnu_hash, 4, &head))
		return 0;
	uint64_t addr = dynamic->gnu_hash + 16 + head[2] * word_size, offset, room;
	if (!load_words(file, addr, head[0], &buckets))
		return 0;
	for (uint32_t i = 0; i < head[0]; i++)
		last = buckets[i] > last ? buckets[i] : last;
	/* The first ones are in no chain: they are not defined here. */
	if (last < head[1])
		return 0;
	addr += head[0] * 4ull + (last - head[1]) * 4ull;
	if (!find_place(file, addr, &offset, &room))
		return 0;
	uint64_t count = room / 4 < LIMIT_ELF_CHAIN ? room / 4 : LIMIT_ELF_CHAIN;
	if (!load_words(file, addr, count, &chain))
		return 0;
	for (uint64_t i = 0; i < count; i++) {
		if (chain[i] & 1)
			return last + i + 1;
	}
	return 0;
}

static bool find_in_dynamic(struct elf_file *file, const char *name, uint64_t *ret)
{
	struct dynamic dynamic;
	if (!read_dynamic(file, &dynamic))
		return false;
	uint64_t count = dynamic.gnu_hash ? count_by_gnu_hash(file, &dynamic) : 0;
	if (!count && dynamic.hash)
		count = count_by_hash(file, &dynamic);
	if (count > LIMIT_ELF_TABLE)
		return false;
	size_t size = gelf_fsize(file->elf, ELF_T_SYM, 1, EV_CURRENT);
	return find_in_table(load(file, dynamic.symbols, count * size, ELF_T_SYM),
			     load(file, dynamic.strings, dynamic.strings_size, ELF_T_BYTE), name,
			     ret);
}

bool elf_file_symbol(struct elf_file *file, const char *name, uint64_t *addr)
{
	uint64_t value;
	if (!find_in_sections(file, name, &value) && !find_in_dynamic(file, name, &value))
		return false;
	*addr = value + file->bias;
	return true;
}
