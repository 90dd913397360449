/*
 * Two processes and two pipes: the parent sends numbers, the child sends back
 * their squares.  Each pipe is one direction; each side closes the ends that
 * it does not use, or the reader would never see the end of the data.
 *
 * Try: leave out the close(to_child[1]) at the end of the parent and see who
 * waits for whom.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 10

static int child(int from_parent, int to_parent)
{
	int number;

	/* read() returns 0 when the last writer has closed its end. */
	while (read(from_parent, &number, sizeof(number)) == sizeof(number)) {
		number *= number;
		if (write(to_parent, &number, sizeof(number)) < 0)
			return 1;
	}
	return 0;
}

static void parent(int to_child, int from_child)
{
	int square;
	int i;

	for (i = 1; i <= COUNT; i++) {
		if (write(to_child, &i, sizeof(i)) < 0 ||
		    read(from_child, &square, sizeof(square)) <= 0)
			return;
		printf("%d squared is %d\n", i, square);
	}
}

int main(void)
{
	int to_child[2];
	int to_parent[2];
	int status;
	pid_t pid;

	if (pipe(to_child) < 0 || pipe(to_parent) < 0) {
		perror("pipe");
		return 1;
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (pid == 0) {
		close(to_child[1]);
		close(to_parent[0]);
		_exit(child(to_child[0], to_parent[1]));
	}
	close(to_child[0]);
	close(to_parent[1]);
	parent(to_child[1], to_parent[0]);
	close(to_child[1]);
	waitpid(pid, &status, 0);
	printf("The child ended with status %d.\n", WEXITSTATUS(status));
	return 0;
}
