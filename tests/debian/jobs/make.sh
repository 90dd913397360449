cat >Makefile <<'M'
all: $(patsubst %,out%,1 2 3 4 5 6)
	@echo done $^
out%:
	@sleep 0.0$*; echo $* >$@
.PHONY: fail
fail:
	false
include gen.mk
gen.mk:
	echo 'X := made' >$@
show:
	@echo $(X) $(shell echo shell) $(MAKEFLAGS)
M
make -s -j4 2>/dev/null; cat out*; make -s show; make fail; echo $?; make -n out1; make -q; echo $?
