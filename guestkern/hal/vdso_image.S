/* The vDSO's file (vdso/), for hal's vdso_image. */
	.section .rodata
	.globl vdso_image_start, vdso_image_end
	.balign 8
vdso_image_start:
	.incbin LODGER_VDSO_PATH
vdso_image_end:
