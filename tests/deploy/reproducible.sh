#!/usr/bin/env bash
# The same sources give the same package, bit by bit, wherever they are built: builds it twice, in two directories.
#
# usage: reproducible.sh
#
# Takes two builds' time. Needs debhelper; status 77 without. DEB_CXXFLAGS_APPEND=-O1 makes it quicker.
set -uo pipefail
root=$(dirname "$(readlink -f "$0")")/../..
command -v dh >/dev/null || { echo 'skipped: debhelper: not installed'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DEB_BUILD_OPTIONS="parallel=$(nproc) noautodbgsym" CCACHE_DISABLE=1

for place in here some/where/else; do
    mkdir -p "$work/$place"
    TMPDIR=$work/$place "$root/deploy/debian/build" "$work/${place%%/*}.out" >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
done
cd "$work" && sha256sum ./*.out/*.deb
cmp here.out/umbratap_*.deb some.out/umbratap_*.deb && echo 'the same'
