/* SPDX-License-Identifier: MIT */
/* What is installed beside the program, made from the library's table of commands. */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

/* Printed by `aiodbg --print-man` and `aiodbg --print-completion`, when this is built. */
void pages_print_man(void);
void pages_print_completion(void);

#endif
