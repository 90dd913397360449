/*
 * Copy-on-write made visible: how much of the machine's free memory each step
 * takes.  fork() copies no page; the first write to a shared page does.
 *
 * Inside Lodger nothing else runs, so the numbers are exact to a few pages of
 * page tables; on a busy host they are blurred.
 *
 * Try: let the child only read; or let both sides write; or use MAP_SHARED.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 2048UL
#define LEN (PAGES * PAGE_SIZE)

static long free_pages(void)
{
	char text[2048];
	char *line;
	ssize_t len;
	int fd = open("/proc/meminfo", O_RDONLY);

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return 0;
	text[len] = '\0';
	line = strstr(text, "MemFree:");
	return line ? atoi(line + strlen("MemFree:")) / 4 : 0;
}

/* Says what changed since the last call. */
static void report(const char *what)
{
	static long last;
	long now = free_pages();

	if (last)
		printf("%-44s %6ld pages\n", what, last - now);
	fflush(stdout);
	last = free_pages();
}

static void touch(volatile char *memory, int do_write)
{
	unsigned long i;

	for (i = 0; i < LEN; i += PAGE_SIZE) {
		if (do_write)
			memory[i] = 1;
		else
			(void)memory[i];
	}
}

static void child(char *memory)
{
	report("fork");
	touch(memory, 0);
	report("the child reads all pages");
	touch(memory, 1);
	report("the child writes all pages");
	_exit(0);
}

int main(void)
{
	char *memory;
	pid_t pid;

	printf("%-44s %6s\n", "step", "takes");
	report("");
	memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	report("mmap of 2048 pages");
	touch(memory, 1);
	report("writing all of them");
	pid = fork();
	if (pid == 0)
		child(memory);
	waitpid(pid, NULL, 0);
	report("after the child: its pages came back");
	touch(memory, 1);
	report("the parent writes: it is alone again");
	munmap(memory, LEN);
	report("munmap");
	return 0;
}
