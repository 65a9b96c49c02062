/*
 * The floor: what moves bytes between a client and a server and does nothing else. One thread, epoll, recv, send.
 * It knows no PostgreSQL, no limits, no time; what a proxy costs more than this is the price of what it does more.
 * Usage: floor LISTEN SERVER, each a port of 127.0.0.1 or the path of a unix socket. Built by scripts/bench, for
 * comparison only.
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
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct place {
  union {
    struct sockaddr any;
    struct sockaddr_in port;
    struct sockaddr_un path;
  };
  socklen_t size;
};

struct end {
  int fd;
  struct end *other;
  /* What the other end sent and this one did not take yet: while there is any, the other end is not read. */
  char *held;
  size_t from, to;
  int isDead;
};

static char bytes[256 * 1024];
static int epoll;

static void watch(struct end *end, int how) {
  struct epoll_event event = {.data.ptr = end};
  if (end->held) event.events |= EPOLLOUT;
  if (!end->other->held) event.events |= EPOLLIN;
  epoll_ctl(epoll, how, end->fd, &event);
}

static struct end *endOf(int fd) {
  struct end *end = calloc(1, sizeof *end);
  int one = 1;
  if (!end) exit(1);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  end->fd = fd;
  return end;
}

static void hold(struct end *end, const char *rest, size_t count) {
  if (!(end->held = malloc(count))) exit(1);
  memcpy(end->held, rest, count);
  end->from = 0, end->to = count;
  watch(end, EPOLL_CTL_MOD), watch(end->other, EPOLL_CTL_MOD);
}

/* Returns 0 where the session is over. */
static int pump(struct end *from) {
  ssize_t count = recv(from->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count <= 0) return count < 0 && errno == EAGAIN;
  ssize_t sent = send(from->other->fd, bytes, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return 0;
  if (sent < count) hold(from->other, bytes + (sent < 0 ? 0 : sent), (size_t)(count - (sent < 0 ? 0 : sent)));
  return 1;
}

static int flush(struct end *end) {
  ssize_t sent = send(end->fd, end->held + end->from, end->to - end->from, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN;
  if ((end->from += (size_t)sent) < end->to) return 1;
  free(end->held), end->held = NULL;
  watch(end, EPOLL_CTL_MOD), watch(end->other, EPOLL_CTL_MOD);
  return 1;
}

static struct place placeOf(const char *word) {
  struct place place = {.size = sizeof place.port};
  if (*word == '/') {
    place.path.sun_family = AF_UNIX;
    strncpy(place.path.sun_path, word, sizeof place.path.sun_path - 1);
    place.size = sizeof place.path;
    return place;
  }
  place.port.sin_family = AF_INET;
  place.port.sin_port = htons((uint16_t)atoi(word));
  place.port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return place;
}

static void meet(int listener, struct place *server) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  int to = socket(server->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* On the loopback a connect returns at once: the one call here that could wait. */
  if (to < 0 || connect(to, &server->any, server->size) < 0) {
    close(fd), close(to);
    return;
  }
  struct end *client = endOf(fd), *backend = endOf(to);
  client->other = backend, backend->other = client;
  watch(client, EPOLL_CTL_ADD), watch(backend, EPOLL_CTL_ADD);
}

int main(int count, char **words) {
  if (count != 3) return fprintf(stderr, "usage: floor LISTEN SERVER\n"), 2;
  struct place here = placeOf(words[1]), server = placeOf(words[2]);
  int listener = socket(here.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, &here.any, here.size) < 0 || listen(listener, 4096) < 0) {
    return perror("floor: it cannot listen"), 1;
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, -1);
    struct end *dead = NULL;
    for (int i = 0; i < ready; i++) {
      struct end *end = events[i].data.ptr;
      if (!end) meet(listener, &server);
      else if (!end->isDead) {
        int lives = !(end->held && events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) || flush(end);
        if (lives && !end->other->held && events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) lives = pump(end);
        if (lives) continue;
        /* The other half may be among the events of this turn: it is freed after it. */
        close(end->fd), close(end->other->fd);
        end->isDead = end->other->isDead = 1;
        end->from = (size_t)dead;
        dead = end;
      }
    }
    while (dead) {
      struct end *next = (struct end *)dead->from;
      free(dead->held), free(dead->other->held), free(dead->other), free(dead);
      dead = next;
    }
  }
}
