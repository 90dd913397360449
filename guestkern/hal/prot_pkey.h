/* Protection keys, C side: who closes the core by its key and who by a call. */
#ifndef HAL_PROT_PKEY_H
#define HAL_PROT_PKEY_H

#include "hal/host_process.h"

/* From the next leave on p closes its core by a call, until it ends. */
void prot_pkey_by_call(struct host_process *p);
bool prot_pkey_is_by_call(const struct host_process *p);
/* p is another process from now on. */
void prot_pkey_reset(struct host_process *p);

/* prot_gate.c: before leaving: how this host process closes its core. */
void prot_pkey_choose_way_out(void);
/* trap_gate.c: a frame shows that the core was being opened at rip. */
void prot_pkey_opening_at(u64 rip);
/* Where the gate opens again what an interrupt found half opened. */
u64 prot_pkey_open_again(void);
/* Are these places of prot_pkey.S? As the windows of prot_gate.S. */
bool prot_pkey_enters_at(u64 rip);
bool prot_pkey_opens_at(u64 rip);
bool prot_pkey_exits_at(u64 rip);

#endif
