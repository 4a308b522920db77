#!/usr/bin/env bash
# The rules in deploy/prometheus, held against promtool's own tests of them. Says what it skips.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../deploy/prometheus"
command -v promtool >/dev/null || { echo 'skipped: promtool: not installed (Debian package prometheus)'; exit 77; }
promtool check config prometheus.yml
promtool test rules umbratap.rules.test.yml
# Each alert has a test that raises it.
for alert in $(sed -n 's/^ *- alert: //p' umbratap.rules.yml); do
    grep -A1 "alertname: $alert$" umbratap.rules.test.yml | grep -q 'exp_alerts:$' || { echo "WRONG: no test raises $alert"; exit 1; }
done
