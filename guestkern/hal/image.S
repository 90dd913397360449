/* struct lodger_image (abi/image.h) and the checks that the linker script and
 * layout.h say the same. */
#include "abi/boot_version.h"
#include "abi/image.h"
#include "abi/layout.h"

	.section .image, "a"
	.quad LODGER_IMAGE_MAGIC
	.quad LODGER_ABI_VERSION
	.quad kernel_start
	.quad kernel_start_ready
	.quad gate_open_ip
	.quad gate_close_ip
	.quad gate_return_ip
	.quad host_call_ip
	.quad call_entry
	.quad call_open_ip
	.quad call_close_ip
	.quad nested_return_ip
	.quad kernel_join
	.quad kmod_open_ip
	.quad kmod_close_ip
	.quad image_text
	.quad image_text_end
