/* delaytun: a link with a fixed delay, for kernels without tc-netem(8).
 *
 *   delaytun DEVICE_A DEVICE_B MICROSECONDS
 *
 * It makes two TUN devices; every IP packet that leaves by one arrives by the other so many
 * microseconds later.  Nothing is lost (a queue of 65,535 packets aside), reordered or slowed down.
 * It prints "ready"; then the devices can be moved into network namespaces.
 *
 * Two threads a direction: one reads packets and notes when each is due, the other sleeps until
 * then.  They share a ring: `head` is written by the reader alone, `tail` by the writer alone.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { RING = 65536, LARGEST_PACKET = 2048 };
static const unsigned long long SECOND = 1000000000ull;

struct packet {
    unsigned long long due; /* nanoseconds of CLOCK_MONOTONIC */
    ssize_t length;
    char octets[LARGEST_PACKET];
};

struct direction {
    int from, to;
    struct packet *ring;
    atomic_uint head, tail;
    pthread_mutex_t lock;
    pthread_cond_t filled;
};

static unsigned long long delay;

static unsigned long long nanoseconds(struct timespec time)
{
    return (unsigned long long)time.tv_sec * SECOND + (unsigned long long)time.tv_nsec;
}

static int make_device(const char *name)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
        perror("delaytun: /dev/net/tun");
        exit(1);
    }
    return fd;
}

static void *read_packets(void *argument)
{
    struct direction *d = argument;
    for (;;) {
        struct packet *packet = &d->ring[d->head % RING];
        packet->length = read(d->from, packet->octets, sizeof packet->octets);
        if (packet->length <= 0 || d->head - d->tail >= RING - 1)
            continue; /* full: dropped, as a router would */
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        packet->due = nanoseconds(now) + delay;
        pthread_mutex_lock(&d->lock);
        d->head++;
        pthread_cond_signal(&d->filled);
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

static void *write_packets(void *argument)
{
    struct direction *d = argument;
    for (;;) {
        pthread_mutex_lock(&d->lock);
        while (d->tail == d->head)
            pthread_cond_wait(&d->filled, &d->lock);
        pthread_mutex_unlock(&d->lock);
        struct packet *packet = &d->ring[d->tail % RING];
        struct timespec due = {(time_t)(packet->due / SECOND), (long)(packet->due % SECOND)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        if (write(d->to, packet->octets, (size_t)packet->length) < 0) {
            /* The device is not up: the packet is lost, as on a cable that is not plugged in. */
        }
        d->tail++;
    }
    return NULL;
}

static void start(struct direction *d, int from, int to)
{
    pthread_t reader, writer;
    d->from = from;
    d->to = to;
    d->ring = calloc(RING, sizeof *d->ring);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->filled, NULL);
    if (!d->ring || pthread_create(&reader, NULL, read_packets, d)
        || pthread_create(&writer, NULL, write_packets, d)) {
        perror("delaytun");
        exit(1);
    }
}

int main(int count, char **words)
{
    static struct direction there, back;
    if (count != 4) {
        fprintf(stderr, "usage: delaytun DEVICE_A DEVICE_B MICROSECONDS\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* never outlive the benchmark */
    prctl(PR_SET_TIMERSLACK, 1000);
    delay = strtoull(words[3], NULL, 10) * 1000;
    int a = make_device(words[1]), b = make_device(words[2]);
    start(&there, a, b);
    start(&back, b, a);
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
