/* rus: run a command to its end and write down what it used.
 *
 *   rus RESULT INPUT OUTPUT COMMAND [ARGUMENT...]
 *
 * The command reads INPUT and writes both its streams to OUTPUT; "-" is the null device.  RESULT
 * gets one line of JSON: wall seconds, user and system CPU seconds (of the command and of the
 * children that it waited for), peak resident set in KiB, exit status (128 + the signal that killed
 * it).
 *
 * It is a program of its own, small and linked statically, for two reasons.  A process's peak
 * counts what its parent had at the moment of exec, so a launcher of 10 MiB would hide all that is
 * smaller.  And little but one vfork and one exec is added to the wall time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *path(const char *word)
{
    return strcmp(word, "-") ? word : "/dev/null";
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int count, char **words)
{
    if (count < 5) {
        fprintf(stderr, "usage: rus RESULT INPUT OUTPUT COMMAND [ARGUMENT...]\n");
        return 2;
    }
    int input = open(path(words[2]), O_RDONLY | O_CLOEXEC);
    int output = open(path(words[3]), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (input < 0 || output < 0) {
        perror("rus: open");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a killed benchmark takes rus, and rus the command, along */

    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t child = vfork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(input, 0);
        dup2(output, 1);
        dup2(output, 2);
        execvp(words[4], words + 4);
        _exit(127);
    }
    if (child < 0) {
        perror("rus: vfork");
        return 2;
    }
    int status = 0;
    struct rusage used;
    while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
    }
    clock_gettime(CLOCK_MONOTONIC, &end);

    FILE *result = fopen(words[1], "w");
    if (!result) {
        perror("rus: result");
        return 2;
    }
    fprintf(result,
            "{\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, "
            "\"peak_kib\": %ld, \"status\": %d}\n",
            (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
            seconds(used.ru_utime), seconds(used.ru_stime), used.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(result) ? 2 : 0;
}
