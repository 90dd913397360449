# docs: what is generated from sources. docs/syscalls.md is kept in the tree, so
# that it can be read without building; it is made again when the table changes.

docs/syscalls.md: guestkern/sys/syscalls.def scripts/gen_syscall_doc.py
	$(call say,DOC)$(PYTHON) scripts/gen_syscall_doc.py $< $@

all_targets += docs/syscalls.md
