#!/bin/sh
# How long an ARP answer takes, 20,000 requests one after another in one run: by the kernel for an address of its own, by the least
# program that can do it (responder.c), and by the speaker (the sample of docs/samples, built ahead of time). Two network namespaces,
# one veth pair; nothing is left behind. Who asks has one core and who answers another: which of them the scheduler puts side by side
# is worth more than all that is measured here. Five rounds in turn; the last rows are the medians.
#
# usage: arp-answer-time.sh PATH-OF-SHARED-ADDRESS [COUNT]
set -eu
speaker=${1:?usage: arp-answer-time.sh PATH-OF-SHARED-ADDRESS [COUNT]}
count=${2:-20000}
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
p=pw-$$
pids=
trap 'for pid in $pids; do kill -9 $pid 2>/dev/null || true; done; for n in a b; do ip netns delete $p-$n 2>/dev/null || true; done; rm -rf "$work"' EXIT INT TERM

cc -O2 -o "$work/responder" "$here/responder.c"
cc -O2 -o "$work/asker" "$here/asker.c"
for n in a b; do ip netns add $p-$n; done
ip link add eth0 netns $p-a address 02:00:00:00:00:01 type veth peer name eth0 netns $p-b address 02:00:00:00:00:02
for n in a b; do ip -n $p-$n link set lo up; ip -n $p-$n link set eth0 up; done
ip -n $p-a address add 192.168.0.1/24 dev eth0
ip -n $p-b address add 192.168.0.2/24 dev eth0

asking= answering=
if [ "$(nproc)" -gt 1 ] && command -v taskset > /dev/null; then asking="taskset -c 0" answering="taskset -c 1"; fi
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
ask() { ip netns exec $p-b $asking "$work/asker" eth0 "$1" "$count"; }
row() { printf '%-10s %8s %8s %8s %8s   %s\n' "$@"; }

row "" answered p50 p99 max "CPU per answer (us)"
row kernel $(ask 192.168.0.1) -

ip netns exec $p-a $answering "$work/responder" eth0 192.168.0.90 & c=$!; pids="$pids $c"
ip netns exec $p-a $answering "$speaker" a a secret-of-sixteen-letters 192.168.0.91 > "$work/out" & s=$!; pids="$pids $s"
tries=0
until ip netns exec $p-b "$work/asker" eth0 192.168.0.91 1 > /dev/null; do
    tries=$((tries + 1)); [ $tries -lt 20 ] || { cat "$work/out"; echo "the speaker does not answer" >&2; exit 1; }
done

hz=$(getconf CLK_TCK)
round() {
    before=$(ticks "$3")
    result=$(ask "$2")
    spent=$(awk -v t=$(($(ticks "$3") - before)) -v hz="$hz" -v n="$count" 'BEGIN { printf "%.1f", t * 1e6 / hz / n }')
    row "$1" $result "$spent"
    echo "$1" $result "$spent" >> "$work/rows"
}
for i in 1 2 3 4 5; do
    round C 192.168.0.90 $c
    round speaker 192.168.0.91 $s
done

median() { awk -v who="$1" -v field="$2" '$1 == who { print $field }' "$work/rows" | sort -n | sed -n 3p; }
echo medians:
for who in C speaker; do
    row $who "" "$(median $who 3)" "$(median $who 4)" "$(median $who 5)" "$(median $who 6)"
done
printf 'resident: C %s, speaker %s\n' "$(awk '/VmRSS/ { print $2 " kB" }' /proc/$c/status)" "$(awk '/VmRSS/ { print $2 " kB" }' /proc/$s/status)"
