#!/usr/bin/env bash
# Real MCP conversations through real decrypting proxies, and what umbratap finds in what these hand on: exactly the
# sessions that happened, on each side of the proxy, and nothing unseen. The README's examples are the commands run here.
#
# usage: middleboxes.sh UMBRATAP
#
# Installs nothing: each tool that is missing is named with 'skipped: '. Status 77 where nothing could run. Everything
# happens in a network namespace of its own, with three addresses on its loopback interface:
#
#     10.20.14.37 client  →  10.20.90.3 proxy  →  10.20.200.11 server
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")/middleboxes
client=10.20.14.37 proxy=10.20.90.3 server=10.20.200.11

skip() { echo "skipped: $*"; }
wrong() { echo "WRONG: $*"; failures=$((failures + 1)); false; }
installed() { command -v "$1" >/dev/null || { skip "$1: not installed"; return 1; }; }

if [ "${2:-}" != inside ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    unshare --net --mount true 2>/dev/null || { skip 'network namespaces: not allowed here (needs root)'; exit 77; }
    # What is still running when the first process of a PID namespace ends is ended with it.
    program=$(readlink -f "$1") script=$(readlink -f "$0")
    cd "$work" && unshare --net --mount --pid --fork --kill-child --mount-proc bash "$script" "$program" inside
    exit
fi

program=$1
work=$PWD
failures=0
ran=0
export NODE_NO_WARNINGS=1 NODE_EXTRA_CA_CERTS=ca.pem

umbratap() { "$program" --rules "$here/../../rules" --policy "$here/policy.yaml" -q --json "$@"; }

network() {
    ip link set lo up
    for address in $client $proxy $server; do ip address add $address/32 dev lo; done
    ip route replace local $proxy dev lo table local src $client
    ip route replace local $server dev lo table local src $proxy
    names $server
    mount --bind hosts /etc/hosts
}

# Where the names of the servers lead.
names() { printf '127.0.0.1 localhost\n%s portal.corp.example tools.vendor.example\n' "$1" >hosts; }

certificates() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=Example inspection' &&
        openssl req -x509 -CA ca.pem -CAkey ca.key -newkey rsa:2048 -nodes -keyout server.key -out server.pem -days 30 \
            -subj '/CN=portal.corp.example' -addext basicConstraints=critical,CA:FALSE \
            -addext subjectAltName=DNS:portal.corp.example,DNS:tools.vendor.example
} 2>openssl.err

# until_there PATTERN FILE, listening ADDRESS PORT: waits at most ten seconds.
until_there() { for _ in {1..200}; do grep -qs "$1" "$2" && return; sleep 0.05; done; false; }
listening() {
    for _ in {1..200}; do ss -Hltn "src $1:$2" | grep -q . && return; sleep 0.05; done
    wrong "nothing listens on $1:$2"
}

# capture INTERFACE FILE COMMAND…: what passes while the command runs. The kernel hands packets over once a second.
capture() {
    local interface=$1 file=$2 dump
    shift 2
    tcpdump -i "$interface" -B 16384 -U -w "$file" tcp 2>"$file.log" &
    dump=$!
    until_there listening "$file.log"
    "$@"
    sleep 1.3
    kill $dump
    wait $dump
    grep -q '^0 packets dropped by kernel' "$file.log" || wrong "$file: the capture itself lost packets"
}

# talk TRUTH direct|connect|absolute-form SCHEME: a conversation with each of the two servers.
talk() {
    local tell=(node "$here/client.mjs" "$2")
    [ "$official" = yes ] || tell=("$here/recorded.py" talk)
    timeout 30 "${tell[@]}" "$3://portal.corp.example/mcp" "$3://tools.vendor.example/mcp" >"$1"
}

# check NAME, then the arguments of expect.py.
check() {
    local name=$1
    shift
    ran=$((ran + 1))
    if "$here/expect.py" "$@"; then echo "ok: $name"; else wrong "$name"; fi
}

through_mitmproxy() {
    installed mitmproxy || return
    mkdir authority && cat ca.key ca.pem >authority/mitmproxy-ca.pem
    (umask 077; SSLKEYLOGFILE=mitmproxy.keys exec mitmdump -q --listen-host $proxy --listen-port 8080 \
        --set confdir=authority --set ssl_verify_upstream_trusted_ca=ca.pem) &
    listening $proxy 8080 || return
    PROXY=http://$proxy:8080 capture any mitmproxy.pcap talk mitmproxy.truth connect https
    umbratap -r mitmproxy.pcap -k mitmproxy.keys >mitmproxy.json
    check 'mitmproxy, both sides by its key log' mitmproxy.json mitmproxy.truth \
        "$client,$proxy:8080,$http,1.3,connect" "$proxy,$server:443,$http,1.3"
}

through_squid() {
    local signer=/usr/lib/squid/security_file_certgen running
    installed squid || return
    [ -x $signer ] || { skip 'squid: built without ssl-bump (package squid-openssl)'; return; }
    chmod 711 . && $signer -c -s "$work/bumped" -M 4MB >/dev/null && chown -R proxy bumped
    sed "s|@work@|$work|g; s|@proxy@|$proxy|" "$here/squid.conf" >squid.conf
    squid -N -f squid.conf 2>squid.log &
    running=$!
    listening $proxy 3128 || return
    PROXY=http://$proxy:3128 capture any bump.pcap talk bump.truth connect https
    umbratap -r bump.pcap --tls-key ca.key 'port 3128' >bump.json
    check 'squid with ssl-bump, by the key of its authority' bump.json bump.truth $client,$proxy:3128,1.1,1.2,connect

    PROXY=http://$proxy:3128 capture any absolute.pcap talk absolute.truth absolute-form http
    umbratap -r absolute.pcap >absolute.json
    check 'squid, absolute-form requests in the clear' absolute.json absolute.truth \
        $client,$proxy:3128,1.1,none,http $proxy,$server:80,1.1,none
    kill $running
}

through_sslsplit() {
    local running
    installed sslsplit || return
    # The interface that mirrored packets leave by, and the analyser's behind it.
    ip link add mirror type veth peer name analyser
    ip address add 10.20.99.1/24 dev mirror && ip address add 10.20.99.2/24 dev analyser
    ip link set mirror up && ip link set analyser up
    for name in all mirror analyser; do  # one kernel answers itself by ARP
        sysctl -q -w net.ipv4.conf.$name.accept_local=1 net.ipv4.conf.$name.rp_filter=0
    done
    names $proxy
    sslsplit -D -u root -k ca.key -c ca.pem -X sslsplit.pcap -I mirror -T 10.20.99.2 \
        ssl $proxy 443 $server 443 >sslsplit.log 2>&1 &
    running=$!
    listening $proxy 443 || return
    capture analyser mirrored.pcap talk sslsplit.truth direct https
    kill $running
    wait $running
    names $server
    umbratap --decrypted-mirror -r sslsplit.pcap >sslsplit.json
    check 'sslsplit -X' sslsplit.json sslsplit.truth --mirror $client,$server:443,1.1,none
    umbratap --decrypted-mirror -r mirrored.pcap >mirrored.json
    check 'sslsplit -T' mirrored.json sslsplit.truth --mirror $client,$server:443,1.1,none
    umbratap -r sslsplit.pcap >unsaid.json
    check 'sslsplit -X without --decrypted-mirror: nothing is approved' unsaid.json sslsplit.truth $client,$server:443,1.1,none
}

firewall() {
    "$here/firewall_mirror.py" "$here/../../pcaps/nginx-h2c-prior/traffic.pcapng" firewall.pcap
    umbratap --decrypted-mirror -r firewall.pcap >firewall.json
    check 'a firewall that mirrors HTTP/2 on port 443' firewall.json "$here/firewall.truth" --mirror $client,$server:443,2,none
}

pcap_over_ip() {
    installed socat || return
    socat -u OPEN:firewall.pcap TCP-LISTEN:57012,bind=127.0.0.1 &
    listening 127.0.0.1 57012 || return
    umbratap --decrypted-mirror -r tcp://127.0.0.1:57012 >over_ip.json
    check 'PCAP-over-IP' over_ip.json "$here/firewall.truth" --mirror $client,$server:443,2,none
}

# Starts the server of the official SDK, or else that of a recorded conversation.
conversation() {
    local serve tool
    for tool in openssl tcpdump; do installed $tool || return; done
    certificates || { cat openssl.err; wrong 'no certificates'; return; }
    if installed node && [ -d "$here/node_modules/@modelcontextprotocol/sdk" ]; then
        official=yes http=2 serve=(node "$here/server.mjs")
    else
        skip 'the MCP SDK: not in tests/middleboxes/node_modules (npm install); a recorded conversation stands in'
        official=no http=1.1 serve=("$here/recorded.py" serve)
        installed curl || return
    fi
    "${serve[@]}" $server server.pem server.key &
    listening $server 443
}

firewall
if installed ip; then
    network
    pcap_over_ip
    if conversation; then
        through_mitmproxy
        through_squid
        through_sslsplit
    fi
fi
[ "$failures" = 0 ] || tail -n 5 ./*.log
echo "$ran checked, $failures wrong"
exit $((failures > 0))
