#!/usr/bin/env bash
# `umbratap doctor` on interfaces of its own, in a network namespace: what it says of a good place to
# listen, and of bad ones. Needs root; says so and passes where that is missing.
#
# usage: doctor.sh UMBRATAP
set -u
program=$(readlink -f "$1")
rules=$(dirname "$(readlink -f "$0")")/../rules
if [ "${2-}" != inside ]; then
    unshare --net true 2>/dev/null && command -v ip >/dev/null ||
        { echo 'skipped: a network namespace needs root and iproute2'; exit 0; }
    exec unshare --net bash "$(readlink -f "$0")" "$program" inside
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# expect STATUS PATTERN WORDS…: the exit status, and a line that matches.
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$program" doctor --rules "$rules" "$@" >out 2>err
    got=$?
    if [ "$got" != "$status" ] || ! grep -qE "$pattern" out err; then
        echo "WRONG: status $got for $status, or nothing like '$pattern': doctor $*"
        cat out err
        failures=$((failures + 1))
    fi
}

echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
for _ in $(seq 100); do ip -o link show v1 | grep -q 'state UP' && break; sleep 0.05; done

"$program" doctor 2>&1 | grep -q 'usage: umbratap doctor' || { echo 'WRONG: usage'; failures=$((failures + 1)); }
expect 2 'interface with -i' -k keys.log
expect 2 'usage: umbratap doctor' -r words
expect 2 'expected a number' -i v1 --seconds soon
expect 4 'v7: there is no such interface; there are .*v1' -i v7
expect 0 'ok +link +up' -i v1 --seconds 0
expect 1 'wrong +traffic +nothing came in' -i v1 --seconds 1
expect 1 '\$ tcpdump -ni v1' -i v1 --seconds 1

# A key log that others can read, and one that is not there.
printf 'CLIENT_RANDOM %064d %096d\nnonsense\n' 1 2 >keys.log
chmod 644 keys.log
expect 0 'warning +key log +keys.log: 1 secret \(1 CLIENT_RANDOM\), 1 not understood' -i v1 --seconds 0 -k keys.log
expect 0 '\$ chmod 600 keys.log' -i v1 --seconds 0 -k keys.log
expect 0 'no-keys.log: is not there yet' -i v1 --seconds 0 -k no-keys.log
expect 1 'wrong +key log' -i v1 --seconds 0 -k .

# Twenty connections of which only one direction is seen, while doctor listens.
python3 - <<'PYTHON' &
import socket, struct, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('v0', 0))
end = time.time() + 60
open('sending', 'w').close()
while time.time() < end:
    for port in range(2000, 2020):
        tcp = struct.pack('!HHIIBBHHH', port, 443, 1, 1, 0x50, 0x10, 100, 0, 0)
        ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 1, 0, 64, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
        out.send(bytes.fromhex('0200000000020200000000010800') + ip + tcp)
    time.sleep(0.05)
PYTHON
sender=$!
until [ -e sending ]; do sleep 0.1; done
expect 1 'wrong +directions +100 % of 20 TCP flows were seen in one direction only' -i v1 --seconds 2
kill $sender
wait

"$program" doctor --rules "$rules" -i v1 --seconds 0 --json >out
python3 - <<'PYTHON' || { echo 'WRONG: --json'; failures=$((failures + 1)); }
import json
whole = json.load(open('out'))
assert whole['result'] in ('ok', 'warning'), whole
link, = (c for c in whole['checks'] if c['about'] == 'v1' and c['check'] == 'link')
assert link['result'] == 'ok' and link['text'].startswith('up'), link
PYTHON

ip link set v1 down
expect 1 'wrong +link +the interface is down' -i v1
expect 1 '\$ ip link set dev v1 up' -i v1

# Without the right to capture, told once, and the rest is still looked at.
chmod 755 .
setpriv --reuid=65534 --regid=65534 --clear-groups "$program" doctor --rules "$rules" -i v0 >out 2>err
[ $? = 1 ] && grep -qE 'wrong +privileges' out && grep -q '\$ setcap cap_net_raw+ep' out && grep -qE 'warning|ok|wrong +link' out ||
    { echo 'WRONG: without privileges'; cat out err; failures=$((failures + 1)); }

[ "$failures" = 0 ] && echo 'all as expected'
exit "$failures"
