/* lodger: the command. */
#include <stdarg.h>
#include <stdio.h>

#include "modes.h"
#include "doctor.h"
#include "image.h"
#include "options.h"
#include "run.h"

#ifndef LODGER_VERSION
#define LODGER_VERSION "0.1"
#endif

static int dispatch(struct options *opt)
{
	switch (opt->command) {
	case CMD_RUN:
	case CMD_BOOT:
		return modes_resolve(opt) ? EXIT_LODGER : run_machine(opt);
	case CMD_MODES:
		return modes_print(opt);
	case CMD_DOCTOR:
		return doctor_print();
	case CMD_IMAGE:
		return image_main(opt);
	case CMD_HELP:
		options_help(opt->help_topic);
		return 0;
	case CMD_VERSION:
		puts("lodger " LODGER_VERSION);
		return 0;
	}
	return EXIT_LODGER;
}

int main(int argc, char **argv)
{
	struct options opt;
	int status;

	if (options_parse(&opt, argc, argv))
		return EXIT_LODGER;
	status = dispatch(&opt);
	options_free(&opt);
	return status;
}
