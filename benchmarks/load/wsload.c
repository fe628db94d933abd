// wsload: a load generator for the manager's two sockets.
//
//   agents   -> ws://host:port/agent             register, then numbered `events` frames, acknowledged
//   watchers -> ws://host:port/ws?token=…&protocol=1   watch an agent, read `events` frames
//
// With --plain 1 agents send the contract's single events without numbers and watchers read single
// events. One thread, epoll, frames built in advance (mask key 0); what comes back is not parsed as
// JSON: each event carries a marker  @@<send ns,19>:<number,10>:<agent,5>@  and watchers look for it,
// so latency, gaps and repeats are measured event by event.
//
// Loopback only (127.0.0.0/8), bounded in time, stops by itself. The token of the watchers is read
// from a file. Prints JSON lines: ready, window_start, window_end, result.
//
//   cc -O2 -o wsload wsload.c
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum kind { AGENT, WATCHER };
enum state { CONNECTING, SHAKING, OPEN, CLOSED };

typedef struct {
  int fd, idx, watched;
  enum kind kind;
  enum state state;
  uint32_t interest;
  char *in, *out;
  size_t in_size, in_len, out_size, out_len, out_off;
  // agents
  char id[80], token[160];
  char *event;
  size_t event_len, at_time, at_number;
  uint64_t sent, base, acked, delivered;
  int registered;
  // watchers
  uint64_t got, in_window, bytes, frames, repeats, gaps;
  uint64_t last;
} Conn;

static const char *host = "127.0.0.1", *agents_file, *jwt_file, *event_type = "output";
static int port, n_agents = 1, n_watchers = 1, event_bytes = 200, per_frame = 16, fan_all, plain, slow, idle;
static long window = 2000, max_events;
static double rate, seconds = 5, warm = 1, settle = 0.5, drain_seconds = 10;

static int ep, n_conns, n_closed, n_failed, measuring;
static char jwt[4096];
static Conn *conns;
static uint32_t *latency;  // tenths of a microsecond
static size_t n_latency, latency_room = 8000000;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
static void die(const char *what) { perror(what); exit(2); }

static void set_interest(Conn *c, uint32_t wanted) {
  if (c->interest == wanted) return;
  struct epoll_event e = {.events = wanted, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  c->interest = wanted;
}
static void put(Conn *c, const void *data, size_t n) {
  if (c->out_len + n > c->out_size) {
    memmove(c->out, c->out + c->out_off, c->out_len - c->out_off);
    c->out_len -= c->out_off;
    c->out_off = 0;
    size_t size = c->out_size ? c->out_size : 65536;
    while (size < c->out_len + n) size *= 2;
    if (size != c->out_size) c->out = realloc(c->out, size);
    c->out_size = size;
  }
  memcpy(c->out + c->out_len, data, n);
  c->out_len += n;
}
static int flush(Conn *c) {  // 1: all written, 0: later, -1: gone
  while (c->out_off < c->out_len) {
    ssize_t n = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      set_interest(c, EPOLLIN | EPOLLOUT);
      return 0;
    }
    c->out_off += (size_t)n;
  }
  c->out_len = c->out_off = 0;
  return 1;
}
static void put_header(Conn *c, size_t n, int opcode) {
  unsigned char h[14] = {(unsigned char)(0x80 | opcode)};
  size_t k = 2;
  if (n < 126) h[1] = (unsigned char)(0x80 | n);
  else if (n < 65536) { h[1] = 0x80 | 126; h[2] = (unsigned char)(n >> 8); h[3] = (unsigned char)n; k = 4; }
  else { h[1] = 0x80 | 127; for (int i = 0; i < 8; i++) h[2 + i] = (unsigned char)((uint64_t)n >> (8 * (7 - i))); k = 10; }
  put(c, h, k + 4);  // the mask key stays 0
}
static void send_text(Conn *c, const char *text, size_t n, int opcode) {
  put_header(c, n, opcode);
  put(c, text, n);
  flush(c);
}
static void write_digits(char *p, uint64_t v, int width) {
  for (int i = width - 1; i >= 0; i--) { p[i] = (char)('0' + v % 10); v /= 10; }
}
static uint64_t read_digits(const char *p, int width) {
  uint64_t v = 0;
  for (int i = 0; i < width; i++) v = v * 10 + (uint64_t)(p[i] - '0');
  return v;
}

static void build_event(Conn *c) {
  static const char words[] = "The quick brown fox jumps over the lazy dog while the agent edits files and runs tests; ";
  const char *mark = "@@0000000000000000000:0000000000:00000@";
  char *b = malloc((size_t)event_bytes + 1024);
  int n = sprintf(b, "{\"type\":\"%s\",", event_type);
  if (plain) n += sprintf(b + n, "\"agentId\":\"%s\",", c->id);
  n += sprintf(b + n, "\"at\":\"2026-01-01T00:00:00.000Z\",");
  int tool = !strcmp(event_type, "tool_use");
  n += sprintf(b + n, tool ? "\"name\":\"Bash\",\"input\":{\"command\":\"%s" : "\"msgType\":\"text\",\"content\":\"%s", mark);
  for (int i = (int)strlen(mark); i < event_bytes; i++) b[n++] = words[i % (int)(sizeof words - 1)];
  n += sprintf(b + n, tool ? "\"}}" : "\"}");
  char *m = memmem(b, (size_t)n, "@@", 2);
  c->event = b;
  c->event_len = (size_t)n;
  c->at_time = (size_t)(m - b) + 2;
  c->at_number = c->at_time + 20;
  write_digits(b + c->at_number + 11, (uint64_t)c->idx, 5);
}
static void put_event(Conn *c, uint64_t at) {
  c->sent++;
  write_digits(c->event + c->at_time, at, 19);
  write_digits(c->event + c->at_number, c->sent, 10);
  put(c, c->event, c->event_len);
}
static void put_events(Conn *c, uint64_t at, int n) {
  if (plain) {
    for (int i = 0; i < n; i++) { put_header(c, c->event_len, 1); put_event(c, at); }
    return;
  }
  char head[64];
  int k = sprintf(head, "{\"type\":\"events\",\"first\":%lu,\"events\":[", (unsigned long)(c->sent + 1));
  put_header(c, (size_t)k + c->event_len * (size_t)n + (size_t)(n - 1) + 2, 1);
  put(c, head, (size_t)k);
  for (int i = 0; i < n; i++) { if (i) put(c, ",", 1); put_event(c, at); }
  put(c, "]}", 2);
}

static void seen(Conn *c, const char *mark, uint64_t now) {
  uint64_t at = read_digits(mark + 2, 19), number = read_digits(mark + 22, 10);
  int agent = (int)read_digits(mark + 33, 5);
  c->got++;
  if (agent < n_agents && agent == c->watched) {
    if (number <= c->last) c->repeats++;
    else { if (c->last && number != c->last + 1) c->gaps += number - c->last - 1; c->last = number; }
    Conn *a = &conns[agent];
    if (c->idx == (fan_all ? 0 : agent) && number > a->delivered) a->delivered = number;
  }
  if (measuring) {
    c->in_window++;
    if ((c->idx < 16 || !(c->in_window & 15)) && n_latency < latency_room)
      latency[n_latency++] = (uint32_t)((now > at ? now - at : 0) / 100);
  }
}
static void on_text(Conn *c, char *p, size_t n, uint64_t now) {
  if (c->kind == WATCHER) {
    c->frames++;
    c->bytes += n;
    // lists of agents quote what an agent is doing, marker and all
    if (!memmem(p, n < 20 ? n : 20, plain ? event_type : "\"events\"", plain ? strlen(event_type) : 8)) return;
    for (char *q = p, *end = p + n; q + 39 <= end && (q = memmem(q, (size_t)(end - q), "@@", 2)) && q + 39 <= end;) {
      if (q[21] == ':' && q[32] == ':' && q[38] == '@') { seen(c, q, now); q += 39; } else q += 2;
    }
    return;
  }
  char *at;
  size_t head = n < 64 ? n : 64;
  if (memmem(p, head, "\"ack\"", 5) && (at = memmem(p, n, "\"seq\":", 6))) {
    uint64_t v = strtoull(at + 6, NULL, 10);
    if (v > c->acked) c->acked = v;
  } else if (memmem(p, head, "\"registered\"", 12) && (at = memmem(p, n, "\"lastSeq\":", 10))) {
    c->base = c->sent = c->acked = c->delivered = strtoull(at + 10, NULL, 10);
    c->registered = 1;
  } else if (memmem(p, head, "\"error\"", 7)) {
    fprintf(stderr, "refused: %.*s\n", (int)(n < 200 ? n : 200), p);
  }
}
static void hang_up(Conn *c) {
  if (c->state == CLOSED) return;
  if (c->state == OPEN) n_closed++; else n_failed++;
  c->state = CLOSED;
  epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
  close(c->fd);
}
static size_t shaken(Conn *c) {  // length of the handshake's answer, 0: not all there
  char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
  if (!end) return 0;
  if (memcmp(c->in, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "handshake: %.40s\n", c->in);
    hang_up(c);
    return 0;
  }
  c->state = OPEN;
  return (size_t)(end + 4 - c->in);
}
static void on_readable(Conn *c) {
  for (int loop = 0; loop < 8; loop++) {
    if (c->in_size - c->in_len < 65536) { c->in_size = c->in_size ? c->in_size * 2 : 262144; c->in = realloc(c->in, c->in_size); }
    ssize_t r = recv(c->fd, c->in + c->in_len, c->in_size - c->in_len, 0);
    if (r < 0 && errno == EAGAIN) return;
    if (r <= 0) { hang_up(c); return; }
    c->in_len += (size_t)r;
    size_t off = 0;
    uint64_t now = now_ns();
    if (c->state == SHAKING && !(off = shaken(c))) return;
    while (c->in_len - off >= 2) {
      unsigned char *h = (unsigned char *)c->in + off;
      size_t n = h[1] & 127, k = 2;
      if (n == 126) { k = 4; if (c->in_len - off < k) break; n = (size_t)(h[2] << 8 | h[3]); }
      else if (n == 127) { k = 10; if (c->in_len - off < k) break; n = 0; for (int i = 0; i < 8; i++) n = n << 8 | h[2 + i]; }
      if (c->in_len - off < k + n) break;
      char *p = c->in + off + k;
      switch (h[0] & 15) {
        case 8: fprintf(stderr, "closed: %d %.*s\n", n > 1 ? (unsigned char)p[0] << 8 | (unsigned char)p[1] : 0, (int)(n > 2 ? n - 2 : 0), p + 2); hang_up(c); return;
        case 9: send_text(c, p, n, 10); break;
        case 10: break;
        default: on_text(c, p, n, now);
      }
      off += k + n;
    }
    memmove(c->in, c->in + off, c->in_len - off);
    c->in_len -= off;
    if (r < 65536) return;
  }
}
static void on_connected(Conn *c) {
  int error = 0;
  socklen_t n = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
  if (error) { errno = error; perror("connect"); hang_up(c); return; }
  char q[5120];
  int k = c->kind == AGENT ? sprintf(q, "GET /agent") : sprintf(q, "GET /ws?token=%s%s", jwt, plain ? "" : "&protocol=1");
  k += sprintf(q + k, " HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", host, port);
  put(c, q, (size_t)k);
  c->state = SHAKING;
  if (flush(c) == 1) set_interest(c, EPOLLIN);
}
static void open_conn(Conn *c) {
  int one = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &a.sin_addr);
  if (ntohl(a.sin_addr.s_addr) >> 24 != 127) { fprintf(stderr, "loopback only\n"); exit(2); }
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (void *)&a, sizeof a) < 0 && errno != EINPROGRESS) die("connect");
  c->interest = EPOLLIN | EPOLLOUT;
  struct epoll_event e = {.events = c->interest, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void poll_once(int64_t timeout_ns) {
  struct epoll_event ev[256];
  struct timespec t = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  int n = epoll_pwait2(ep, ev, 256, &t, NULL);
  for (int i = 0; i < n; i++) {
    Conn *c = ev[i].data.ptr;
    if (c->state == CLOSED) continue;
    if (c->state == CONNECTING) { on_connected(c); continue; }
    if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
    if (c->state != CLOSED && (ev[i].events & EPOLLOUT)) {
      int r = flush(c);
      if (r == 1) set_interest(c, EPOLLIN);
      else if (r < 0) hang_up(c);
    }
  }
}
static void run_for(double s) { for (uint64_t end = now_ns() + (uint64_t)(s * 1e9); now_ns() < end;) poll_once(5000000); }

static void open_group(int from, int n) {
  uint64_t deadline = now_ns() + 60000000000ull;
  for (int i = from; i < from + n;) {  // a few at a time: unregistered connections are bounded
    int until = i + 32 < from + n ? i + 32 : from + n;
    for (int k = i; k < until; k++) open_conn(&conns[k]);
    for (int waiting = 1; waiting;) {
      waiting = 0;
      for (int k = i; k < until; k++) {
        Conn *c = &conns[k];
        if (c->state == CLOSED) { fprintf(stderr, "a connection was refused\n"); exit(3); }
        if (c->state < OPEN) { waiting = 1; continue; }
        if (c->state == OPEN && !c->watched && c->kind == AGENT) {
          char b[512];
          int len = sprintf(b, "{\"type\":\"register\",\"agentId\":\"%s\",\"token\":\"%s\"%s}", c->id, c->token, plain ? "" : ",\"protocol\":1");
          send_text(c, b, (size_t)len, 1);
          c->watched = 1;
        }
        if (c->state == OPEN && c->kind == AGENT && !plain && !c->registered) waiting = 1;
      }
      if (now_ns() > deadline) { fprintf(stderr, "not all connections opened\n"); exit(3); }
      if (waiting) poll_once(5000000);
    }
    i = until;
  }
}
static void watch_all(void) {
  for (int i = 0; i < n_watchers; i++) {
    Conn *c = &conns[n_agents + i];
    c->watched = fan_all ? 0 : i % n_agents;
    char b[256];
    int n = sprintf(b, "{\"type\":\"watch\",\"agentId\":\"%s\"%s}", conns[c->watched].id, plain ? "" : ",\"tail\":0");
    if (c->state == OPEN) send_text(c, b, (size_t)n, 1);
  }
}
static void until_quiet(double quiet_s, double most_s) {
  uint64_t start = now_ns(), quiet = start, last = 0;
  while (now_ns() - quiet < (uint64_t)(quiet_s * 1e9) && now_ns() - start < (uint64_t)(most_s * 1e9)) {
    poll_once(5000000);
    uint64_t sum = 0;
    for (int i = 0; i < n_conns; i++) sum += conns[i].bytes + conns[i].acked + conns[i].out_off + conns[i].in_len;
    if (sum != last) { last = sum; quiet = now_ns(); }
  }
}
static void closed_loop(void) {
  int any = 0;
  for (int i = 0; i < n_agents; i++) {
    Conn *c = &conns[i];
    if (c->state != OPEN || c->out_len) continue;
    uint64_t done = plain ? c->delivered : c->acked;
    if (n_watchers && !plain && (fan_all ? i == 0 : i < n_watchers) && c->delivered < done) done = c->delivered;
    long room = window - (long)(c->sent - done);
    if (max_events && (long)(max_events - (long)(c->sent - c->base)) < room) room = max_events - (long)(c->sent - c->base);
    uint64_t at = now_ns();
    for (; room >= per_frame; room -= per_frame) { put_events(c, at, per_frame); any = 1; if (c->out_len > 262144) break; }
    if (c->out_len && flush(c) < 0) hang_up(c);
  }
  poll_once(any ? 0 : 1000000);
}
static void open_loop(uint64_t start, uint64_t now) {  // at times fixed in advance
  static uint64_t sent;
  static int turn;
  double gap = 1e9 / rate;
  uint64_t due = (uint64_t)((double)(now - start) / gap);
  for (int i = 0; i < 4096 && due - sent >= (uint64_t)per_frame; i++) {
    sent += (uint64_t)per_frame;
    Conn *c = &conns[turn++ % n_agents];
    if (c->state == OPEN) put_events(c, start + (uint64_t)((double)sent * gap), per_frame);
  }
  for (int i = 0; i < n_agents; i++)
    if (conns[i].state == OPEN && conns[i].out_len && !(conns[i].interest & EPOLLOUT)) flush(&conns[i]);
  uint64_t next = start + (uint64_t)((double)(sent + (uint64_t)per_frame) * gap), t = now_ns();
  int64_t wait = next > t ? (int64_t)(next - t) : 0;
  if (wait > 2000000) wait = 2000000;
  poll_once(wait > 60000 ? wait - 50000 : 0);
}
static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}
static double quantile(double q) { return n_latency ? latency[(size_t)((double)(n_latency - 1) * q)] / 10.0 : 0; }
static void say(const char *event) { printf("{\"event\":\"%s\"}\n", event); fflush(stdout); }

static void report(const uint64_t *at_start, const uint64_t *at_end, double cpu) {
  uint64_t delivered = 0, got = 0, bytes = 0, frames = 0, repeats = 0, gaps = 0, sent = 0, acked = 0;
  for (int i = n_agents; i < n_conns; i++) {
    Conn *c = &conns[i];
    delivered += c->in_window; got += c->got; bytes += c->bytes; frames += c->frames; repeats += c->repeats; gaps += c->gaps;
  }
  for (int i = 0; i < n_agents; i++) { sent += conns[i].sent - conns[i].base; acked += conns[i].acked - conns[i].base; }
  qsort(latency, n_latency, sizeof *latency, ascending);
  printf("{\"event\":\"result\",\"sent\":%lu,\"acked\":%lu,\"sent_rate\":%.0f,\"acked_rate\":%.0f,\"delivered_rate\":%.0f,"
         "\"got\":%lu,\"gaps\":%lu,\"repeats\":%lu,\"bytes\":%lu,\"frames\":%lu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,"
         "\"max_us\":%.1f,\"samples\":%zu,\"closed\":%d,\"failed\":%d,\"generator_cpu\":%.3f}\n",
         (unsigned long)sent, (unsigned long)acked, (double)(at_end[0] - at_start[0]) / seconds, (double)(at_end[1] - at_start[1]) / seconds,
         (double)delivered / seconds, (unsigned long)got, (unsigned long)gaps, (unsigned long)repeats, (unsigned long)bytes,
         (unsigned long)frames, quantile(.5), quantile(.9), quantile(.99), quantile(1), n_latency, n_closed, n_failed, cpu / seconds);
}
static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + 1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
static void totals(uint64_t *into) {
  into[0] = into[1] = 0;
  for (int i = 0; i < n_agents; i++) { into[0] += conns[i].sent; into[1] += conns[i].acked; }
}
static void measure(void) {
  uint64_t start = now_ns(), from = start + (uint64_t)(warm * 1e9), end = from + (uint64_t)(seconds * 1e9);
  uint64_t at_start[2], at_end[2];
  double cpu = 0;
  for (;;) {
    uint64_t now = now_ns();
    if (now >= end) break;
    if (!measuring && now >= from) { measuring = 1; cpu = cpu_seconds(); totals(at_start); say("window_start"); }
    if (rate > 0) open_loop(start, now); else closed_loop();
  }
  measuring = 0;
  cpu = cpu_seconds() - cpu;
  totals(at_end);
  say("window_end");
  until_quiet(1, drain_seconds);
  report(at_start, at_end, cpu);
}
static void read_files(void) {
  FILE *f = agents_file ? fopen(agents_file, "r") : NULL;
  for (int i = 0; i < n_agents; i++) {
    if (!f || fscanf(f, "%79s %159s", conns[i].id, conns[i].token) != 2) { sprintf(conns[i].id, "agent-%05d", i); strcpy(conns[i].token, "none"); }
    build_event(&conns[i]);
  }
  if (f) fclose(f);
  f = jwt_file ? fopen(jwt_file, "r") : NULL;
  if (f && fscanf(f, "%4000s", jwt) != 1) die("jwt file");
  if (f) fclose(f);
}
static void options(int count, char **args) {
  struct { const char *name; int *i; long *l; double *d; const char **s; } known[] = {
      {"--host", .s = &host}, {"--port", .i = &port}, {"--jwt-file", .s = &jwt_file}, {"--agents-file", .s = &agents_file},
      {"--type", .s = &event_type}, {"--agents", .i = &n_agents}, {"--watchers", .i = &n_watchers}, {"--size", .i = &event_bytes},
      {"--per-frame", .i = &per_frame}, {"--fan-all", .i = &fan_all}, {"--plain", .i = &plain}, {"--slow-watchers", .i = &slow},
      {"--idle", .i = &idle}, {"--window", .l = &window}, {"--max-events", .l = &max_events}, {"--rate", .d = &rate},
      {"--seconds", .d = &seconds}, {"--warm", .d = &warm}, {"--settle", .d = &settle}, {"--drain", .d = &drain_seconds}};
  for (int i = 1; i < count; i += 2) {
    size_t k = 0;
    while (k < sizeof known / sizeof *known && strcmp(args[i], known[k].name)) k++;
    if (k == sizeof known / sizeof *known || i + 1 >= count) { fprintf(stderr, "unknown option %s\n", args[i]); exit(2); }
    if (known[k].i) *known[k].i = atoi(args[i + 1]);
    if (known[k].l) *known[k].l = atol(args[i + 1]);
    if (known[k].d) *known[k].d = atof(args[i + 1]);
    if (known[k].s) *known[k].s = args[i + 1];
  }
}
int main(int count, char **args) {
  options(count, args);
  ep = epoll_create1(0);
  n_conns = n_agents + n_watchers;
  conns = calloc((size_t)n_conns, sizeof *conns);
  latency = malloc(latency_room * sizeof *latency);
  for (int i = 0; i < n_conns; i++) { conns[i].kind = i >= n_agents ? WATCHER : AGENT; conns[i].idx = i >= n_agents ? i - n_agents : i; }
  read_files();
  open_group(0, n_agents);
  run_for(settle / 2);
  open_group(n_agents, n_watchers);
  watch_all();
  run_for(settle / 2);
  until_quiet(0.3, 60);
  for (int i = n_agents; i < n_conns; i++) { Conn *c = &conns[i]; c->got = c->bytes = c->frames = c->repeats = c->gaps = c->last = 0; }
  printf("{\"event\":\"ready\",\"failed\":%d}\n", n_failed);
  fflush(stdout);
  for (int i = n_watchers - slow; i < n_watchers; i++) set_interest(&conns[n_agents + i], 0);
  if (idle) run_for(seconds); else measure();
  return 0;
}
