/* Numbers and layouts of the socket interface (socket(2), sendmsg(2)) that the
 * kernel's interface headers leave to the libc. x86-64 values. */
#ifndef NET_ABI_H
#define NET_ABI_H

#include <asm/socket.h>

#include "lib/types.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_MAX 46

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_RDM 4
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MAX 11
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000

#define MSG_OOB 1u
#define MSG_PEEK 2u
#define MSG_DONTROUTE 4u
#define MSG_CTRUNC 8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_EOR 0x80u
#define MSG_WAITALL 0x100u
#define MSG_ERRQUEUE 0x2000u
#define MSG_NOSIGNAL 0x4000u
#define MSG_MORE 0x8000u
#define MSG_WAITFORONE 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u
/* Refused from programs: bits that Linux keeps for itself. */
#define MSG_INTERNAL 0x80000000u

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

#define SOL_NETLINK 270

#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD 253

#define SOMAXCONN 4096
#define SOCKADDR_MAX 128 /* sizeof(struct sockaddr_storage) */

/* As struct msghdr, struct mmsghdr, struct cmsghdr, struct ucred, struct linger
 * lie in user memory. */
struct user_msghdr {
	u64 name;
	s32 namelen;
	u32 pad1;
	u64 iov, iovlen;
	u64 control, controllen;
	u32 flags, pad2;
};
struct user_mmsghdr {
	struct user_msghdr hdr;
	u32 len, pad;
};
struct cmsg_header {
	u64 len;
	s32 level, type;
};
struct user_cred {
	s32 pid;
	u32 uid, gid;
};
struct user_linger {
	s32 on, seconds;
};

#define CMSG_ALIGN_(len) ALIGN_UP((u64)(len), 8UL)
#define CMSG_LEN_(len) (sizeof(struct cmsg_header) + (u64)(len))
#define CMSG_SPACE_(len) (sizeof(struct cmsg_header) + CMSG_ALIGN_(len))

#endif
