# guestkern: the guest kernel, build/guestkern.elf, and without hal and entry a
# hosted library for unit tests and fuzzing, build/hosted/libguestkern.a.
#
# Includes are written from the component's root ("mm/page.h", "abi/layout.h").
# They are searched by -iquote, not -I, so that guestkern/sys and guestkern/net
# never stand in front of the libc's <sys/...> and <net/...> in hosted builds.

kern_layers  := lib hal mm proc dev fs net sys entry
kern_src     := $(foreach l,$(kern_layers),$(wildcard guestkern/$(l)/*.c guestkern/$(l)/*.S))
kern_include := -iquote guestkern -iquote vmmproc

# Code runs on stacks that the host's signals land on too: no red zone. It saves
# no vector state of its own: general registers only.
kern_cflags = $(bare_cflags) -O2 -mgeneral-regs-only -mno-red-zone \
	-fno-strict-aliasing -Wframe-larger-than=1024 $(kern_include)
ifneq ($(DEBUG),0)
kern_cflags += -fsanitize=undefined -fsanitize-undefined-trap-on-error
endif
$(eval $(call component,kern))

# The string functions must not be compiled into calls of themselves.
$(B)/obj/kern/guestkern/lib/string.o: kern_cflags += -fno-tree-loop-distribute-patterns

# The vDSO (vdso/), which the image carries: a shared object for user mode.
vdso_src    := $(wildcard guestkern/vdso/*.c)
vdso_cflags = $(free_cflags) -O2 -fPIC -fvisibility=hidden -fno-stack-protector \
	-fcf-protection=none -fasynchronous-unwind-tables -mgeneral-regs-only \
	$(kern_include)
$(eval $(call component,vdso))
vdso_obj    := $(call objects,vdso,$(vdso_src))
vdso_ldflags := -nostdlib -shared -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
	-Wl,-Bsymbolic -Wl,--build-id=sha1 -Wl,--eh-frame-hdr -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,--version-script=guestkern/vdso/vdso.map \
	-Wl,-T,guestkern/vdso/vdso.ld
$(B)/vdso.so: $(vdso_obj) guestkern/vdso/vdso.ld guestkern/vdso/vdso.map
	$(call say,LD)$(CC) $(vdso_ldflags) -o $@ $(vdso_obj)
$(B)/vdso.embed.so: $(B)/vdso.so
	$(call say,STRIP)$(OBJCOPY) --strip-all $< $@
kern_cflags += -DLODGER_VDSO_PATH='"$(B)/vdso.embed.so"'
$(B)/obj/kern/guestkern/hal/vdso_image.S.o: $(B)/vdso.embed.so

kern_obj     := $(call objects,kern,$(kern_src))
kern_ldflags := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -Wl,-T,guestkern/guestkern.ld

$(call stamp,$(B)/obj/kern.list,$(kern_obj))
$(B)/guestkern.elf: $(kern_obj) $(B)/obj/kern.list guestkern/guestkern.ld
	$(call say,LD)$(CC) $(kern_ldflags) -Wl,-Map,$(@:.elf=.map) -o $@ $(kern_obj)

# What lodger carries: symbols yes, debug information no.
$(B)/guestkern.embed.elf: $(B)/guestkern.elf
	$(call say,STRIP)$(OBJCOPY) --strip-debug $< $@

ifneq ($(wildcard guestkern/guestkern.ld),)
all_targets += $(B)/guestkern.elf
endif

# Hosted: the libc provides the names of lib/string.c.
klib_src := $(foreach l,$(filter-out hal entry,$(kern_layers)), \
	$(filter-out guestkern/lib/string.c,$(wildcard guestkern/$(l)/*.c)))
klib_cflags = $(free_cflags) -O1 -fno-strict-aliasing \
	$(san_flags) $(kern_include)
$(eval $(call component,klib))

klib_obj := $(call objects,klib,$(klib_src))
$(call stamp,$(B)/obj/klib.list,$(klib_obj))
$(B)/hosted/libguestkern.a: $(klib_obj) $(B)/obj/klib.list
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@; $(AR) rcs $@ $(klib_obj)
