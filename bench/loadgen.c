/* Telnet players for measurements: they log in, type numbered lines, and count what comes back.
 *
 * One thread, one epoll loop, so that it costs a few microseconds a line and is never what is
 * measured. It knows no telnet: what is sent before the first line (negotiation, screens) is
 * skipped. A line holds a mark `~client:number~`; whatever is heard with a mark in it, an answer
 * or another's words, is counted by it. Number 0 is the line after the login, whose answer must be
 * the text of --ready and the mark; then the client is in.
 *
 * Phases: log in (at most --ramp at once), warm up, measure, drain, leave. It says on stdout, each
 * on a line: `ready` when all are in, `begin`, `end` around what is measured, at last one JSON
 * object. With --hold it stays idle after `ready` until its stdin ends.
 *
 * Latency is from sending a line to its answer; told are pairs of microseconds and how many answers
 * took that long, so that those of several runs can be put together. Silence is the longest time for
 * which a client that had typed and not been answered heard nothing. Lines lost and doubled are
 * counted from the first line, whatever the phase.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CARRY = 64, SCREEN = 4096, MAX_LINE = 512, MAX_WINDOW = 4096, RECV = 1 << 18, EVENTS = 512 };

/* Log-linear: 2^SUB_BITS buckets for each power of two of nanoseconds, so 1 % wide. */
enum { SUB_BITS = 7, BUCKETS = 64 << SUB_BITS };

enum state { AWAY, LOGGING_IN, PLAYING, GONE };

struct client {
    int fd;
    enum state state;
    uint32_t sent, answered;
    int carried;
    uint64_t last_heard, silence, worst;
    char carry[CARRY];    /* a mark that was cut by the end of what was received */
    char *screen;         /* until it is in: the end of what it was shown */
    int shown;
    uint64_t *sent_at;    /* by number modulo MAX_WINDOW */
    uint32_t *heard;      /* by speaker: the last number heard */
};

static struct {
    int port, clients, first, speakers, window, ramp;
    double interval_s, warmup_s, seconds, drain_s, patience_s;
    bool hold;
    const char *name, *password, *login, *ready, *line;
} opt = {
    .clients = 1, .speakers = -1, .window = 1, .ramp = 32, .warmup_s = 0.5, .seconds = 2.0,
    .drain_s = 5.0, .patience_s = 60.0, .name = "b", .password = "", .login = "", .ready = "",
    .line = "think",
};

static struct client *clients;
static int epoll_fd, in_count, started_count, gone_count;
static bool is_sending, is_measuring;
static uint64_t answers, deliveries, commands, lost, doubled, histogram[BUCKETS], worst_ns;
static char received[CARRY + RECV];

static void die(const char *format, const char *what) {
    fprintf(stderr, "loadgen: ");
    fprintf(stderr, format, what);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) die("%s", "out of memory");
    return memory;
}

/* Latencies. */

static int bucket_of(uint64_t ns) {
    if (ns < 1u << SUB_BITS) return (int)ns;
    int shift = 63 - __builtin_clzll(ns) - SUB_BITS;
    return ((shift + 1) << SUB_BITS) + (int)((ns >> shift) & ((1u << SUB_BITS) - 1));
}

static double bucket_middle_us(int bucket) {
    int shift = (bucket >> SUB_BITS) - 1;
    if (shift < 0) return bucket / 1000.0;
    uint64_t low = (uint64_t)((1u << SUB_BITS) + (bucket & ((1 << SUB_BITS) - 1))) << shift;
    return ((double)low + (double)(1ull << shift) / 2) / 1000.0;
}

static void note_latency(struct client *c, uint64_t ns) {
    if (ns > c->worst) c->worst = ns;
    if (!is_measuring) return;
    histogram[bucket_of(ns)]++;
    if (ns > worst_ns) worst_ns = ns;
}

/* What clients type. */

static void leave(struct client *c) {
    if (c->state == GONE) return;
    if (c->state == LOGGING_IN) die("a connection ended before its login was done%s", "");
    close(c->fd);
    c->state = GONE;
    gone_count++;
}

static void send_all(struct client *c, const char *data, size_t size) {
    ssize_t done = send(c->fd, data, size, MSG_NOSIGNAL);
    if (done == (ssize_t)size) return;
    if (done < 0 && (errno == EPIPE || errno == ECONNRESET)) {
        leave(c);
        return;
    }
    die("a connection takes no more lines (%s): type slower", done < 0 ? strerror(errno) : "full");
}

static size_t put_number(char *at, uint32_t number) {
    char digits[10];
    size_t n = 0, i = 0;
    do digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0) at[i++] = digits[--n];
    return i;
}

static size_t put_line(char *at, uint32_t client, uint32_t number) {
    size_t n = strlen(opt.line);
    memcpy(at, opt.line, n);
    at[n++] = ' ';
    at[n++] = '~';
    n += put_number(at + n, client);
    at[n++] = ':';
    n += put_number(at + n, number);
    memcpy(at + n, "~\r\n", 3);
    return n + 3;
}

static void type_line(struct client *c, uint64_t now) {
    char line[MAX_LINE];
    if (c->sent - c->answered >= MAX_WINDOW) die("%s", "too many lines are unanswered");
    uint32_t number = ++c->sent;
    c->sent_at[number % MAX_WINDOW] = now;
    if (is_measuring) commands++;
    send_all(c, line, put_line(line, (uint32_t)(c - clients), number));
}

/* What clients hear. */

static void hear_answer(struct client *c, uint32_t number, uint64_t now) {
    if (number <= c->answered || number > c->sent) {
        doubled++;
        return;
    }
    lost += number - c->answered - 1;
    note_latency(c, now - c->sent_at[number % MAX_WINDOW]);
    c->answered = number;
    if (is_measuring) answers++;
    if (is_sending && opt.interval_s == 0) type_line(c, now);
}

static void hear_other(struct client *c, uint32_t speaker, uint32_t number) {
    uint32_t before = c->heard[speaker];
    if (number <= before) doubled++;
    else if (before != 0) lost += number - before - 1;
    if (number > before) c->heard[speaker] = number;
}

static void hear_mark(struct client *c, uint32_t speaker, uint32_t number, uint64_t now) {
    if (number == 0 || speaker >= (uint32_t)opt.clients) return;
    if (is_measuring) deliveries++;
    if (speaker == (uint32_t)(c - clients)) hear_answer(c, number, now);
    else if (speaker < (uint32_t)opt.speakers) hear_other(c, speaker, number);
}

/* Returns the end of the mark at `at`; `at` when it is none; NULL when it is cut by `end`. */
static const char *read_mark(const char *at, const char *end, uint32_t *speaker, uint32_t *number) {
    uint32_t found[2];
    const char *p = at + 1;
    for (int i = 0; i < 2; i++) {
        const char *digits = p;
        found[i] = 0;
        while (p < end && *p >= '0' && *p <= '9') found[i] = found[i] * 10 + (uint32_t)(*p++ - '0');
        if (p == end) return p - at < CARRY ? NULL : at;
        if (p == digits || *p != (i == 0 ? ':' : '~')) return at;
        p++;
    }
    *speaker = found[0];
    *number = found[1];
    return p;
}

static void note_silence(struct client *c, uint64_t now) {
    if (c->sent > c->answered) {
        uint64_t oldest = c->sent_at[(c->answered + 1) % MAX_WINDOW];
        uint64_t since = oldest > c->last_heard ? oldest : c->last_heard;
        if (now - since > c->silence) c->silence = now - since;
    }
    c->last_heard = now;
}

static void hear(struct client *c, const char *p, const char *end, uint64_t now) {
    while (p < end && (p = memchr(p, '~', (size_t)(end - p))) != NULL) {
        uint32_t speaker = 0, number = 0;
        const char *after = read_mark(p, end, &speaker, &number);
        if (after == NULL) {
            c->carried = (int)(end - p);
            memcpy(c->carry, p, (size_t)c->carried);
            return;
        }
        if (after == p) p++;
        else {
            hear_mark(c, speaker, number, now);
            p = after;
        }
    }
}

static void hear_while_logging_in(struct client *c, const char *data, size_t size) {
    char mark[32], expected[MAX_LINE];
    size_t keep = size < SCREEN ? size : SCREEN;
    if (c->shown + keep > SCREEN) {
        size_t drop = (size_t)c->shown + keep - SCREEN;
        memmove(c->screen, c->screen + drop, (size_t)c->shown - drop);
        c->shown -= (int)drop;
    }
    memcpy(c->screen + c->shown, data + size - keep, keep);
    c->shown += (int)keep;
    snprintf(mark, sizeof mark, "~%d:0~", (int)(c - clients));
    char *found = memmem(c->screen, (size_t)c->shown, mark, strlen(mark));
    if (found == NULL) return;
    snprintf(expected, sizeof expected, "%s%s", opt.ready, mark);
    if (memmem(c->screen, (size_t)c->shown, expected, strlen(expected)) == NULL) {
        found[strlen(mark)] = '\0';
        die("a login failed; the screen ends with: %s", c->screen);
    }
    free(c->screen);
    c->screen = NULL;
    c->state = PLAYING;
    in_count++;
}

static void receive(struct client *c, uint64_t now) {
    memcpy(received, c->carry, (size_t)c->carried);
    ssize_t size = recv(c->fd, received + c->carried, RECV, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
        leave(c);
        return;
    }
    if (c->state == LOGGING_IN) {
        hear_while_logging_in(c, received, (size_t)size);
        return;
    }
    note_silence(c, now);
    const char *end = received + c->carried + size;
    c->carried = 0;
    hear(c, received, end, now);
}

/* Coming in. */

static void begin_login(struct client *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, index = (int)(c - clients);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) die("no socket: %s", strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("cannot connect: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->state = LOGGING_IN;
    c->screen = allocate(1, SCREEN + 1);
    c->sent_at = allocate(MAX_WINDOW, sizeof *c->sent_at);
    c->heard = allocate((size_t)opt.clients, sizeof *c->heard);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) die("epoll: %s", strerror(errno));
    char lines[2 * MAX_LINE];
    size_t n = 0;
    if (*opt.login != '\0')
        n = (size_t)snprintf(lines, MAX_LINE, "%s %s%05d %s\r\n", opt.login, opt.name,
                             opt.first + index, opt.password);
    n += (size_t)snprintf(lines + n, MAX_LINE, "think ~%d:0~\r\n", index);
    send_all(c, lines, n);
    started_count++;
}

/* The loop: until a time, or until all are in. */

static uint64_t take_events(uint64_t until, bool for_logins) {
    struct epoll_event events[EVENTS];
    uint64_t now = now_ns();
    uint64_t wait_ms = until > now ? (until - now + 999999) / 1000000 : 0;
    int count = epoll_wait(epoll_fd, events, EVENTS, (int)(wait_ms < 1000 ? wait_ms : 1000));
    if (count < 0 && errno != EINTR) die("epoll: %s", strerror(errno));
    now = now_ns();
    for (int i = 0; i < count; i++) receive(events[i].data.ptr, for_logins ? now : now_ns());
    return now;
}

static void log_in_all(void) {
    uint64_t end = now_ns() + (uint64_t)(opt.patience_s * 1e9);
    while (in_count < opt.clients) {
        while (started_count < opt.clients && started_count - in_count < opt.ramp)
            begin_login(&clients[started_count]);
        if (take_events(end, true) >= end) die("%s", "logins take too long");
    }
}

static void play_until(uint64_t end, uint64_t begun, uint64_t *typed) {
    uint64_t step = (uint64_t)(opt.interval_s * 1e9 / opt.speakers);
    uint64_t now = now_ns();
    while (now < end) {
        uint64_t due = step != 0 ? begun + *typed * step : end;
        while (step != 0 && due <= now) {
            struct client *c = &clients[*typed % (uint64_t)opt.speakers];
            if (c->state == PLAYING) type_line(c, now);
            ++*typed;
            due = begun + *typed * step;
        }
        now = take_events(due < end ? due : end, false);
        if (gone_count == opt.clients) die("%s", "all connections have ended");
    }
}

static void begin_typing(void) {
    if (opt.interval_s != 0) return;
    for (int i = 0; i < opt.speakers; i++)
        for (int n = 0; n < opt.window; n++)
            if (clients[i].state == PLAYING) type_line(&clients[i], now_ns());
}

static bool is_answered(void) {
    for (int i = 0; i < opt.speakers; i++) {
        struct client *c = &clients[i];
        if (c->state == PLAYING && c->answered < c->sent) return false;
    }
    return true;
}

static void drain(void) {
    uint64_t end = now_ns() + (uint64_t)(opt.drain_s * 1e9);
    while (!is_answered() && now_ns() < end) take_events(now_ns() + 10000000, false);
    uint64_t rest = now_ns() + 50000000; /* what others are still told */
    while (now_ns() < rest) take_events(rest, false);
}

static void count_unheard(void) {
    for (int i = 0; i < opt.clients; i++) {
        struct client *c = &clients[i];
        if (c->state != PLAYING) continue;
        lost += c->sent - c->answered;
        for (int s = 0; s < opt.speakers; s++)
            if (s != i && c->heard[s] != 0 && clients[s].state == PLAYING)
                lost += clients[s].sent - c->heard[s];
    }
}

/* What is said. */

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void report(double login_s, double measured_s, double used_s) {
    uint64_t *silences = allocate((size_t)opt.speakers, sizeof *silences), worst_wait = 0, sent = 0;
    for (int i = 0; i < opt.speakers; i++) {
        silences[i] = clients[i].silence;
        sent += clients[i].sent;
        if (clients[i].worst > worst_wait) worst_wait = clients[i].worst;
    }
    qsort(silences, (size_t)opt.speakers, sizeof *silences, by_size);
    printf("{\"clients\":%d,\"login_s\":%.6f,\"seconds\":%.6f,\"sent\":%lu,\"commands\":%lu,"
           "\"answers\":%lu,\"deliveries\":%lu,\"lost\":%lu,\"doubled\":%lu,\"dropped\":%d,"
           "\"max_us\":%.1f,\"silence_us\":%.1f,\"median_silence_us\":%.1f,\"worst_wait_us\":%.1f,"
           "\"cpu_s\":%.6f,\"latencies\":[",
           opt.clients, login_s, measured_s, sent, commands, answers, deliveries, lost, doubled,
           gone_count, (double)worst_ns / 1000.0, (double)silences[opt.speakers - 1] / 1000.0,
           (double)silences[opt.speakers / 2] / 1000.0, (double)worst_wait / 1000.0, used_s);
    const char *before = "";
    for (int i = 0; i < BUCKETS; i++) {
        if (histogram[i] == 0) continue;
        printf("%s[%.3f,%lu]", before, bucket_middle_us(i), histogram[i]);
        before = ",";
    }
    puts("]}");
    free(silences);
    fflush(stdout);
}

static void hold(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
        die("stdin: %s", strerror(errno));
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            char byte;
            if (events[i].data.ptr != NULL) receive(events[i].data.ptr, now_ns());
            else if (read(STDIN_FILENO, &byte, 1) <= 0) return;
        }
    }
}

static void play(double login_s) {
    uint64_t begun = now_ns(), typed = 0;
    uint64_t begin = begun + (uint64_t)(opt.warmup_s * 1e9);
    uint64_t end = begin + (uint64_t)(opt.seconds * 1e9);
    is_sending = true;
    begin_typing();
    play_until(begin, begun, &typed);
    say("begin");
    is_measuring = true;
    double cpu = cpu_s();
    begin = now_ns();
    play_until(end, begun, &typed);
    is_measuring = is_sending = false;
    double used = cpu_s() - cpu, measured = (double)(now_ns() - begin) / 1e9;
    say("end");
    drain();
    count_unheard();
    report(login_s, measured, used);
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'},     {"clients", 1, 0, 'c'},  {"first", 1, 0, 'f'},
        {"name", 1, 0, 'n'},     {"password", 1, 0, 'P'}, {"login", 1, 0, 'l'},
        {"ready", 1, 0, 'r'},    {"line", 1, 0, 'L'},     {"speakers", 1, 0, 's'},
        {"window", 1, 0, 'w'},   {"interval", 1, 0, 'i'}, {"warmup", 1, 0, 'W'},
        {"seconds", 1, 0, 'S'},  {"drain", 1, 0, 'd'},    {"ramp", 1, 0, 'R'},
        {"patience", 1, 0, 't'}, {"hold", 0, 0, 'h'},     {0, 0, 0, 0},
    };
    int letter;
    while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) switch (letter) {
            case 'p': opt.port = atoi(optarg); break;
            case 'c': opt.clients = atoi(optarg); break;
            case 'f': opt.first = atoi(optarg); break;
            case 'n': opt.name = optarg; break;
            case 'P': opt.password = optarg; break;
            case 'l': opt.login = optarg; break;
            case 'r': opt.ready = optarg; break;
            case 'L': opt.line = optarg; break;
            case 's': opt.speakers = atoi(optarg); break;
            case 'w': opt.window = atoi(optarg); break;
            case 'i': opt.interval_s = atof(optarg); break;
            case 'W': opt.warmup_s = atof(optarg); break;
            case 'S': opt.seconds = atof(optarg); break;
            case 'd': opt.drain_s = atof(optarg); break;
            case 'R': opt.ramp = atoi(optarg); break;
            case 't': opt.patience_s = atof(optarg); break;
            case 'h': opt.hold = true; break;
            default: exit(2);
        }
    if (opt.speakers < 0) opt.speakers = opt.clients;
    if (opt.port < 1 || opt.clients < 1 || opt.speakers < 1 || opt.speakers > opt.clients ||
        opt.window < 1 || opt.window > MAX_WINDOW || opt.ramp < 1 || strlen(opt.line) > 256 ||
        strlen(opt.login) + strlen(opt.name) + strlen(opt.password) > 256) {
        fprintf(stderr, "loadgen: expected --port, 1 <= --speakers <= --clients, 1 <= --window <= "
                        "%d, --ramp >= 1 and texts of at most 256 bytes\n", MAX_WINDOW);
        exit(2);
    }
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    struct rlimit files = {.rlim_cur = 0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll_fd = epoll_create1(0);
    clients = allocate((size_t)opt.clients, sizeof *clients);
    uint64_t begun = now_ns();
    log_in_all();
    double login_s = (double)(now_ns() - begun) / 1e9;
    say("ready");
    if (opt.hold) hold();
    else play(login_s);
    return 0;
}
