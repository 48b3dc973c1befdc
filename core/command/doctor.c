/* SPDX-License-Identifier: MIT */
/* asyncio doctor: where others refuse to answer for a reason, this one answers with the reason. */
#include "session/doctor.h"
#include "command/command.h"

static int run_doctor(const struct run *run, struct aiodbg_error *err)
{
	struct aiodbg_options how;
	struct doctor doctor;
	uint32_t pid;
	int status = run_choose_target(run, err, &how, &pid);
	if (status)
		return status;
	status = doctor_init(&doctor, run->target, pid, &how, err);
	if (!status)
		status = run_write(run, &(const struct view){.doctor = &doctor}, err);
	doctor_deinit(&doctor);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.operand = "[PID]",
	.operands = OPERAND_PID,
	.summary = "Examine why tasks are missing, or why nothing can be read.",
	.help = "What was looked for and what was found: the runtime, its version and layout, the\n"
		"threads, event loops and lists of tasks; what could not be read, the likely\n"
		"reason, and what to do. Paste it into a report of a mistake.\n"
		"A PID alone is short for --pid PID.\n",
	.shows = SHOW_DOCTOR,
	.formats = (const char *const[]){"text", NULL},
	.options = (const struct option *const[]){&option_pid, &option_retries, &option_output,
						  &option_help, NULL},
	.run = run_doctor,
};
