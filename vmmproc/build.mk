# vmmproc: the VMM process, build/lodger. It carries the guest kernel and the
# default root archive inside itself (embed.S).

vmm_src     := $(wildcard vmmproc/*.c) vmmproc/embed.S
vmm_libs    := -lseccomp -lcap -lz
vmm_include := -iquote vmmproc
embed_defs  := -DLODGER_GUESTKERN_PATH='"$(B)/guestkern.embed.elf"' \
	-DLODGER_ROOTFS_PATH='"$(B)/rootfs.cpio"'

ifeq ($(DEBUG),0)
vmm_opt := -O2 -D_FORTIFY_SOURCE=2
else
vmm_opt := -Og
endif
vmm_cflags := $(hosted_cflags) $(vmm_opt) -fstack-protector-strong \
	$(vmm_include) $(embed_defs)
$(eval $(call component,vmm))

# The same sources under the sanitizers, without main, for tests and fuzzing.
vmmsan_cflags := $(hosted_cflags) -O1 $(san_flags) $(vmm_include) $(embed_defs)
$(eval $(call component,vmmsan))

vmm_obj    := $(call objects,vmm,$(vmm_src))
vmmsan_obj := $(call objects,vmmsan,$(filter-out vmmproc/main.c,$(vmm_src)))

$(B)/obj/vmm/vmmproc/embed.S.o $(B)/obj/vmmsan/vmmproc/embed.S.o: \
	$(B)/guestkern.embed.elf $(B)/rootfs.cpio

$(call stamp,$(B)/obj/vmm.list,$(vmm_obj))
$(B)/lodger: $(vmm_obj) $(B)/obj/vmm.list
	$(call say,LD)$(CC) -Wl,-z,relro,-z,now -o $@ $(vmm_obj) $(vmm_libs)

$(B)/hosted/libvmm.a: $(vmmsan_obj) $(B)/obj/vmm.list
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@; $(AR) rcs $@ $(vmmsan_obj)

$(B)/rootfs.cpio: scripts/mkroot.py
	$(call say,ROOT)$(PYTHON) scripts/mkroot.py -o $@

all_targets += $(B)/rootfs.cpio
ifneq ($(wildcard vmmproc/main.c),)
all_targets += $(B)/lodger
endif
