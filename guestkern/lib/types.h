/* Integer names, opaque addresses and the few macros used everywhere. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* An address in guest user space: an integer, followed only by the functions
 * of mm/uaccess.h. */
typedef u64 uaddr_t;

/* Guest physical address: byte offset in the RAM file. Converted to anything
 * the host understands only in hal. */
typedef struct {
	u64 v;
} gpa_t;

/* Page frame number: gpa >> PAGE_SHIFT. */
typedef u32 pfn_t;
#define PFN_NONE ((pfn_t)0xffffffffu)

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define ALIGN_UP(x, a) (((x) + ((a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_US 1000ULL

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __noreturn __attribute__((noreturn))

static inline gpa_t pfn_to_gpa(pfn_t pfn)
{
	return (gpa_t){ (u64)pfn << PAGE_SHIFT };
}

#endif
