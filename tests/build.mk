# tests: what `make check` runs, apart from the runner itself (tests/run).
#
#   unit/    Check, on the hosted guest kernel      build/tests/unit-tests
#   vmm/     Check, on the hosted VMM process       build/tests/vmm-tests
#   guest/   one guest program a file (lib*: shared) build/tests/guest/NAME
#   attack/  the same, hostile to the guest kernel   build/tests/attack/NAME
#   hostile/ a guest kernel hostile to the VMM       build/tests/hostile/hostile.elf
#   tools/   tests of scripts/, and helpers in C     build/tests/tools/NAME
#   e2e/     shell scripts around build/lodger
#   stress/  a program of many threads, processes and files, for e2e/stress.sh
#   emulated/  shell scripts around scripts/emulated-host (host_*: run here)
#   debian/  jobs for programs of a Debian root, and Python's own tests, compared with the
#            host; python.py --all also runs the long ones of those
#   differential/  one program for the host's libc   build/tests/differential/diff
#   fuzz/    fuzz_NAME.c with fuzz/driver.c          build/fuzz/NAME

# ---- Hosted tests -------------------------------------------------------------
# Each test_NAME.c defines `Suite *NAME_suite(void)`; suites.inc, made from the
# list of files, names them all to the one runner (check_main.c, unless the
# folder has a main.c of its own).

check_libs := -lcheck_pic -lsubunit -lm -lrt -pthread

utest_cflags := $(hosted_cflags) -O1 $(san_flags) -iquote guestkern -iquote vmmproc \
	-iquote $(B)/tests/unit
$(eval $(call component,utest))
vtest_cflags := $(hosted_cflags) -O1 $(san_flags) -iquote vmmproc -iquote $(B)/tests/vmm
$(eval $(call component,vtest))

define suites_inc
$(call stamp,$(B)/tests/$(1)/suites.inc,$(foreach t,$(patsubst tests/$(1)/test_%.c,%,$(wildcard tests/$(1)/test_*.c)),SUITE($(t))))
endef
$(call suites_inc,unit)
$(call suites_inc,vmm)

unit_src := $(wildcard tests/unit/*.c) $(if $(wildcard tests/unit/main.c),,tests/check_main.c)
unit_obj := $(call objects,utest,$(unit_src))
# of the VMM, the broker's part that serves requests
unit_vmm_obj := $(foreach n,check node owner serve xattr,$(call objects,vmmsan,vmmproc/broker_$(n).c))
$(B)/tests/unit-tests: $(unit_obj) $(unit_vmm_obj) $(B)/hosted/libguestkern.a \
		$(B)/tests/unit/suites.inc
	$(call say,LD)$(CC) $(san_flags) -o $@ $(unit_obj) $(unit_vmm_obj) \
		$(B)/hosted/libguestkern.a $(check_libs)

vtest_src := $(wildcard tests/vmm/*.c) $(if $(wildcard tests/vmm/main.c),,tests/check_main.c)
vtest_obj := $(call objects,vtest,$(vtest_src))
$(B)/tests/vmm-tests: $(vtest_obj) $(B)/hosted/libvmm.a $(B)/tests/vmm/suites.inc
	$(call say,LD)$(CC) $(san_flags) -o $@ $(vtest_obj) $(B)/hosted/libvmm.a \
		$(vmm_libs) $(check_libs)

ifneq ($(wildcard tests/unit/test_*.c),)
test_targets += $(B)/tests/unit-tests
endif
ifneq ($(wildcard tests/vmm/test_*.c),)
test_targets += $(B)/tests/vmm-tests
endif

# ---- Guest programs -----------------------------------------------------------

# $(call guest_tests,FOLDER): sources but helpers, one program each.
define guest_tests
$(1)_helpers := $$(wildcard tests/$(1)/lib*.c tests/$(1)/lib*.S)
$(1)_src     := $$(filter-out $$($(1)_helpers),$$(wildcard tests/$(1)/*.c tests/$(1)/*.S))
$(1)_bin     := $$(patsubst tests/$(1)/%,$$(B)/tests/$(1)/%,$$(basename $$($(1)_src)))
$$(foreach s,$$($(1)_src),$$(eval $$(call guest_program,$$(B)/tests/$(1)/$$(basename $$(notdir $$(s))),$$(s) $$($(1)_helpers))))
test_targets += $$($(1)_bin)
endef
$(eval $(call guest_tests,guest))
$(eval $(call guest_tests,attack))

# Where the guest kernel has instructions that an attack is about (a_pkey*.c).
kernel_places := $(B)/tests/kernel_places.h
$(kernel_places): $(B)/guestkern.elf scripts/kernel_places
	@mkdir -p $(@D)
	$(call say,GEN)scripts/kernel_places $< >$@
$(call objects,prog,$(wildcard tests/attack/a_pkey*.c)): $(kernel_places)

# The differential program runs on both sides: an ordinary static program of the host's
# compiler and libc.
diff_src := $(wildcard tests/differential/*.c)
tdiff_cflags := -std=gnu11 -O1 -g -D_GNU_SOURCE -Wall -Wextra -Wno-unused-result \
	-Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -Wno-format-truncation \
	-Wno-restrict -Wno-unused-parameter -iquote tests/differential
$(eval $(call component,tdiff))
diff_obj := $(call objects,tdiff,$(diff_src))
diff_bin := $(B)/tests/differential/diff
$(diff_bin): $(diff_obj)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -static -o $@ $(diff_obj)
test_targets += $(diff_bin)

# So is the program of e2e/stress.sh.
tstress_cflags := $(hosted_cflags) -D_GNU_SOURCE -O1 -pthread
$(eval $(call component,tstress))
stress_bin := $(B)/tests/stress/stress
$(stress_bin): $(call objects,tstress,tests/stress/stress.c)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -static -pthread -o $@ $^
test_targets += $(stress_bin)

# The root archive of the tests: the default root, and every guest program.
bash_static := $(firstword $(wildcard /bin/bash-static /usr/bin/bash-static))
testroot_add := $(foreach p,$(guest_bin),--add $(p):/tests/$(notdir $(p))) \
	$(foreach p,$(attack_bin),--add $(p):/attacks/$(notdir $(p))) \
	$(foreach p,$(examples),--add $(p):/examples/$(notdir $(p))) \
	$(foreach p,$(bench_micro),--add $(p):/bench/$(notdir $(p))) \
	--add $(diff_bin):/differential --add $(stress_bin):/stress \
	$(foreach p,$(bash_static),--add $(p):/bin/bash)
$(call stamp,$(B)/obj/testroot.list,$(testroot_add))
$(B)/testroot.cpio: scripts/mkroot.py $(B)/obj/testroot.list $(guest_bin) $(attack_bin) \
		$(examples) $(bench_micro) $(diff_bin) $(stress_bin)
	$(call say,ROOT)$(PYTHON) scripts/mkroot.py -o $@ $(testroot_add)
test_targets += $(B)/testroot.cpio

# ---- Hostile guest kernels ----------------------------------------------------
# One image: hal and lib as in the guest kernel, tests/hostile above them.

hostile_kern_src := $(foreach l,lib hal,$(wildcard guestkern/$(l)/*.c guestkern/$(l)/*.S))
hostile_obj := $(call objects,kern,$(wildcard tests/hostile/*.c tests/hostile/*.S) \
	$(hostile_kern_src))
$(call stamp,$(B)/obj/hostile.list,$(hostile_obj))
$(B)/tests/hostile/hostile.elf: $(hostile_obj) $(B)/obj/hostile.list guestkern/guestkern.ld
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(kern_ldflags) -o $@ $(hostile_obj)
test_targets += $(B)/tests/hostile/hostile.elf

# ---- Hosted helpers of the scripts ----------------------------------------------

ttool_cflags := $(hosted_cflags) -O1
$(eval $(call component,ttool))
ttools := $(patsubst tests/tools/%.c,$(B)/tests/tools/%,$(wildcard tests/tools/*.c))
$(ttools): $(B)/tests/tools/%: $(B)/obj/ttool/tests/tools/%.o
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -o $@ $< -lseccomp
test_targets += $(ttools)

# ---- Debian roots -------------------------------------------------------------
# For the group debian: each root as an archive and as an image, for the machine, and
# unpacked, for the same jobs on the host. Downloads packages. The list packages makes root,
# packages.high makes high (tests/debian/sides.py).

define debian_root
$(B)/debian/$(1).tar: scripts/mkrootfs tests/debian/$(2) | all
	@mkdir -p $$(@D)
	$$(call say,ROOT)scripts/mkrootfs -o $$@ --image $(B)/debian/$(1).ext2 \
		--list tests/debian/$(2)
$(B)/debian/$(1)/.made: $(B)/debian/$(1).tar
	@rm -rf $$(@D) && mkdir -p $$(@D)
	$$(call say,TAR)tar -C $$(@D) -xpf $$< && touch $$@
debian-root: $(B)/debian/$(1)/.made
endef
$(eval $(call debian_root,root,packages))
$(eval $(call debian_root,high,packages.high))
.PHONY: debian-root

# ---- Fuzzing ------------------------------------------------------------------
# fuzz_vmm_NAME.c is linked with the hosted VMM, every other with the hosted
# guest kernel and the unit tests' fake hal.

fake_obj := $(call objects,utest,$(wildcard tests/unit/fake_hal*.c))
define fuzz_program
$(B)/fuzz/$(1): $$(call objects,utest,tests/fuzz/fuzz_$(1).c tests/fuzz/driver.c \
		$(if $(filter vmm_%,$(1)),tests/fuzz/scratch.c)) \
		$(if $(filter vmm_%,$(1)),$$(B)/hosted/libvmm.a,$$(fake_obj) $(unit_vmm_obj) $$(B)/hosted/libguestkern.a)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(CC) $$(san_flags) -o $$@ $$(filter %.o %.a,$$^) \
		$(if $(filter vmm_%,$(1)),$$(vmm_libs))
endef
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(foreach n,$(fuzz_names),$(eval $(call fuzz_program,$(n))))
fuzz_targets += $(addprefix $(B)/fuzz/,$(fuzz_names))

# ---- The host module's device -----------------------------------------------------
# Ordinary static programs, for the emulated host of scripts/kmod-lab.

tkmod_cflags := -std=gnu11 -O1 -g -D_GNU_SOURCE $(warn_cflags) -iquote tests/kmod -iquote vmmproc
$(eval $(call component,tkmod))
tkmod_bin := $(B)/tests/kmod/device $(B)/tests/kmod/fuzz $(B)/tests/kmod/cost
tkmod_lib := $(call objects,tkmod,$(wildcard tests/kmod/lib*.c tests/kmod/lib*.S))
$(tkmod_bin): $(B)/tests/kmod/%: $(B)/obj/tkmod/tests/kmod/%.o $(tkmod_lib)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -static -o $@ $^ -pthread
test_targets += $(tkmod_bin)
