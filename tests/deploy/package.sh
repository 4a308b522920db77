#!/usr/bin/env bash
# The Debian package, as people use it: built, installed on a clean Debian 12, started as a service by a real systemd,
# reloaded, rotated, upgraded without losing what was tuned, removed and purged.
#
# usage: package.sh
#
# Needs root, the network, mmdebstrap, systemd-container, debhelper, lintian and python3; status 77 without. What takes long
# can be given: UMBRATAP_PACKAGE, a .deb that was built before; UMBRATAP_DEBIAN, a directory with a Debian 12 that has
# systemd, dbus, iproute2 and logrotate (it is not changed).
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$here/../..
failures=0

skip() { echo "skipped: $*"; exit 77; }
wrong() { echo "WRONG: $*"; failures=$((failures + 1)); false; }
expect() { local what=$1; shift; "$@" >"$work/out" 2>&1 || { wrong "$what"; head -n 20 "$work/out"; false; }; }
until_true() { for _ in {1..120}; do "$@" >/dev/null 2>&1 && return; sleep 0.5; done; false; }  # a minute

[ "$(id -u)" = 0 ] || skip 'needs root'
for tool in mmdebstrap systemd-nspawn dpkg-buildpackage dh lintian; do
    command -v "$tool" >/dev/null || skip "$tool: not installed"
done
work=$(mktemp -d)
debian=$work/debian
nspawn=
end() {
    [ -z "$nspawn" ] || kill "$nspawn" 2>/dev/null && wait "$nspawn" 2>/dev/null
    mountpoint -q "$debian" && umount "$debian"
    rm -rf "$work"
}
trap end EXIT

if [ -n "${UMBRATAP_PACKAGE:-}" ]; then
    cp "$UMBRATAP_PACKAGE" "$work/umbratap.deb"
else
    DEB_BUILD_OPTIONS="parallel=$(nproc) noautodbgsym" "$root/deploy/debian/build" "$work/built" >"$work/build.log" 2>&1 ||
        { tail -n 40 "$work/build.log"; exit 1; }
    cp "$work"/built/umbratap_*.deb "$work/umbratap.deb"
fi
expect 'lintian' lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$work/umbratap.deb"

# The next version, with another config.
dpkg-deb -R "$work/umbratap.deb" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
echo '# the next version says more' >>"$work/next/etc/umbratap/umbratap.yaml"
echo '# the next version says more' >>"$work/next/usr/share/umbratap/rules/messages.yaml"
rm "$work/next/DEBIAN/md5sums"
dpkg-deb --root-owner-group -b "$work/next" "$work/next.deb" >/dev/null

if [ -z "${UMBRATAP_DEBIAN:-}" ]; then
    UMBRATAP_DEBIAN=$work/made
    mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,logrotate,procps bookworm "$UMBRATAP_DEBIAN" \
        >"$work/mmdebstrap.log" 2>&1 || { tail -n 20 "$work/mmdebstrap.log"; skip 'no Debian could be made (network?)'; }
fi
mkdir "$debian" "$work/upper" "$work/overlay"
mount -t overlay overlay -o "lowerdir=$UMBRATAP_DEBIAN,upperdir=$work/upper,workdir=$work/overlay" "$debian" || skip 'no overlayfs here'
cp "$work/umbratap.deb" "$work/next.deb" "$debian/root/"
cp /etc/resolv.conf "$debian/etc/"

echo 'Installing'
in_it() { chroot "$debian" env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
in_it apt-get update -q >/dev/null
expect 'apt-get install' in_it apt-get install -y -q --no-install-recommends /root/umbratap.deb || exit 1
expect 'dpkg --verify' in_it dpkg --verify umbratap
expect 'the user' in_it getent passwd umbratap
expect 'the config loads' in_it umbratap -T -c /etc/umbratap/umbratap.yaml
expect 'a capture' bash -c "$(declare -f in_it); debian=$debian; in_it sh -c 'umbratap -r /usr/share/doc/umbratap/examples/portal-and-shadow/traffic.pcapng*' | grep shadow-server"
expect 'rules check' in_it umbratap rules check
expect 'the manual' test -f "$debian/usr/share/man/man1/umbratap.1.gz"
expect 'bash completion' test -f "$debian/usr/share/bash-completion/completions/umbratap"
expect 'the bill of materials is of this program' grep -q "$(sha256sum "$debian/usr/bin/umbratap" | cut -d' ' -f1)" \
    "$debian/usr/share/doc/umbratap/umbratap.cdx.json"
if in_it systemctl is-enabled umbratap >/dev/null; then wrong 'it is enabled before anybody said what to listen on'; fi

echo 'Running'
systemd-nspawn --quiet --register=no --keep-unit --private-network -D "$debian" --console=pipe \
    /lib/systemd/systemd systemd.show_status=no </dev/null >"$work/nspawn.log" 2>&1 &
nspawn=$!
inside() { pgrep -P "$nspawn" -x systemd; }
until_true inside || { cat "$work/nspawn.log"; skip 'systemd does not start in a container here'; }
in_it() { nsenter --target "$(inside)" --all --root env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
until_true in_it systemctl show-environment || { cat "$work/nspawn.log"; skip 'systemd does not start in a container here'; }

in_it sh -c 'ip link set lo up && ip link add eth1 type veth peer name wire0 && ip link set eth1 up && ip link set wire0 up'
traffic() { nsenter --target "$(inside)" --net python3 "$here/wire.py" wire0 "$root/pcaps/portal-and-shadow/traffic.pcapng"; }
log=$debian/var/log/umbratap/eve.ndjson
said() { in_it journalctl --no-pager -u umbratap | grep "$1" >/dev/null; }
state() { in_it systemctl show -P "$1" umbratap; }

# What somebody tunes, and a watchdog that bites soon.
sed -i 's/^verbose: 0/verbose: 1/' "$debian/etc/umbratap/umbratap.yaml"
cat >"$debian/etc/umbratap/policy.yaml" <<'POLICY'
version: 1
portals:
  - {name: tuned, hosts: [portal.corp.example], require_tls: false}
POLICY
cat >"$debian/etc/umbratap/local-rules.yaml" <<'RULES'
evidence:
  - {id: local-agent, sid: 1900, title: our own, reference: 'https://wiki.corp.example/', weight: 30,
     when: {request.header.x-corp-agent: {exists: true}}, matches: [{request: {headers: {x-corp-agent: desk}}}],
     spares: [{request: {headers: {x-other: desk}}}]}
RULES
mkdir -p "$debian/etc/systemd/system/umbratap.service.d"
printf '[Service]\nWatchdogSec=4\n' >"$debian/etc/systemd/system/umbratap.service.d/test.conf"
in_it systemctl daemon-reload
expect 'systemctl enable --now' in_it systemctl enable --now umbratap || { in_it journalctl --no-pager -u umbratap; exit 1; }
[ "$(state ActiveState)" = active ] || wrong "it is $(state ActiveState)"
traffic
until_true grep -q shadow-server "$log" || wrong 'there is no alert'
until_true grep -q '"policy_entry":"tuned"' "$log" || wrong 'the policy is not in force'
[ "$(in_it stat -c %U:%a /var/log/umbratap/eve.ndjson)" = umbratap:640 ] || wrong "events: $(in_it stat -c %U:%a /var/log/umbratap/eve.ndjson)"

main=$(state MainPID)
processes=0
for status in $(in_it sh -c 'grep -l "^Name:.umbratap" /proc/[0-9]*/status'); do
    processes=$((processes + 1))
    fields=$(in_it awk '/^(CapEff|NoNewPrivs|Uid):/ {printf "%s ", $2}' "$status")
    read -r uid capabilities no_new <<<"$fields"
    allowed=0000000000000000
    [ "$status" != "/proc/$main/status" ] || allowed=0000000000002000
    [ "$uid" != 0 ] && [ "$capabilities" = $allowed ] && [ "$no_new" = 1 ] || wrong "$status: user, capabilities, no new privileges: $fields"
done
[ $processes = 3 ] || wrong "$processes processes, and not keeper, parser and outlet"

sleep 10  # more than two watchdogs
[ "$(state NRestarts)" = 0 ] && [ "$(state MainPID)" = "$main" ] || wrong 'the watchdog bit'
expect 'systemctl reload' in_it systemctl reload umbratap
until_true said 'rules and policy were read anew' || wrong 'a reload is not told'
sed -i 's/^portals:/protals:/' "$debian/etc/umbratap/policy.yaml"
in_it systemctl reload umbratap
until_true said 'the old rules and policy stay in force' || wrong 'a bad policy is not refused'
sed -i 's/^protals:/portals:/' "$debian/etc/umbratap/policy.yaml"
expect 'logrotate' in_it logrotate --force /etc/logrotate.d/umbratap
compgen -G "$log-*" >/dev/null || wrong 'nothing was rotated'
traffic
until_true test -s "$log" || wrong 'after a rotation, nothing is written to the new file'

echo 'Upgrading'
expect 'dpkg --install of the next version' in_it dpkg --force-confdef --install /root/next.deb
grep -q '^verbose: 1' "$debian/etc/umbratap/umbratap.yaml" || wrong 'the config was lost'
grep -q tuned "$debian/etc/umbratap/policy.yaml" || wrong 'the policy was lost'
grep -q 'says more' "$debian/etc/umbratap/umbratap.yaml.dpkg-dist" || wrong 'the new config is nowhere'
grep -q 'says more' "$debian/usr/share/umbratap/rules/messages.yaml" || wrong 'the rules are the old ones'
expect 'the local rules' in_it umbratap rules explain local-agent
[ "$(state ActiveState)" = active ] && [ "$(state MainPID)" != "$main" ] || wrong 'it was not started anew'

echo 'Removing'
expect 'dpkg --remove' in_it dpkg --remove umbratap
[ ! -e "$debian/usr/bin/umbratap" ] && grep -q tuned "$debian/etc/umbratap/policy.yaml" && [ -s "$log" ] ||
    wrong 'after removing: the program should be gone, policy and events there'
in_it pgrep umbratap >/dev/null && wrong 'it still runs'
expect 'dpkg --purge' in_it dpkg --purge umbratap
for left in /etc/umbratap /var/log/umbratap /var/lib/umbratap /var/cache/umbratap /usr/share/umbratap; do
    [ ! -e "$debian$left" ] || wrong "after purging: $left is there"
done
[ $failures = 0 ] || in_it journalctl --no-pager -u umbratap | tail -n 40
in_it systemctl poweroff
wait "$nspawn"
nspawn=
[ $failures = 0 ] && echo 'installed, run, upgraded, removed'
