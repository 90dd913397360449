# guestlib: the guest's own C library (build/guestlib/libguest.a, crt0.o) and
# its examples. Programs are static, at the default non-PIE address, and may use
# vector registers.

glib_src := $(filter-out guestlib/crt0.%,$(wildcard guestlib/*.c guestlib/*.S))
crt0_src := $(wildcard guestlib/crt0.S guestlib/crt0.c)

glib_cflags = $(bare_cflags) -O2 -fno-tree-loop-distribute-patterns -Iguestlib/include
$(eval $(call component,glib))
# Programs: the library's headers, and the ABI headers for what they inspect.
prog_cflags = $(bare_cflags) -O2 -Iguestlib/include -iquote vmmproc -iquote $(B)/tests
$(eval $(call component,prog))

glib_obj := $(call objects,glib,$(glib_src))
$(call stamp,$(B)/obj/glib.list,$(glib_obj))
$(B)/guestlib/libguest.a: $(glib_obj) $(B)/obj/glib.list
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@; $(AR) rcs $@ $(glib_obj)
$(B)/guestlib/crt0.o: $(call objects,glib,$(crt0_src))
	@mkdir -p $(@D)
	$(call say,CP)cp $< $@

prog_ldflags := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack
prog_runtime := $(B)/guestlib/crt0.o $(B)/guestlib/libguest.a

# $(call guest_program,BINARY,SOURCES): a static guest program.
define guest_program
$(1): $$(call objects,prog,$(2)) $$(prog_runtime)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(CC) $$(prog_ldflags) -o $$@ $$(B)/guestlib/crt0.o \
		$$(call objects,prog,$(2)) $$(B)/guestlib/libguest.a
endef

example_src := $(wildcard guestlib/examples/*.c)
examples    := $(patsubst guestlib/examples/%.c,$(B)/guestlib/examples/%,$(example_src))
$(foreach s,$(example_src),$(eval $(call guest_program,$(B)/guestlib/examples/$(basename $(notdir $(s))),$(s))))

ifneq ($(crt0_src),)
all_targets += $(prog_runtime) $(examples)
endif
