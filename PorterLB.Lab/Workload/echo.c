/* The lab's workload: says who it is. One thread, any number of clients, TCP and UDP, IPv4 and IPv6.
   UDP: each datagram comes back with the name in front, from the address it was sent to.
   TCP: "GET " gets an HTTP answer with the name, and the connection closes; anything else comes back with the name in front,
   and the connection stays. Usage: echo PORT [NAME]; the name is the host's unless given. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char name[128];

static void fail(const char *what) { perror(what); exit(1); }

static int listener(int type, int port) {
    int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0), on = 1, off = 0;
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any };
    if (fd < 0) fail("socket");
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (type == SOCK_DGRAM) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0) fail("bind");
    if (type == SOCK_STREAM && listen(fd, 4096) < 0) fail("listen");
    return fd;
}

static int answer(char *out, size_t size, const char *in, ssize_t length) {
    return snprintf(out, size, "%s %.*s", name, (int)length, in);
}

static void datagrams(int fd) {
    char in[1024], out[1200], control[256];
    for (;;) {
        struct sockaddr_in6 from;
        struct iovec v = { in, sizeof in };
        struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
        ssize_t n = recvmsg(fd, &m, 0);
        if (n < 0) return;
        v.iov_base = out;
        v.iov_len = answer(out, sizeof out, in, n);
        /* The control message received (IPV6_PKTINFO) sent back makes the answer leave from the address that was asked. */
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (c) ((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
        sendmsg(fd, &m, 0);
    }
}

static void stream(int fd) {
    char in[1024], out[1200], body[192];
    ssize_t n = recv(fd, in, sizeof in, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) { close(fd); return; }
    if (n >= 4 && !memcmp(in, "GET ", 4)) {
        int length = snprintf(body, sizeof body, "%s\n", name);
        n = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", length, body);
        send(fd, out, n, MSG_NOSIGNAL);
        close(fd);
        return;
    }
    send(fd, out, answer(out, sizeof out, in, n), MSG_NOSIGNAL);
}

static void bye(int s) { (void)s; _exit(0); }

int main(int argc, char **argv) {
    int port = argc > 1 ? atoi(argv[1]) : 8080;
    if (argc > 2) snprintf(name, sizeof name, "%s", argv[2]);
    else if (gethostname(name, sizeof name) < 0) fail("gethostname");
    signal(SIGTERM, bye);
    signal(SIGINT, bye);
    int tcp = listener(SOCK_STREAM, port), udp = listener(SOCK_DGRAM, port), poll = epoll_create1(0);
    for (int i = 0; i < 2; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data.fd = i ? udp : tcp };
        if (epoll_ctl(poll, EPOLL_CTL_ADD, e.data.fd, &e) < 0) fail("epoll_ctl");
    }
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == udp) { datagrams(udp); continue; }
            if (fd != tcp) { stream(fd); continue; }
            for (int c; (c = accept4(tcp, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                struct epoll_event e = { .events = EPOLLIN, .data.fd = c };
                epoll_ctl(poll, EPOLL_CTL_ADD, c, &e);
            }
        }
    }
}
