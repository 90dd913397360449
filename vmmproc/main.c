/* lodger: the command. */
#include <stdarg.h>
#include <stdio.h>

#include "modes.h"
#include "doctor.h"
#include "options.h"
#include "run.h"

#ifndef LODGER_VERSION
#define LODGER_VERSION "0.1"
#endif

int main(int argc, char **argv)
{
	struct options opt;

	if (options_parse(&opt, argc, argv))
		return EXIT_LODGER;
	switch (opt.command) {
	case CMD_RUN:
	case CMD_BOOT:
		return run_machine(&opt);
	case CMD_MODES:
		return modes_print(&opt);
	case CMD_DOCTOR:
		return doctor_print();
	case CMD_HELP:
		options_help(opt.command);
		return 0;
	case CMD_VERSION:
		puts("lodger " LODGER_VERSION);
		return 0;
	}
	return EXIT_LODGER;
}
