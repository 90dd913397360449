# Lodger: one non-recursive Makefile, one build.mk a folder.
#
#   make            build everything           make run     a guest on real input
#   make check      the default test set       make check-all  every declared set
#   make bench      the measurements           make fuzz    T=SECONDS of mutation
#   make bench-kmod   the ladder of the host kernel module, emulated (docs/kmod.md)
#   make bench-macro  whole jobs of Debian programs, natively and in the guest
#   make install    PREFIX= DESTDIR=           make clean
#
# V=1 shows the commands, WERROR=0 lets warnings pass, DEBUG=1 builds the guest
# kernel with trapping UBSan, SAN= names the sanitizers of hosted test code,
# SET= names the mechanism set of `make check` (tests/sets), J= the test jobs.
#
# A new .c or .S file in a known folder is picked up with no edit: the build.mk
# files list sources by $(wildcard ...).

B       := build
V       ?= 0
WERROR  ?= 1
DEBUG   ?= 0
SAN     ?= address,undefined
PREFIX  ?= /usr/local
DESTDIR ?=
T       ?= 30
SEED    ?= 1
J       ?= 2

ifeq ($(origin CC),default)
CC := gcc
endif
AR      ?= ar
OBJCOPY ?= objcopy
PYTHON  ?= python3

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.PHONY: all run check check-all test-build bench bench-kmod bench-macro fuzz install clean coverage
all:

# The first three install what they miss before they build, and clean needs
# nothing; every other goal builds at once, so says at once what is missing.
self_installing := run check check-all clean
ifneq ($(filter-out $(self_installing),$(or $(MAKECMDGOALS),all)),)
missing := $(shell scripts/deps --command)
ifneq ($(missing),)
$(info Packages are missing. Type this one command, then make again:)
$(info )
$(info $()    $(missing))
$(info )
$(error missing packages)
endif
endif

# ---- How to say and do ------------------------------------------------------

ifeq ($(V),0)
say = @printf '  %-7s %s\n' $(1) $(or $(2),$@);
else
say =
endif

# $(call stamp,FILE,CONTENT): FILE changes exactly when CONTENT does, so that
# what depends on it is made again after a change of flags or of a file list.
define stamp
$(shell mkdir -p $(dir $(1)); printf '%s\n' '$(subst ','\'',$(2))' | \
	cmp -s - $(1) || printf '%s\n' '$(subst ','\'',$(2))' > $(1))
endef

# $(call component,NAME): pattern rules that compile any source of the tree into
# build/obj/NAME/ with $(NAME_cflags).
define component
ifneq ($$(MAKECMDGOALS),clean)
$$(call stamp,$$(B)/obj/$(1).flags,$$(CC) $$($(1)_cflags))
endif
$$(B)/obj/$(1)/%.o: %.c $$(B)/obj/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$($(1)_cflags) -MMD -MP -c -o $$@ $$<
$$(B)/obj/$(1)/%.S.o: %.S $$(B)/obj/$(1).flags
	@mkdir -p $$(@D)
	$$(call say,AS)$$(CC) $$(filter-out -std=%,$$($(1)_cflags)) -MMD -MP -c -o $$@ $$<
endef

# $(call objects,COMPONENT,SOURCES): x.c becomes x.o, x.S becomes x.S.o, so that
# the two may stand side by side.
objects = $(patsubst %.c,$(B)/obj/$(1)/%.o,$(patsubst %.S,$(B)/obj/$(1)/%.S.o,$(2)))

# ---- Flags ------------------------------------------------------------------

warn_cflags := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wvla $(if $(filter-out 0,$(WERROR)),-Werror)

# Kernel-interface headers (linux/, asm/) without the libc's that lie beside
# them: freestanding code that includes a libc header does not compile.
uapi        := $(B)/uapi
gcc_include  = $(shell $(CC) -print-file-name=include 2>/dev/null)
bare_include = -nostdinc -isystem $(gcc_include) -isystem $(uapi)
ifneq ($(MAKECMDGOALS),clean)
$(shell mkdir -p $(uapi); for d in linux asm-generic asm mtd scsi; do \
	for p in /usr/include /usr/include/x86_64-linux-gnu; do \
		[ ! -d $$p/$$d ] || ln -sfn $$p/$$d $(uapi)/$$d; done; done)
endif

hosted_cflags := -std=gnu11 -D_GNU_SOURCE -g $(warn_cflags)
free_cflags    = -std=gnu11 -ffreestanding -g $(warn_cflags) $(bare_include)
bare_cflags    = $(free_cflags) -fno-pic -no-pie -mcmodel=small -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables
san_flags     := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer)

# Targets of the folders below gather here.
all_targets  :=
test_targets :=
fuzz_targets :=

include vmmproc/build.mk
include guestkern/build.mk
include guestlib/build.mk
include bench/build.mk
include tests/build.mk
-include $(wildcard kmod/build.mk docs/build.mk)

all: $(all_targets)

# ---- The two README commands and their company -------------------------------

# `run`, `check` and `check-all` first install what is missing, then make again:
# only then is what the build looks at on reading these files there. They build
# with $(J) jobs unless make was told otherwise.

jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(J))

run:
	@scripts/deps
	@$(MAKE) $(jobs) all
	@if [ -t 0 ]; then exec $(B)/lodger run; else LODGER=$(B)/lodger exec scripts/demo; fi

check:
	@scripts/deps
	@$(MAKE) $(jobs) test-build
	@LODGER_BUILD=$(B) tests/run --jobs $(J) $(if $(SET),--set $(SET)) $(GROUPS)

check-all:
	@scripts/deps
	@$(MAKE) $(jobs) test-build
	@LODGER_BUILD=$(B) tests/run --jobs $(J) --all \
		--fuzz-seconds $(T) --seed $(SEED)

# Everything that `make check` runs.
test-build: all $(test_targets) $(fuzz_targets)

# Which test exercises which system call: build/coverage.md.
coverage:
	@mkdir -p $(B)
	@$(PYTHON) scripts/gen_coverage.py $(B)/coverage.md

fuzz: all $(fuzz_targets) $(B)/testroot.cpio
	@LODGER_BUILD=$(B) tests/run --jobs $(J) --fuzz-seconds $(T) --seed $(SEED) \
		$(if $(SET),--set $(SET)) fuzz

bench: all
	@if [ -x bench/run ]; then exec bench/run $(BENCH_ARGS); \
	else echo 'bench/run does not exist yet'; exit 1; fi

bench-kmod: test-build
	@scripts/kmod-lab --bench

bench-macro: all debian-root
	@$(PYTHON) bench/macro.py $(BENCH_ARGS)

install: all
	install -D -m 0755 $(B)/lodger $(DESTDIR)$(PREFIX)/bin/lodger
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/lodger/LICENSE
	$(if $(wildcard docs/lodger.1),install -D -m 0644 docs/lodger.1 \
		$(DESTDIR)$(PREFIX)/share/man/man1/lodger.1)

clean:
	rm -rf $(B)

ifneq ($(MAKECMDGOALS),clean)
-include $(shell [ ! -d $(B)/obj ] || find $(B)/obj -name '*.d')
endif
