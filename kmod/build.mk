# kmod: the optional host kernel module. Nothing else needs it, and nothing but
# these goals needs kernel headers:
#
#   make kmod            KDIR= the headers' build folder (default: the newest here)
#   make kmod-install    into DESTDIR/lib/modules/RELEASE/extra, for that kernel
#   make kmod-dkms       the sources into DESTDIR/usr/src, for dkms
#
# The sources are copied into build/kmod/RELEASE first: the kernel's build leaves
# its files beside them.

KDIR ?= $(lastword $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V))
kmod_release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
kmod_version := 1
kmod_files := $(wildcard kmod/*.c kmod/*.h) kmod/Kbuild kmod/dkms.conf
kmod_abi := vmmproc/abi/kmod.h
kmod_dkms = $(DESTDIR)/usr/src/lodger-$(kmod_version)

.PHONY: kmod kmod-install kmod-dkms
kmod:
	@[ -n "$(KDIR)" ] && [ -d "$(KDIR)" ] || { echo 'kmod: no kernel headers here:' \
		'install linux-headers-amd64, or give KDIR='; exit 1; }
	@out=$(B)/kmod/$(kmod_release) && mkdir -p $$out/abi && \
	for f in $(kmod_files) abi/$(notdir $(kmod_abi)); do \
		from=$$f to=$$out/$${f#kmod/}; \
		case $$f in abi/*) from=$(kmod_abi) ;; esac; \
		cmp -s $$from $$to || cp $$from $$to || exit 1; \
	done && \
	$(MAKE) -s -C $(KDIR) M=$(abspath $(B))/kmod/$(kmod_release) \
		CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(filter-out 0,$(WERROR)),KCFLAGS=-Werror) \
		modules && \
	echo "  KMOD    $$out/lodger.ko"

kmod-install: kmod
	install -D -m 0644 $(B)/kmod/$(kmod_release)/lodger.ko \
		$(DESTDIR)/lib/modules/$(kmod_release)/extra/lodger.ko
	[ -n "$(DESTDIR)" ] || depmod $(kmod_release)

kmod-dkms:
	install -d $(kmod_dkms)/abi
	install -m 0644 $(kmod_files) $(kmod_dkms)
	install -m 0644 $(kmod_abi) $(kmod_dkms)/abi
	@echo 'Now type: dkms install lodger/$(kmod_version)'
