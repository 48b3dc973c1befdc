/* SPDX-License-Identifier: MIT */
/*
 * The program's own functions, whether anything runs them or not: those of its modules and classes, in
 * whatever containers and attributes these have, with all functions inside of them; and those
 * that tasks and threads are in. What each names, and what it does: who may come to an object by the
 * name of a global can be told from that, as code has the names of all that it uses.
 */
#ifndef CLOSURE_PROGRAM_H
#define CLOSURE_PROGRAM_H

#include "base/array.h"
#include "waits/waiting.h"

/* A module that is not the standard library's, nor of a package. */
struct own_module {
	/* Its globals. */
	uint64_t dict;
	/* As sys.modules has it. */
	const char *name;
};
ARRAY(own_modules, struct own_module);

struct own_function {
	const struct code *code;
	/* The globals that it sees; 0: not known. */
	uint64_t globals;
	/* A container or an attribute has it, from where it can be called without its name. */
	bool is_kept;
	/* Its range of program.names. */
	size_t first_name, name_count;
	/* It may come to what is asked for, and may do what is asked for: itself, or what it calls. */
	bool leads, does;
};
ARRAY(own_functions, struct own_function);

/* A name that a function is called by. Names are numbers made of their text. */
struct own_name {
	uint64_t name;
	size_t function;
};
ARRAY(own_names, struct own_name);
ARRAY(name_numbers, uint64_t);

/* What is still to be looked into. */
struct program_place {
	uint64_t addr, name;
	bool is_kept;
	/* It, or what led to it, is a word in memory that may be anything. */
	bool is_guess;
};
ARRAY(program_places, struct program_place);

struct program {
	struct waiting *waiting;
	struct own_modules modules;
	struct own_functions functions;
	struct own_names own_names;
	struct name_numbers names;
	/* Numbers of functions, from 1, by the address of the code; objects that were seen. */
	struct addrmap by_code, seen;
	struct program_places places;
	/* While it is read. */
	struct program_place at;
	size_t function, items, objects;
	/* There was too much, or it could not be read, or is not Python: there may be more functions. */
	bool is_cut;
	/* The same of modules. */
	bool misses_modules;
};

/* A global by whose name something can be come to. */
struct global_name {
	uint64_t dict;
	/* The address of a str. */
	uint64_t name;
};
ARRAY(global_names, struct global_name);

struct program_question {
	const struct global_names *globals;
	/* Numbers of names of attributes that lead there, whatever has them. */
	const struct name_numbers *attributes;
	/* Bits of enum deed. */
	unsigned int deeds;
	/* Codes that do not matter, by address: what ran them is known, and does no more. */
	const struct addrmap *excused;
};

/* is_over: by task, what it has in variables is not used any more. program_deinit() is needed in any
 * case. */
int program_read(struct waiting *waiting, const bool *is_over, struct program *ret);
void program_deinit(struct program *program);

/* The number of a name; of a str at an address, 0 if it is none. */
uint64_t program_number(const char *text);
int program_number_at(struct decoder *decoder, uint64_t str, uint64_t *ret);

/* Modules alone, of all interpreters. */
int program_read_modules(struct program *program);

/* Add a function's code; look into an object later. name: what functions are called by there, or 0. */
int program_add(struct program *program, const struct code *code, uint64_t globals, uint64_t name,
		bool is_kept);
int program_push(struct program *program, uint64_t addr, uint64_t name, bool is_kept);

/* ---- running.c ---- */

/* What runs, or is to be called: all that is in variables of tasks and threads, and callbacks. */
int running_read(struct program *program, const bool *is_over);

/* ---- callers.c ---- */

/* Whether some function that is not excused may do it to what the globals lead to. */
int program_ask(struct program *program, const struct program_question *question, bool *ret);

#endif
