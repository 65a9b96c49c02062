/*
 * A bare relay over io_uring, beside which floor.c is measured by ring.ts: one thread, multishot accept and receive into
 * provided buffers, registered descriptors. With `ring` it sends in the ring, and a turn is one system call; with `send` by
 * the call, one for each message. An experiment: it has at most 64 chunks under way a connection, no half-close, and its wait is
 * for so many sends as it has begun and one receive, which a peer that reads nothing would make too many.
 * Usage: ring LISTEN_PORT SERVER_PORT ring|send defer|coop, on 127.0.0.1. Linux 6.6 or newer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

enum { ENTRIES = 1024, BUFFERS = 1024, SIZE = 16384, FILES = 2048 };
enum { ACCEPT = 0, RECV = 1, SEND = 2 };
struct end { int fd; struct end *other; int receives, sending, dead; int queue[64]; int lengths[64]; int head, count; };

static int ring, registered, useSend;
static unsigned *sqHead, *sqTail, sqMask, *cqHead, *cqTail, cqMask;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static struct io_uring_buf_ring *bufs;
static char *memory;
static unsigned toSubmit, sends;

static void *must(void *p) { if (p == MAP_FAILED || !p) perror("ring"), exit(1); return p; }

static struct io_uring_sqe *sqe(void) {
  unsigned tail = *sqTail;
  struct io_uring_sqe *s = &sqes[tail & sqMask];
  memset(s, 0, sizeof *s);
  __atomic_store_n(sqTail, tail + 1, __ATOMIC_RELEASE);
  toSubmit++;
  return s;
}
static void recycle(int id) {
  unsigned short tail = bufs->tail;
  struct io_uring_buf *b = &bufs->bufs[tail & (BUFFERS - 1)];
  b->addr = (uint64_t)(memory + (size_t)id * SIZE), b->len = SIZE, b->bid = (unsigned short)id;
  __atomic_store_n(&bufs->tail, tail + 1, __ATOMIC_RELEASE);
}
static void receive(struct end *e) {
  struct io_uring_sqe *s = sqe();
  s->opcode = IORING_OP_RECV, s->fd = e->fd, s->ioprio = IORING_RECV_MULTISHOT;
  s->flags = IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE, s->buf_group = 0;
  s->user_data = (uint64_t)e | RECV;
  e->receives = 1;
}
static void next(struct end *e) {
  if (e->sending || !e->count) return;
  struct io_uring_sqe *s = sqe();
  s->opcode = IORING_OP_SEND, s->fd = e->fd, s->flags = IOSQE_FIXED_FILE;
  s->addr = (uint64_t)(memory + (size_t)e->queue[e->head] * SIZE), s->len = (unsigned)e->lengths[e->head];
  s->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
  s->user_data = (uint64_t)e | SEND;
  e->sending = 1, sends++;
}
static void finish(struct end *e) {
  struct end *o = e->other;
  if (!e->dead) {
    e->dead = o->dead = 1;
    shutdown(e->fd, SHUT_RDWR), shutdown(o->fd, SHUT_RDWR);
  }
  if (e->receives || o->receives || e->sending || o->sending) return;
  for (struct end *x = e;; x = o) {
    int none = -1;
    struct io_uring_files_update u = {.offset = (unsigned)x->fd, .fds = (uint64_t)&none};
    syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, &u, 1);
    while (x->count) recycle(x->queue[x->head]), x->head = (x->head + 1) % 64, x->count--;
    close(x->fd);
    if (x == o) break;
  }
  free(e), free(o);
}
static struct end *endOf(int fd) {
  struct end *e = calloc(1, sizeof *e);
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct io_uring_files_update u = {.offset = (unsigned)fd, .fds = (uint64_t)&fd};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, &u, 1) < 0) perror("files"), exit(1);
  e->fd = fd;
  return e;
}
int main(int c, char **v) {
  useSend = c > 3 && !strcmp(v[3], "send");
  const char *mode = c > 4 ? v[4] : "defer";
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(v[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, server = here;
  server.sin_port = htons((uint16_t)atoi(v[2]));
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 4096)) return perror("listen"), 1;
  struct io_uring_params p = {.flags = IORING_SETUP_CQSIZE | IORING_SETUP_NO_SQARRAY, .cq_entries = 8192};
  if (!strcmp(mode, "defer")) p.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (!strcmp(mode, "coop")) p.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN;
  ring = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
  if (ring < 0) return perror("io_uring_setup"), 1;
  size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  char *base = must(mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING));
  sqHead = (unsigned *)(base + p.sq_off.head), sqTail = (unsigned *)(base + p.sq_off.tail), sqMask = *(unsigned *)(base + p.sq_off.ring_mask);
  cqHead = (unsigned *)(base + p.cq_off.head), cqTail = (unsigned *)(base + p.cq_off.tail), cqMask = *(unsigned *)(base + p.cq_off.ring_mask);
  cqes = (struct io_uring_cqe *)(base + p.cq_off.cqes);
  sqes = must(mmap(0, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES));
  memory = must(mmap(0, (size_t)BUFFERS * SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0));
  bufs = must(mmap(0, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0));
  struct io_uring_buf_reg reg = {.ring_addr = (uint64_t)bufs, .ring_entries = BUFFERS, .bgid = 0};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &reg, 1) < 0) return perror("pbuf"), 1;
  for (int i = 0; i < BUFFERS; i++) recycle(i);
  struct io_uring_rsrc_register files = {.nr = FILES, .flags = IORING_RSRC_REGISTER_SPARSE};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES2, &files, sizeof files) < 0) return perror("files2"), 1;
  struct io_uring_rsrc_update self = {.offset = (unsigned)-1, .data = (uint64_t)ring};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_RING_FDS, &self, 1) < 0) return perror("ring fd"), 1;
  registered = (int)self.offset;
  struct io_uring_sqe *a = sqe();
  a->opcode = IORING_OP_ACCEPT, a->fd = listener, a->ioprio = IORING_ACCEPT_MULTISHOT, a->user_data = ACCEPT;
  for (;;) {
    /* Sends complete while they are submitted: wait for one more, which is a receive. */
    unsigned wait = sends + 1;
    sends = 0;
    int n = (int)syscall(SYS_io_uring_enter, registered, toSubmit, wait, IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING, NULL, 0);
    if (n < 0 && errno != EINTR && errno != ETIME) return perror("enter"), 1;
    if (n > 0) toSubmit -= (unsigned)n;
    unsigned head = *cqHead, tail = __atomic_load_n(cqTail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) {
      struct io_uring_cqe *q = &cqes[head & cqMask];
      int kind = q->user_data & 7;
      struct end *e = (struct end *)(q->user_data & ~7ull);
      if (kind == ACCEPT) {
        if (q->res < 0) continue;
        int to = socket(AF_INET, SOCK_STREAM, 0);
        if (to < 0 || connect(to, (struct sockaddr *)&server, sizeof server) < 0) { close(q->res), close(to); continue; }
        struct end *x = endOf(q->res), *y = endOf(to);
        x->other = y, y->other = x;
        receive(x), receive(y);
      } else if (kind == RECV) {
        if (!(q->flags & IORING_CQE_F_MORE)) e->receives = 0;
        if (q->res > 0) {
          int id = (int)(q->flags >> IORING_CQE_BUFFER_SHIFT);
          struct end *o = e->other;
          if (useSend && !o->count) {
            ssize_t sent = send(o->fd, memory + (size_t)id * SIZE, (size_t)q->res, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent == q->res) { recycle(id); goto sent; }
            if (sent > 0) memmove(memory + (size_t)id * SIZE, memory + (size_t)id * SIZE + sent, (size_t)(q->res -= (int)sent));
          }
          if (o->count == 64) fprintf(stderr, "queue full\n"), exit(1);
          o->queue[(o->head + o->count) % 64] = id, o->lengths[(o->head + o->count) % 64] = q->res, o->count++;
          next(o);
        sent:
          if (!e->receives && !e->dead) receive(e);
        } else if (q->res == -ENOBUFS && !e->dead) receive(e);
        else finish(e);
      } else {
        e->sending = 0;
        recycle(e->queue[e->head]), e->head = (e->head + 1) % 64, e->count--;
        if (q->res < 0 || e->dead) finish(e);
        else next(e);
      }
    }
    __atomic_store_n(cqHead, head, __ATOMIC_RELEASE);
  }
}
