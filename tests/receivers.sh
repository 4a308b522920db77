#!/usr/bin/env bash
# Outputs against receivers: rsyslog and syslog-ng over TLS with client certificates, librdkafka's mock cluster, and
# stand-ins for Splunk, Elasticsearch and ClickHouse that check requests against what their makers publish. Each is down at
# the start and in the middle, slow, deaf, breaks off, answers errors, junk and 1 GiB, and in the end has everything: in
# order within a flow, and what came twice is marked. The process that sends is killed, too.
#
# usage: receivers.sh FEED       the program tests/receivers/feed; kafka_cluster is beside it, if there is librdkafka
#
# Installs nothing: what is missing is named with 'skipped: '. rsyslog and syslog-ng exclude each other as packages, so
# that either may be unpacked into tests/receivers/unpacked instead.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")/receivers
feed=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { echo "skipped: $*"; }

for tool in openssl python3; do
    command -v $tool >/dev/null || { skip "$tool: not installed"; exit 77; }
done

# The folder below which a daemon is: the root, or where it was unpacked.
root_of() {
    [ -x "/usr/sbin/$1" ] && { echo /; return; }
    [ -x "$here/unpacked/usr/sbin/$1" ] && { echo "$here/unpacked"; return; }
    return 1
}
RSYSLOG_ROOT=$(root_of rsyslogd) && export RSYSLOG_ROOT || { skip 'rsyslog: neither installed nor unpacked'; unset RSYSLOG_ROOT; }
SYSLOG_NG_ROOT=$(root_of syslog-ng) && export SYSLOG_NG_ROOT || { skip 'syslog-ng: neither installed nor unpacked'; unset SYSLOG_NG_ROOT; }
[ -x "$(dirname "$feed")/kafka_cluster" ] || skip 'Kafka: built without librdkafka'

cd "$work" || exit 1
{
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
    echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >names
    for name in server client; do
        openssl req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $name.pem
    done
} >openssl.log 2>&1 || { cat openssl.log; exit 1; }

"$here/scenarios.py" "$feed" "$work"
status=$?
[ $status = 0 ] || tail -n 8 ./*.log
exit $status
