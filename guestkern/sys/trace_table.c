/*
 * Names that the trace prints: error numbers and the bits of flag arguments. The
 * values come from the kernel's interface headers; the texts are those that
 * programs print.
 */
#include "sys/trace.h"

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/time.h>

#include "lib/err.h"

#define ERROR(name, text) [name] = { #name, text }
static const struct trace_error errors[] = {
	ERROR(EPERM, "Operation not permitted"),
	ERROR(ENOENT, "No such file or directory"),
	ERROR(ESRCH, "No such process"),
	ERROR(EINTR, "Interrupted system call"),
	ERROR(EIO, "Input/output error"),
	ERROR(ENXIO, "No such device or address"),
	ERROR(E2BIG, "Argument list too long"),
	ERROR(ENOEXEC, "Exec format error"),
	ERROR(EBADF, "Bad file descriptor"),
	ERROR(ECHILD, "No child processes"),
	ERROR(EAGAIN, "Resource temporarily unavailable"),
	ERROR(ENOMEM, "Cannot allocate memory"),
	ERROR(EACCES, "Permission denied"),
	ERROR(EFAULT, "Bad address"),
	ERROR(ENOTBLK, "Block device required"),
	ERROR(EBUSY, "Device or resource busy"),
	ERROR(EEXIST, "File exists"),
	ERROR(EXDEV, "Invalid cross-device link"),
	ERROR(ENODEV, "No such device"),
	ERROR(ENOTDIR, "Not a directory"),
	ERROR(EISDIR, "Is a directory"),
	ERROR(EINVAL, "Invalid argument"),
	ERROR(ENFILE, "Too many open files in system"),
	ERROR(EMFILE, "Too many open files"),
	ERROR(ENOTTY, "Inappropriate ioctl for device"),
	ERROR(ETXTBSY, "Text file busy"),
	ERROR(EFBIG, "File too large"),
	ERROR(ENOSPC, "No space left on device"),
	ERROR(ESPIPE, "Illegal seek"),
	ERROR(EROFS, "Read-only file system"),
	ERROR(EMLINK, "Too many links"),
	ERROR(EPIPE, "Broken pipe"),
	ERROR(EDOM, "Numerical argument out of domain"),
	ERROR(ERANGE, "Numerical result out of range"),
	ERROR(EDEADLOCK, "Resource deadlock avoided"),
	ERROR(ENAMETOOLONG, "File name too long"),
	ERROR(ENOLCK, "No locks available"),
	ERROR(ENOSYS, "Function not implemented"),
	ERROR(ENOTEMPTY, "Directory not empty"),
	ERROR(ELOOP, "Too many levels of symbolic links"),
	ERROR(ENOMSG, "No message of desired type"),
	ERROR(EIDRM, "Identifier removed"),
	ERROR(ECHRNG, "Channel number out of range"),
	ERROR(EL2NSYNC, "Level 2 not synchronized"),
	ERROR(EL3HLT, "Level 3 halted"),
	ERROR(EL3RST, "Level 3 reset"),
	ERROR(ELNRNG, "Link number out of range"),
	ERROR(EUNATCH, "Protocol driver not attached"),
	ERROR(ENOCSI, "No CSI structure available"),
	ERROR(EL2HLT, "Level 2 halted"),
	ERROR(EBADE, "Invalid exchange"),
	ERROR(EBADR, "Invalid request descriptor"),
	ERROR(EXFULL, "Exchange full"),
	ERROR(ENOANO, "No anode"),
	ERROR(EBADRQC, "Invalid request code"),
	ERROR(EBADSLT, "Invalid slot"),
	ERROR(EBFONT, "Bad font file format"),
	ERROR(ENOSTR, "Device not a stream"),
	ERROR(ENODATA, "No data available"),
	ERROR(ETIME, "Timer expired"),
	ERROR(ENOSR, "Out of streams resources"),
	ERROR(ENONET, "Machine is not on the network"),
	ERROR(ENOPKG, "Package not installed"),
	ERROR(EREMOTE, "Object is remote"),
	ERROR(ENOLINK, "Link has been severed"),
	ERROR(EADV, "Advertise error"),
	ERROR(ESRMNT, "Srmount error"),
	ERROR(ECOMM, "Communication error on send"),
	ERROR(EPROTO, "Protocol error"),
	ERROR(EMULTIHOP, "Multihop attempted"),
	ERROR(EDOTDOT, "RFS specific error"),
	ERROR(EBADMSG, "Bad message"),
	ERROR(EOVERFLOW, "Value too large for defined data type"),
	ERROR(ENOTUNIQ, "Name not unique on network"),
	ERROR(EBADFD, "File descriptor in bad state"),
	ERROR(EREMCHG, "Remote address changed"),
	ERROR(ELIBACC, "Can not access a needed shared library"),
	ERROR(ELIBBAD, "Accessing a corrupted shared library"),
	ERROR(ELIBSCN, ".lib section in a.out corrupted"),
	ERROR(ELIBMAX, "Attempting to link in too many shared libraries"),
	ERROR(ELIBEXEC, "Cannot exec a shared library directly"),
	ERROR(EILSEQ, "Invalid or incomplete multibyte or wide character"),
	ERROR(ERESTART, "Interrupted system call should be restarted"),
	ERROR(ESTRPIPE, "Streams pipe error"),
	ERROR(EUSERS, "Too many users"),
	ERROR(ENOTSOCK, "Socket operation on non-socket"),
	ERROR(EDESTADDRREQ, "Destination address required"),
	ERROR(EMSGSIZE, "Message too long"),
	ERROR(EPROTOTYPE, "Protocol wrong type for socket"),
	ERROR(ENOPROTOOPT, "Protocol not available"),
	ERROR(EPROTONOSUPPORT, "Protocol not supported"),
	ERROR(ESOCKTNOSUPPORT, "Socket type not supported"),
	ERROR(EOPNOTSUPP, "Operation not supported"),
	ERROR(EPFNOSUPPORT, "Protocol family not supported"),
	ERROR(EAFNOSUPPORT, "Address family not supported by protocol"),
	ERROR(EADDRINUSE, "Address already in use"),
	ERROR(EADDRNOTAVAIL, "Cannot assign requested address"),
	ERROR(ENETDOWN, "Network is down"),
	ERROR(ENETUNREACH, "Network is unreachable"),
	ERROR(ENETRESET, "Network dropped connection on reset"),
	ERROR(ECONNABORTED, "Software caused connection abort"),
	ERROR(ECONNRESET, "Connection reset by peer"),
	ERROR(ENOBUFS, "No buffer space available"),
	ERROR(EISCONN, "Transport endpoint is already connected"),
	ERROR(ENOTCONN, "Transport endpoint is not connected"),
	ERROR(ESHUTDOWN, "Cannot send after transport endpoint shutdown"),
	ERROR(ETOOMANYREFS, "Too many references: cannot splice"),
	ERROR(ETIMEDOUT, "Connection timed out"),
	ERROR(ECONNREFUSED, "Connection refused"),
	ERROR(EHOSTDOWN, "Host is down"),
	ERROR(EHOSTUNREACH, "No route to host"),
	ERROR(EALREADY, "Operation already in progress"),
	ERROR(EINPROGRESS, "Operation now in progress"),
	ERROR(ESTALE, "Stale file handle"),
	ERROR(EUCLEAN, "Structure needs cleaning"),
	ERROR(ENOTNAM, "Not a XENIX named type file"),
	ERROR(ENAVAIL, "No XENIX semaphores available"),
	ERROR(EISNAM, "Is a named type file"),
	ERROR(EREMOTEIO, "Remote I/O error"),
	ERROR(EDQUOT, "Disk quota exceeded"),
	ERROR(ENOMEDIUM, "No medium found"),
	ERROR(EMEDIUMTYPE, "Wrong medium type"),
	ERROR(ECANCELED, "Operation canceled"),
	ERROR(ENOKEY, "Required key not available"),
	ERROR(EKEYEXPIRED, "Key has expired"),
	ERROR(EKEYREVOKED, "Key has been revoked"),
	ERROR(EKEYREJECTED, "Key was rejected by service"),
	ERROR(EOWNERDEAD, "Owner died"),
	ERROR(ENOTRECOVERABLE, "State not recoverable"),
	ERROR(ERFKILL, "Operation not possible due to RF-kill"),
};
#undef ERROR

/* What a restart code says to somebody who reads a trace. */
static const struct {
	int code;
	struct trace_error error;
} restarts[] = {
	{ ERESTARTSYS,
	  { "ERESTARTSYS", "To be restarted if SA_RESTART is set" } },
	{ ERESTARTNOINTR, { "ERESTARTNOINTR", "To be restarted" } },
	{ ERESTARTNOHAND,
	  { "ERESTARTNOHAND", "To be restarted if no handler" } },
	{ ERESTART_RESTARTBLOCK,
	  { "ERESTART_RESTARTBLOCK", "Interrupted by signal" } },
};

const struct trace_error *trace_error_find(int err)
{
	if (err > 0 && err < (int)ARRAY_SIZE(errors) && errors[err].name)
		return &errors[err];
	for (size_t i = 0; i < ARRAY_SIZE(restarts); i++)
		if (restarts[i].code == err)
			return &restarts[i].error;
	return NULL;
}

bool trace_error_restarts(int err)
{
	return err >= ERESTARTSYS && err <= ERESTART_RESTARTBLOCK;
}

#define BIT_NAME(bit) { bit, #bit }

const struct trace_bit trace_open_bits[] = {
	/* The two that share bits with others come first. */
	BIT_NAME(O_TMPFILE),   BIT_NAME(O_SYNC),     BIT_NAME(O_DSYNC),
	BIT_NAME(O_CREAT),     BIT_NAME(O_EXCL),     BIT_NAME(O_NOCTTY),
	BIT_NAME(O_TRUNC),     BIT_NAME(O_APPEND),   BIT_NAME(O_NONBLOCK),
	BIT_NAME(O_DIRECTORY), BIT_NAME(O_NOFOLLOW), BIT_NAME(O_CLOEXEC),
	BIT_NAME(O_PATH),      BIT_NAME(O_DIRECT),   BIT_NAME(O_LARGEFILE),
	BIT_NAME(O_NOATIME),   { 0, NULL },
};

const struct trace_bit trace_prot_bits[] = {
	BIT_NAME(PROT_READ),
	BIT_NAME(PROT_WRITE),
	BIT_NAME(PROT_EXEC),
	BIT_NAME(PROT_GROWSDOWN),
	{ 0, NULL },
};

const struct trace_bit trace_map_bits[] = {
	/* SHARED_VALIDATE is both bits of the type. */
	BIT_NAME(MAP_SHARED_VALIDATE), BIT_NAME(MAP_SHARED),
	BIT_NAME(MAP_PRIVATE),	       BIT_NAME(MAP_FIXED),
	BIT_NAME(MAP_ANONYMOUS),       BIT_NAME(MAP_GROWSDOWN),
	BIT_NAME(MAP_DENYWRITE),       BIT_NAME(MAP_LOCKED),
	BIT_NAME(MAP_NORESERVE),       BIT_NAME(MAP_POPULATE),
	BIT_NAME(MAP_NONBLOCK),	       BIT_NAME(MAP_STACK),
	BIT_NAME(MAP_HUGETLB),	       BIT_NAME(MAP_FIXED_NOREPLACE),
	{ 0, NULL },
};

#define CHOICE(value) [value] = #value

static const char *const accmodes[] = {
	CHOICE(O_RDONLY), CHOICE(O_WRONLY), CHOICE(O_RDWR),
};
static const char *const whences[] = {
	CHOICE(SEEK_SET), CHOICE(SEEK_CUR), CHOICE(SEEK_END),
};
static const char *const mask_hows[] = { "SIG_BLOCK", "SIG_UNBLOCK",
					 "SIG_SETMASK" };
static const char *const clocks[] = {
	CHOICE(CLOCK_REALTIME),		 CHOICE(CLOCK_MONOTONIC),
	CHOICE(CLOCK_PROCESS_CPUTIME_ID), CHOICE(CLOCK_THREAD_CPUTIME_ID),
	CHOICE(CLOCK_MONOTONIC_RAW),	 CHOICE(CLOCK_REALTIME_COARSE),
	CHOICE(CLOCK_MONOTONIC_COARSE),	 CHOICE(CLOCK_BOOTTIME),
};
static const char *const fcntls[] = {
	CHOICE(F_DUPFD), CHOICE(F_GETFD),  CHOICE(F_SETFD),  CHOICE(F_GETFL),
	CHOICE(F_SETFL), CHOICE(F_GETLK),  CHOICE(F_SETLK),  CHOICE(F_SETLKW),
	CHOICE(F_SETOWN), CHOICE(F_GETOWN), CHOICE(F_SETSIG), CHOICE(F_GETSIG),
};
static const char *const fcntls_linux[] = {
	[F_SETLEASE - F_LINUX_SPECIFIC_BASE] = "F_SETLEASE",
	[F_GETLEASE - F_LINUX_SPECIFIC_BASE] = "F_GETLEASE",
	[F_DUPFD_CLOEXEC - F_LINUX_SPECIFIC_BASE] = "F_DUPFD_CLOEXEC",
	[F_SETPIPE_SZ - F_LINUX_SPECIFIC_BASE] = "F_SETPIPE_SZ",
	[F_GETPIPE_SZ - F_LINUX_SPECIFIC_BASE] = "F_GETPIPE_SZ",
	[F_ADD_SEALS - F_LINUX_SPECIFIC_BASE] = "F_ADD_SEALS",
	[F_GET_SEALS - F_LINUX_SPECIFIC_BASE] = "F_GET_SEALS",
};

static const char *pick(const char *const *names, size_t count, u64 value)
{
	return value < count ? names[value] : NULL;
}

const char *trace_choice(enum trace_choice set, u64 value)
{
	value = (u32)value;
	switch (set) {
	case TRACE_ACCMODE:
		return pick(accmodes, ARRAY_SIZE(accmodes), value);
	case TRACE_WHENCE:
		return pick(whences, ARRAY_SIZE(whences), value);
	case TRACE_MASK_HOW:
		return pick(mask_hows, ARRAY_SIZE(mask_hows), value);
	case TRACE_CLOCK:
		return pick(clocks, ARRAY_SIZE(clocks), value);
	case TRACE_FCNTL:
		if (value >= F_LINUX_SPECIFIC_BASE)
			return pick(fcntls_linux, ARRAY_SIZE(fcntls_linux),
				    value - F_LINUX_SPECIFIC_BASE);
		return pick(fcntls, ARRAY_SIZE(fcntls), value);
	}
	return NULL;
}

bool trace_result_is_address(u16 nr)
{
	return nr == __NR_mmap || nr == __NR_brk || nr == __NR_mremap ||
	       nr == __NR_shmat;
}

bool trace_never_returns(u16 nr)
{
	return nr == __NR_exit || nr == __NR_exit_group;
}
