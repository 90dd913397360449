/* Version of the contract in abi/: raised with every incompatible change. */
#ifndef ABI_BOOT_VERSION_H
#define ABI_BOOT_VERSION_H

#define LODGER_ABI_VERSION 11

#endif
