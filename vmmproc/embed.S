/*
 * The two files that make the lodger binary the whole product: the guest kernel
 * (a static ELF) and the default root archive (newc cpio). Each begins on a
 * page, so that the loader may map it where it lies.
 *
 * The build gives the paths: LODGER_GUESTKERN_PATH, LODGER_ROOTFS_PATH.
 */

	.section .rodata

	.balign	4096
	.globl	lodger_guestkern_start, lodger_guestkern_end
lodger_guestkern_start:
	.incbin	LODGER_GUESTKERN_PATH
lodger_guestkern_end:

	.balign	4096
	.globl	lodger_rootfs_start, lodger_rootfs_end
lodger_rootfs_start:
	.incbin	LODGER_ROOTFS_PATH
lodger_rootfs_end:

	.section .note.GNU-stack, "", @progbits
