# bench: one guest program, build/bench/micro, of all sources here; bench/run is
# the driver of `make bench`.

bench_src := $(wildcard bench/*.c bench/*.S)
ifneq ($(bench_src),)
$(eval $(call guest_program,$(B)/bench/micro,$(bench_src)))
bench_micro := $(B)/bench/micro
all_targets += $(bench_micro)
endif
