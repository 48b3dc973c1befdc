/* SPDX-License-Identifier: MIT */
/*
 * An ELF file as a process has mapped it: where it was loaded, its sections and symbols.
 *
 * libelf does the parsing, of a file or of an image of one that was put together from the
 * memory of the process. Such an image, and a file that was stripped of more than usual,
 * has no section headers: its symbols are found as the dynamic linker finds them. Files
 * come from the target and are not trusted; they are read, never mapped, because one that
 * shrinks meanwhile would end our process.
 */
#ifndef PROCESS_ELF_FILE_H
#define PROCESS_ELF_FILE_H

#include "aiodbg.h"

#include <libelf.h>

struct elf_file {
	Elf *elf;
	/* Owned; -1 and NULL if there is none. */
	int fd;
	char *image;
	/* What is to be added to the file's addresses: elf_file_find_bias(). */
	uint64_t bias;
	/* Bytes of its tables that were looked through so far. And there were tables that are too
	 * large for that. */
	uint64_t looked;
	bool cut;
};

/* Bytes that decide if something is an ELF file, and of which kind: e_ident. */
#define ELF_IDENT_SIZE 16

/* 4 or 8, and enum aiodbg_byte_order; 0 if these are not the first bytes of an ELF file. */
uint32_t elf_ident_word_size(const uint8_t *ident);
uint32_t elf_ident_byte_order(const uint8_t *ident);

/*
 * Open a file or an image of one, which are closed or freed with it, also on failure.
 * Returns 0, AIODBG_NOT_FOUND if it is no ELF file that can be used, or AIODBG_NO_MEMORY.
 */
int elf_file_open(struct elf_file *file, int fd);
int elf_file_open_image(struct elf_file *file, char *image, size_t size);
void elf_file_close(struct elf_file *file);

/* The next segment that is loaded; false behind the last. *index is 0 for the first one, and
 * moves on. */
struct elf_segment {
	uint64_t addr, offset, file_size;
};
bool elf_file_segment(const struct elf_file *file, size_t *index, struct elf_segment *ret);

/* The same of segments with notes. */
bool elf_file_notes(const struct elf_file *file, size_t *index, struct elf_segment *ret);

/* Learn the bias from where the start of the file was mapped; false if it is not loaded. */
bool elf_file_find_bias(struct elf_file *file, uint64_t start);

/* Address and length in the process of the first section of that name. */
bool elf_file_section(struct elf_file *file, const char *name, uint64_t *addr, uint64_t *len);

/* Address in the process of the symbol, if the file defines it. */
bool elf_file_symbol(struct elf_file *file, const char *name, uint64_t *addr);

#endif
