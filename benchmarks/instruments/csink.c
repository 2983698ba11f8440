/* csink: an SMTP sink that is faster than its clients, so that what is measured is the client.
 *
 *   csink PORT [ADDRESS] [strict]          without a certificate
 *   csink PORT [ADDRESS] tls CHAIN KEY     TLS from the first octet (built with -DWITH_TLS -lssl)
 *
 * It offers PIPELINING, CHUNKING, BINARYMIME, 8BITMIME, SIZE, ENHANCEDSTATUSCODES and SMTPUTF8, and
 * takes everything.  One thread, epoll, one buffer a connection; content is dropped where it lies.
 *
 * It prints "listening" when it is, and on SIGTERM one line of totals.  `octets` counts content as
 * it was sent: by DATA with doubled dots and the final ".CRLF".  With `strict` it also counts every
 * CR and LF that stands alone in a content, which takes a look at each octet.
 *
 * Replies are written with blocking writes: a client that only writes and never reads is in a
 * deadlock with it, as it would be with most real servers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *tls_context;
#else
typedef void SSL;
#endif

enum { BUFFER = 1 << 20, BACKLOG = 4096, EVENTS = 64 };
static const char END_OF_DATA[] = "\r\n.\r\n";
enum { END_LENGTH = 5, TAIL = END_LENGTH - 1 };

enum mode { COMMAND, DATA, BDAT };

struct connection {
    int fd;
    SSL *tls;
    enum mode mode;
    int closing;       /* QUIT was said */
    int last;          /* this BDAT chunk is the last one of its message */
    int in_chunks;     /* a chunk of this message has come */
    size_t left;       /* octets of this chunk still to come */
    char tail[TAIL];   /* the last octets of a DATA content, for an end across two reads */
    size_t tail_length;
    char previous;     /* the octet before, for `strict` */
    char *input;
    size_t input_length;
    char *replies;
    size_t replies_length, replies_room;
};

static struct {
    unsigned long long connections, messages, by_data, by_bdat, chunks, recipients, octets,
        commands, unknown, bare_cr, bare_lf;
} total;
static int strict;
static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void *must(void *memory)
{
    if (!memory) {
        perror("csink");
        exit(1);
    }
    return memory;
}

static void reply(struct connection *c, const char *line)
{
    size_t length = strlen(line);
    if (c->replies_length + length > c->replies_room) {
        c->replies_room = 2 * (c->replies_length + length);
        c->replies = must(realloc(c->replies, c->replies_room));
    }
    memcpy(c->replies + c->replies_length, line, length);
    c->replies_length += length;
}

/* -- content ------------------------------------------------------------------------------- */

static void count_content(struct connection *c, const char *octets, size_t length)
{
    total.octets += length;
    if (!strict)
        return;
    for (size_t i = 0; i < length; i++) {
        if (octets[i] == '\n' && c->previous != '\r')
            total.bare_lf++;
        if (c->previous == '\r' && octets[i] != '\n')
            total.bare_cr++;
        c->previous = octets[i];
    }
}

static void end_message(struct connection *c, unsigned long long *way)
{
    if (strict && c->previous == '\r')
        total.bare_cr++;
    total.messages++;
    (*way)++;
    c->mode = COMMAND;
    c->in_chunks = 0;
    reply(c, "250 2.0.0 Ok: dropped\r\n");
}

/* Take what belongs to a chunk; how many octets that was. */
static size_t take_chunk(struct connection *c, const char *octets, size_t length)
{
    size_t taken = length < c->left ? length : c->left;
    count_content(c, octets, taken);
    c->left -= taken;
    if (c->left)
        return taken;
    if (c->last) {
        end_message(c, &total.by_bdat);
    } else {
        c->mode = COMMAND;
        reply(c, "250 2.0.0 Ok: chunk\r\n");
    }
    return taken;
}

static void remember_tail(struct connection *c, const char *octets, size_t length)
{
    size_t fresh = length < TAIL ? length : TAIL;
    size_t kept = c->tail_length + fresh > TAIL ? TAIL - fresh : c->tail_length;
    memmove(c->tail, c->tail + c->tail_length - kept, kept);
    memcpy(c->tail + kept, octets + length - fresh, fresh);
    c->tail_length = kept + fresh;
}

/* Take what belongs to a DATA content, its end included; how many octets that was. */
static size_t take_data(struct connection *c, const char *octets, size_t length)
{
    char seam[2 * TAIL];
    size_t fresh = length < TAIL ? length : TAIL;
    memcpy(seam, c->tail, c->tail_length);
    memcpy(seam + c->tail_length, octets, fresh);

    size_t taken = length;
    int ended = 1;
    const char *end = memmem(seam, c->tail_length + fresh, END_OF_DATA, END_LENGTH);
    if (end)
        taken = (size_t)(end - seam) + END_LENGTH - c->tail_length;
    else if ((end = memmem(octets, length, END_OF_DATA, END_LENGTH)))
        taken = (size_t)(end - octets) + END_LENGTH;
    else
        ended = 0;

    count_content(c, octets, taken);
    if (ended)
        end_message(c, &total.by_data);
    else
        remember_tail(c, octets, length);
    return taken;
}

/* -- commands ------------------------------------------------------------------------------ */

static int is(const char *line, size_t length, const char *verb)
{
    return length >= 4 && !strncasecmp(line, verb, 4);
}

static void begin_content(struct connection *c, enum mode mode)
{
    if (!c->in_chunks)
        c->previous = '\n';
    c->mode = mode;
}

static void begin_chunk(struct connection *c, const char *argument)
{
    char *rest;
    c->left = strtoull(argument, &rest, 10);
    c->last = !strncasecmp(rest + strspn(rest, " "), "LAST", 4);
    total.chunks++;
    begin_content(c, BDAT);
    c->in_chunks = 1;
}

static void command(struct connection *c, const char *line, size_t length)
{
    total.commands++;
    if (is(line, length, "MAIL")) {
        c->in_chunks = 0;
        reply(c, "250 2.1.0 Ok\r\n");
    } else if (is(line, length, "RCPT")) {
        total.recipients++;
        reply(c, "250 2.1.5 Ok\r\n");
    } else if (is(line, length, "DATA")) {
        memcpy(c->tail, "\r\n", c->tail_length = 2); /* a dot may be all there is */
        begin_content(c, DATA);
        reply(c, "354 End data with <CR><LF>.<CR><LF>\r\n");
    } else if (is(line, length, "BDAT") && length > 5) {
        begin_chunk(c, line + 5);
    } else if (is(line, length, "EHLO")) {
        reply(c, "250-csink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n"
                 "250-SIZE 0\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n");
    } else if (is(line, length, "RSET")) {
        c->in_chunks = 0;
        reply(c, "250 2.0.0 Ok\r\n");
    } else if (is(line, length, "HELO") || is(line, length, "NOOP")) {
        reply(c, "250 2.0.0 Ok\r\n");
    } else if (is(line, length, "QUIT")) {
        reply(c, "221 2.0.0 Bye\r\n");
        c->closing = 1;
    } else {
        total.unknown++;
        reply(c, "500 5.5.1 unknown command\r\n");
    }
}

/* Work through the input; what is left is the begin of a command line. */
static void work(struct connection *c)
{
    char *at = c->input, *end = c->input + c->input_length;
    while (at < end || (c->mode == BDAT && !c->left)) { /* a chunk may be empty */
        size_t length = (size_t)(end - at);
        if (c->mode == BDAT) {
            at += take_chunk(c, at, length);
        } else if (c->mode == DATA) {
            at += take_data(c, at, length);
        } else {
            char *newline = memchr(at, '\n', length);
            if (!newline)
                break;
            command(c, at, (size_t)(newline - at));
            at = newline + 1;
        }
    }
    c->input_length = (size_t)(end - at);
    if (c->input_length && at != c->input)
        memmove(c->input, at, c->input_length);
}

/* -- connections --------------------------------------------------------------------------- */

static ssize_t receive(struct connection *c)
{
    char *room = c->input + c->input_length;
    size_t size = BUFFER - c->input_length;
#ifdef WITH_TLS
    if (c->tls)
        return SSL_read(c->tls, room, (int)size);
#endif
    return read(c->fd, room, size);
}

static ssize_t transmit(struct connection *c, const char *octets, size_t length)
{
#ifdef WITH_TLS
    if (c->tls)
        return SSL_write(c->tls, octets, (int)length);
#endif
    return write(c->fd, octets, length);
}

/* Whether there is input that epoll no longer sees, because the TLS library has read it. */
static int more(struct connection *c)
{
#ifdef WITH_TLS
    return c->tls && SSL_has_pending(c->tls);
#else
    (void)c;
    return 0;
#endif
}

static void answer(struct connection *c)
{
    size_t sent = 0;
    while (sent < c->replies_length) {
        ssize_t written = transmit(c, c->replies + sent, c->replies_length - sent);
        if (written < 0 && errno == EINTR && !stopping)
            continue;
        if (written <= 0) {
            c->closing = 1;
            break;
        }
        sent += (size_t)written;
    }
    c->replies_length = 0;
}

static void drop(struct connection *c)
{
#ifdef WITH_TLS
    if (c->tls) {
        SSL_shutdown(c->tls);
        SSL_free(c->tls);
    }
#endif
    close(c->fd);
    free(c->input);
    free(c->replies);
    free(c);
}

static void serve(struct connection *c)
{
    do {
        ssize_t length = receive(c);
        if (length <= 0) {
            drop(c);
            return;
        }
        c->input_length += (size_t)length;
        work(c);
        if (c->input_length == BUFFER) /* a command line without an end */
            c->closing = 1;
    } while (!c->closing && more(c));
    answer(c);
    if (c->closing)
        drop(c);
}

static void greet(int listener, int poller)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = must(calloc(1, sizeof *c));
    c->fd = fd;
    c->input = must(malloc(BUFFER));
    total.connections++;
#ifdef WITH_TLS
    if (tls_context) {
        c->tls = must(SSL_new(tls_context));
        SSL_set_fd(c->tls, fd);
        if (SSL_accept(c->tls) <= 0) {
            drop(c);
            return;
        }
    }
#endif
    reply(c, "220 csink ESMTP\r\n");
    answer(c);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void allow_many_connections(void)
{
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void use_certificate(const char *chain, const char *key)
{
#ifdef WITH_TLS
    tls_context = must(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_read_ahead(tls_context, 1); /* several records with one read */
    if (SSL_CTX_use_certificate_chain_file(tls_context, chain) == 1
        && SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) == 1)
        return;
    fprintf(stderr, "csink: the certificate %s or the key %s cannot be used\n", chain, key);
#else
    (void)chain;
    (void)key;
    fprintf(stderr, "csink: built without TLS\n");
#endif
    exit(2);
}

static int listen_on(const char *port, in_addr_t address)
{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr.s_addr = address};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&where, sizeof where) || listen(listener, BACKLOG)) {
        perror("csink: bind");
        exit(1);
    }
    return listener;
}

int main(int count, char **words)
{
    in_addr_t address = htonl(INADDR_LOOPBACK);
    for (int i = 2; i < count; i++) {
        if (!strcmp(words[i], "strict")) {
            strict = 1;
        } else if (!strcmp(words[i], "tls") && i + 2 < count) {
            use_certificate(words[i + 1], words[i + 2]);
            i += 2;
        } else {
            address = inet_addr(words[i]);
        }
    }
    if (count < 2 || address == INADDR_NONE) {
        fprintf(stderr, "usage: csink PORT [ADDRESS] [strict] [tls CHAIN KEY]\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* never outlive the benchmark */
    signal(SIGPIPE, SIG_IGN);
    struct sigaction on_term = {.sa_handler = stop};
    sigaction(SIGTERM, &on_term, NULL);
    allow_many_connections();

    int listener = listen_on(words[1], address), poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    puts("listening");
    fflush(stdout);
    while (!stopping) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                greet(listener, poller);
        }
    }
    printf("connections=%llu messages=%llu data=%llu bdat=%llu chunks=%llu recipients=%llu "
           "octets=%llu commands=%llu unknown=%llu bare_cr=%llu bare_lf=%llu\n",
           total.connections, total.messages, total.by_data, total.by_bdat, total.chunks,
           total.recipients, total.octets, total.commands, total.unknown, total.bare_cr,
           total.bare_lf);
    return 0;
}
