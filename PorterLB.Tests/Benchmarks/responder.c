/* The least that can answer ARP from a process: the yardstick for the speaker. One address, one AF_PACKET socket bound to ARP,
 * one recv and one send per request. Usage: responder INTERFACE ADDRESS */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    struct in_addr address;
    if (argc != 3 || inet_pton(AF_INET, argv[2], &address) != 1) {
        fprintf(stderr, "usage: responder INTERFACE ADDRESS\n");
        return 2;
    }

    int s = socket(AF_PACKET, SOCK_RAW, 0);
    struct sock_filter only_ours[] = {
        { 0x28, 0, 0, 20 }, { 0x15, 0, 3, 1 }, { 0x20, 0, 0, 38 }, { 0x15, 0, 1, ntohl(address.s_addr) }, { 6, 0, 0, 64 }, { 6, 0, 0, 0 },
    };
    struct sock_fprog program = { 6, only_ours };
    struct ifreq interface = { 0 };
    strncpy(interface.ifr_name, argv[1], IFNAMSIZ - 1);
    struct sockaddr_ll on = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = if_nametoindex(argv[1]) };
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) || ioctl(s, SIOCGIFHWADDR, &interface)
        || bind(s, (struct sockaddr *)&on, sizeof on)) {
        perror("responder");
        return 1;
    }

    unsigned char frame[64], mac[6];
    memcpy(mac, interface.ifr_hwaddr.sa_data, 6);
    for (;;) {
        if (recv(s, frame, sizeof frame, 0) < 42)
            continue;
        memcpy(frame, frame + 6, 6);
        memcpy(frame + 6, mac, 6);
        frame[21] = 2;
        memcpy(frame + 32, frame + 22, 10);
        memcpy(frame + 22, mac, 6);
        memcpy(frame + 28, &address, 4);
        send(s, frame, 42, 0);
    }
}
