/* Asks by ARP, one request after the other, and says how long the answers took.
 * Usage: asker INTERFACE ADDRESS COUNT; prints: answered p50 p99 max (microseconds) */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    struct in_addr address;
    if (argc != 4 || inet_pton(AF_INET, argv[2], &address) != 1) {
        fprintf(stderr, "usage: asker INTERFACE ADDRESS COUNT\n");
        return 2;
    }

    int s = socket(AF_PACKET, SOCK_RAW, 0), count = atoi(argv[3]), answered = 0;
    struct sock_filter replies[] = {
        { 0x28, 0, 0, 20 }, { 0x15, 0, 3, 2 }, { 0x20, 0, 0, 28 }, { 0x15, 0, 1, ntohl(address.s_addr) }, { 6, 0, 0, 64 }, { 6, 0, 0, 0 },
    };
    struct sock_fprog program = { 6, replies };
    struct ifreq interface = { 0 }, own = { 0 };
    strncpy(interface.ifr_name, argv[1], IFNAMSIZ - 1);
    own = interface;
    struct sockaddr_ll on = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = if_nametoindex(argv[1]) };
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) || ioctl(s, SIOCGIFHWADDR, &interface)
        || bind(s, (struct sockaddr *)&on, sizeof on)) {
        perror("asker");
        return 1;
    }

    unsigned char request[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, reply[64];
    unsigned char kind[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
    memcpy(request + 6, interface.ifr_hwaddr.sa_data, 6);
    memcpy(request + 12, kind, sizeof kind);
    memcpy(request + 22, request + 6, 6);
    if (ioctl(s, SIOCGIFADDR, &own) == 0)
        memcpy(request + 28, &((struct sockaddr_in *)&own.ifr_addr)->sin_addr, 4);
    memcpy(request + 38, &address, 4);

    double *took = calloc(count, sizeof *took);
    for (int i = 0; i < count; i++) {
        double asked = now();
        send(s, request, sizeof request, 0);
        struct pollfd wait = { s, POLLIN, 0 };
        if (poll(&wait, 1, 1000) == 1 && recv(s, reply, sizeof reply, 0) >= 42)
            took[answered++] = now() - asked;
    }

    qsort(took, answered, sizeof *took, ascending);
    if (answered)
        printf("%d %.1f %.1f %.1f\n", answered, took[answered / 2], took[answered * 99 / 100], took[answered - 1]);
    else
        printf("0 - - -\n");
    return answered == count ? 0 : 1;
}
