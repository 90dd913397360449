/*
 * The common main of the fuzz programs: it feeds LLVMFuzzerTestOneInput either
 * files (a replay) or mutations of them. It owns the choice of inputs and
 * nothing of their meaning; what a crash is, the sanitizers say.
 *
 *   NAME FILE|FOLDER...                      replay each file once
 *   NAME -t SECONDS [-s SEED] FILE|FOLDER... then mutate them for that long
 *
 * It speaks TAP, one test per replayed file and one for the mutations. A child
 * runs the inputs and puts each into shared memory before it does; when the child
 * dies or one input takes HANG_S seconds, the parent saves that input as
 * crash-NAME in $FUZZ_CRASH_DIR (or here) and fails. The same seed and files give
 * the same sequence of inputs.
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The program under test; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

#define INPUT_MAX_BYTES ((size_t)1 << 20)
#define MUTATED_MAX_BYTES ((size_t)64 << 10)
#define HANG_S 10
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct input {
	char *path;
	uint8_t *data;
	size_t len_bytes;
};

static struct input *inputs;
static size_t input_count;
static uint64_t rng_state;

/* What the parent knows of the child: in shared memory, written by the child. */
static struct progress {
	_Atomic uint64_t runs; /* begun, the current one included */
	_Atomic size_t tests; /* TAP results printed */
	size_t len_bytes;
	uint8_t data[INPUT_MAX_BYTES];
} *progress;

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- The corpus ------------------------------------------------------------ */

static void corpus_add_file(const char *path)
{
	struct input in = { .path = strdup(path) };
	FILE *f = fopen(path, "rb");

	if (!f || !in.path)
		die(path);
	in.data = malloc(INPUT_MAX_BYTES);
	if (!in.data)
		die(path);
	in.len_bytes = fread(in.data, 1, INPUT_MAX_BYTES, f);
	if (ferror(f))
		die(path);
	fclose(f);
	/* Exactly as long as the file, so that an overrun is seen. */
	in.data = realloc(in.data, in.len_bytes ? in.len_bytes : 1);
	inputs = reallocarray(inputs, input_count + 1, sizeof(*inputs));
	if (!in.data || !inputs)
		die(path);
	inputs[input_count++] = in;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void corpus_add(const char *path)
{
	struct dirent **names;
	struct stat st;
	char *child;
	int n;

	if (stat(path, &st) < 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		corpus_add_file(path);
		return;
	}
	n = scandir(path, &names, is_visible, alphasort);
	if (n < 0)
		die(path);
	for (int i = 0; i < n; i++) {
		if (asprintf(&child, "%s/%s", path, names[i]->d_name) < 0)
			die(path);
		corpus_add(child);
		free(child);
		free(names[i]);
	}
	free(names);
}

/* ---- Mutation -------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, even 0. */
static uint64_t rng_next(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t rng_below(size_t limit)
{
	return limit ? rng_next() % limit : 0;
}

static void overwrite_value(uint8_t *data, size_t len_bytes)
{
	static const uint64_t values[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
		0xffffffffffffffff,
	};
	uint64_t value = values[rng_below(ARRAY_LEN(values))] + rng_below(3) - 1;
	size_t width = (size_t)1 << rng_below(4);

	if (width <= len_bytes)
		memcpy(data + rng_below(len_bytes - width + 1), &value, width);
}

/* Digits matter to archive formats that write numbers as text. */
static void overwrite_text(uint8_t *data, size_t len_bytes)
{
	static const char digits[] = "0123456789ABCDEFabcdef/.-";
	size_t at = rng_below(len_bytes);
	size_t run = 1 + rng_below(8);

	for (size_t i = at; i < len_bytes && i < at + run; i++)
		data[i] = digits[rng_below(sizeof(digits) - 1)];
}

static size_t remove_run(uint8_t *data, size_t len_bytes)
{
	size_t at = rng_below(len_bytes);
	size_t run = 1 + rng_below(len_bytes - at);

	memmove(data + at, data + at + run, len_bytes - at - run);
	return len_bytes - run;
}

static size_t insert_run(uint8_t *data, size_t len_bytes)
{
	const struct input *from = &inputs[rng_below(input_count)];
	size_t at = rng_below(len_bytes + 1);
	size_t start = rng_below(from->len_bytes);
	size_t run = rng_below(from->len_bytes - start + 1);

	if (run > MUTATED_MAX_BYTES - len_bytes)
		run = MUTATED_MAX_BYTES - len_bytes;
	memmove(data + at + run, data + at, len_bytes - at);
	memcpy(data + at, from->data + start, run);
	return len_bytes + run;
}

static void copy_run(uint8_t *data, size_t len_bytes)
{
	size_t from = rng_below(len_bytes);
	size_t to = rng_below(len_bytes);
	size_t room = len_bytes - (from > to ? from : to);

	memmove(data + to, data + from, rng_below(room + 1));
}

static size_t mutate_once(uint8_t *data, size_t len_bytes)
{
	if (len_bytes == 0)
		return insert_run(data, len_bytes);
	switch (rng_below(8)) {
	case 0:
		data[rng_below(len_bytes)] ^= (uint8_t)(1u << rng_below(8));
		return len_bytes;
	case 1:
		data[rng_below(len_bytes)] = (uint8_t)rng_next();
		return len_bytes;
	case 2:
	case 3:
		overwrite_value(data, len_bytes);
		return len_bytes;
	case 4:
		overwrite_text(data, len_bytes);
		return len_bytes;
	case 5:
		return remove_run(data, len_bytes);
	case 6:
		return insert_run(data, len_bytes);
	default:
		copy_run(data, len_bytes);
		return len_bytes;
	}
}

/* ---- The child ------------------------------------------------------------- */

/* Runs one input from a block of its exact size, so that an overrun is seen. */
static void run_one(const uint8_t *data, size_t len_bytes)
{
	uint8_t *exact = malloc(len_bytes ? len_bytes : 1);

	if (!exact)
		die("input");
	memcpy(exact, data, len_bytes);
	memcpy(progress->data, data, len_bytes);
	progress->len_bytes = len_bytes;
	progress->runs++;
	LLVMFuzzerTestOneInput(exact, len_bytes);
	free(exact);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t run_mutations(double seconds)
{
	const struct input *base;
	uint8_t *data = malloc(MUTATED_MAX_BYTES);
	double end = now_s() + seconds;
	uint64_t runs = 0;
	size_t len_bytes;

	if (!data)
		die("mutations");
	for (; (runs & 63) != 0 || now_s() < end; runs++) {
		base = &inputs[rng_below(input_count)];
		len_bytes = base->len_bytes;
		if (len_bytes > MUTATED_MAX_BYTES)
			len_bytes = MUTATED_MAX_BYTES;
		memcpy(data, base->data, len_bytes);
		for (size_t i = 1 + rng_below(8); i > 0; i--)
			len_bytes = mutate_once(data, len_bytes);
		run_one(data, len_bytes);
	}
	free(data);
	return runs;
}

static void run_all(double seconds)
{
	uint64_t runs;

	for (size_t i = 0; i < input_count; i++) {
		run_one(inputs[i].data, inputs[i].len_bytes);
		printf("ok %zu - replay %s\n", i + 1, inputs[i].path);
		progress->tests++;
	}
	if (seconds > 0) {
		runs = run_mutations(seconds);
		printf("ok %zu - mutations\n# %llu inputs in %.0f s\n", input_count + 1,
		       (unsigned long long)runs, seconds);
		progress->tests++;
	}
}

/* ---- The parent ------------------------------------------------------------ */

static void save_input(const char *program)
{
	const char *dir = getenv("FUZZ_CRASH_DIR");
	const char *name = strrchr(program, '/');
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/crash-%s", dir ? dir : ".",
		 name ? name + 1 : program);
	f = fopen(path, "wb");
	if (!f || fwrite(progress->data, 1, progress->len_bytes, f) != progress->len_bytes ||
	    fclose(f) != 0)
		die(path);
	printf("# input %llu, saved as %s\n", (unsigned long long)progress->runs, path);
}

/* Waits for the child. Returns its status; a child that hangs is killed. */
static int watch(pid_t child, const sigset_t *sigchld)
{
	const struct timespec hang = { .tv_sec = HANG_S };
	uint64_t runs_before = UINT64_MAX;
	int status;

	for (;;) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		if (sigtimedwait(sigchld, NULL, &hang) == SIGCHLD)
			continue;
		if (progress->runs == runs_before) {
			printf("# one input ran for over %d s\n", HANG_S);
			kill(child, SIGKILL);
		}
		runs_before = progress->runs;
	}
}

static int run_watched(const char *program, double seconds)
{
	sigset_t sigchld;
	pid_t child;
	int status;

	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &sigchld, NULL);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		run_all(seconds);
		exit(EXIT_SUCCESS);
	}
	status = watch(child, &sigchld);
	if (status == 0)
		return EXIT_SUCCESS;
	printf("not ok %zu - the program under test ended: %s %d\n", progress->tests + 1,
	       WIFSIGNALED(status) ? "signal" : "exit status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	save_input(program);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	double seconds = 0;
	int opt, status;

	while ((opt = getopt(argc, argv, "t:s:")) != -1) {
		if (opt == 't') {
			seconds = atof(optarg);
		} else if (opt == 's') {
			rng_state = strtoull(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: %s [-t SECONDS] [-s SEED] FILE|FOLDER...\n", argv[0]);
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		die("mmap");
	corpus_add("/dev/null"); /* the empty input */
	for (int i = optind; i < argc; i++)
		corpus_add(argv[i]);
	printf("1..%zu\n# seed %llu\n", input_count + (seconds > 0),
	       (unsigned long long)rng_state);
	status = run_watched(argv[0], seconds);
	for (size_t i = 0; i < input_count; i++) {
		free(inputs[i].path);
		free(inputs[i].data);
	}
	free(inputs);
	munmap(progress, sizeof(*progress));
	return status;
}
