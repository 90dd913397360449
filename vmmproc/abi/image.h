/*
 * First bytes of a guest-kernel image, at LODGER_IMAGE_ADDR: what the VMM
 * process must know about it. Addresses of instructions are those AFTER the
 * `syscall`, as the host reports them.
 */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#define LODGER_IMAGE_MAGIC 0x494e52454b474c /* "LGKERNI" */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct lodger_image {
	uint64_t magic;
	uint64_t abi_version;
	uint64_t entry;		  /* first instruction: an int3, see start.S */
	uint64_t entry_ready;	  /* address right after that int3 */
	uint64_t gate_open_ip;	  /* the gate's opening host call */
	uint64_t gate_close_ip;	  /* the gate's closing host call */
	uint64_t gate_return_ip;  /* the gate's rt_sigreturn */
	uint64_t host_call_ip;	  /* the one stub for all other host calls */
	/* The call gate of the modes without reflection by SIGUSR1
	 * (hal/prot_gate.S); the three above are prot_mprotect.S's. */
	uint64_t call_entry;	  /* where a tracer or a patched site enters */
	uint64_t call_open_ip;	  /* its opening host call */
	uint64_t call_close_ip;	  /* its closing host call */
	uint64_t nested_return_ip; /* rt_sigreturn of a signal in the kernel */
	uint64_t join;		  /* --space multi: where a further host process
				   * begins */
	/* The same two of --intercept kmod (hal/prot_kmod.S). */
	uint64_t kmod_open_ip, kmod_close_ip;
	uint64_t text, text_end;  /* the core's pages of code */
};
#endif

#endif
