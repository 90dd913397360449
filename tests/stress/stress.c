/*
 * Many of everything, again and again: threads, processes, open files, a large file.
 * An ordinary program of the host's compiler and libc. After the last round the
 * machine must have as much free memory and as few processes and open files as after
 * the first, which fills caches.
 *
 * Usage: stress SECONDS THREADS PROCESSES FILES MIB
 * Says "ready" and waits for a line after the first round, "done" before it ends: who
 * runs it may count what the host has then. tests/e2e/stress.sh does.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES 65536
#define PIECE_BYTES 65536
#define TOUCHED_BYTES (64 << 10)
/* Free memory may differ by the kernel's own lists. */
#define SLACK_KIB 4096

struct state {
	long free_kib, processes, files;
};

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* --- threads ------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void *thread(void *number)
{
	pthread_barrier_wait(&barrier); /* all are there */
	pthread_mutex_lock(&mutex);
	sum += (long)number;
	pthread_mutex_unlock(&mutex);
	return number;
}

static void many_threads(int count)
{
	pthread_t *ids = calloc((size_t)count, sizeof(*ids));
	pthread_attr_t attr;
	void *number;

	need(ids != NULL, "calloc");
	sum = 0;
	pthread_barrier_init(&barrier, NULL, (unsigned int)count);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (long i = 0; i < count; i++)
		need(pthread_create(&ids[i], &attr, thread, (void *)i) == 0, "pthread_create");
	for (long i = 0; i < count; i++)
		need(pthread_join(ids[i], &number) == 0 && (long)number == i, "pthread_join");
	need(sum == (long)count * (count - 1) / 2, "sum of the threads");
	pthread_attr_destroy(&attr);
	pthread_barrier_destroy(&barrier);
	free(ids);
}

/* --- processes ----------------------------------------------------------------------- */

static void child(int number, int go, int ready)
{
	char *memory = malloc(TOUCHED_BYTES), byte;

	if (!memory)
		_exit(255);
	memset(memory, number, TOUCHED_BYTES);
	if (write(ready, "x", 1) != 1)
		_exit(254);
	if (read(go, &byte, 1) != 0) /* its end */
		_exit(253);
	_exit(memory[TOUCHED_BYTES / 2] == (char)number ? number % 200 : 252);
}

static void many_processes(int count)
{
	pid_t *pids = calloc((size_t)count, sizeof(*pids));
	int go[2], ready[2], status;
	char byte;

	need(pids && pipe(go) == 0 && pipe(ready) == 0, "pipe");
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		need(pids[i] >= 0, "fork");
		if (pids[i] == 0) {
			close(go[1]);
			child(i, go[0], ready[1]);
		}
	}
	for (int i = 0; i < count; i++)
		need(read(ready[0], &byte, 1) == 1, "a child's word");
	close(go[1]);
	for (int i = 0; i < count; i++) {
		need(waitpid(pids[i], &status, 0) == pids[i], "waitpid");
		need(WIFEXITED(status) && WEXITSTATUS(status) == i % 200, "a child's status");
	}
	close(go[0]);
	close(ready[0]);
	close(ready[1]);
	free(pids);
}

/* --- files --------------------------------------------------------------------------- */

static void many_files(int count)
{
	int *fds = calloc((size_t)count, sizeof(*fds)), number;
	char name[32];

	need(fds != NULL, "calloc");
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		fds[i] = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		need(fds[i] >= 0, name);
		need(write(fds[i], &i, sizeof(i)) == sizeof(i), "write");
	}
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		need(pread(fds[i], &number, sizeof(number), 0) == sizeof(number) && number == i,
		     "what a file holds");
		need(unlink(name) == 0 && close(fds[i]) == 0, "unlink");
	}
	free(fds);
}

static void fill(unsigned int *piece, unsigned int seed)
{
	for (size_t i = 0; i < PIECE_BYTES / sizeof(*piece); i++)
		piece[i] = seed = seed * 1664525 + 1013904223;
}

static void large_file(long mib)
{
	static unsigned int piece[PIECE_BYTES / sizeof(int)], got[PIECE_BYTES / sizeof(int)];
	long pieces = mib * 1048576 / PIECE_BYTES;
	int fd = open("large", O_RDWR | O_CREAT | O_EXCL, 0600);
	void *map;

	need(fd >= 0, "large");
	for (long i = 0; i < pieces; i++) {
		fill(piece, (unsigned int)i);
		need(write(fd, piece, PIECE_BYTES) == PIECE_BYTES, "write");
	}
	need(lseek(fd, 0, SEEK_SET) == 0, "lseek");
	for (long i = 0; i < pieces; i++) {
		fill(piece, (unsigned int)i);
		need(read(fd, got, PIECE_BYTES) == PIECE_BYTES, "read");
		need(memcmp(piece, got, PIECE_BYTES) == 0, "what was read");
	}
	map = mmap(NULL, PIECE_BYTES, PROT_READ, MAP_SHARED, fd, (pieces - 1) * PIECE_BYTES);
	need(map != MAP_FAILED && memcmp(map, piece, PIECE_BYTES) == 0, "what was mapped");
	munmap(map, PIECE_BYTES);
	need(unlink("large") == 0 && close(fd) == 0, "unlink");
}

/* --- what there is ------------------------------------------------------------------- */

static long number_in(const char *path, const char *format)
{
	char line[128];
	long number = -1;
	FILE *f = fopen(path, "r");

	need(f != NULL, path);
	while (number < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &number) != 1)
			number = -1;
	fclose(f);
	return number;
}

static struct state look(void)
{
	struct state now = {
		.free_kib = number_in("/proc/meminfo", "MemFree: %ld"),
		.files = number_in("/proc/sys/fs/file-nr", "%ld"),
	};
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	need(dir != NULL, "/proc");
	while ((entry = readdir(dir)))
		now.processes += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	closedir(dir);
	return now;
}

static void wait_line(const char *word)
{
	char line[16];

	printf("%s\n", word);
	fflush(stdout);
	need(fgets(line, sizeof(line), stdin) != NULL, "standard input");
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In a process of its own: the C library keeps their stacks, and every process made
 * later would inherit a thousand mappings. */
static void threads_apart(int count)
{
	int status;
	pid_t pid = fork();

	need(pid >= 0, "fork");
	if (pid == 0) {
		many_threads(count);
		exit(0);
	}
	need(waitpid(pid, &status, 0) == pid && status == 0, "the process with threads");
}

static void one_round(char **counts)
{
	threads_apart(atoi(counts[0]));
	many_processes(atoi(counts[1]));
	many_files(atoi(counts[2]));
	large_file(atol(counts[3]));
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	struct state first, last;
	int rounds = 1;
	double end;

	need(argc == 6, "usage");
	limit.rlim_cur = limit.rlim_max = (rlim_t)atoi(argv[4]) + 100;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	one_round(argv + 2);
	first = look();
	wait_line("ready");
	end = now_s() + atof(argv[1]);
	do {
		one_round(argv + 2);
		rounds++;
	} while (now_s() < end);
	last = look();
	printf("rounds %d\nfree %ld KiB after the first, %ld after the last\n"
	       "processes %ld, %ld\nopen files %ld, %ld\n",
	       rounds, first.free_kib, last.free_kib, first.processes, last.processes,
	       first.files, last.files);
	need(last.free_kib >= first.free_kib - SLACK_KIB, "free memory");
	need(last.processes == first.processes && last.files == first.files, "what remains");
	wait_line("done");
	return 0;
}
