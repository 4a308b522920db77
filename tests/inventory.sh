#!/usr/bin/env bash
# What `inventory merge` and `inventory approve` do to files of real runs.
#
# usage: inventory.sh UMBRATAP
set -u
program=$(readlink -f "$1")
root=$(dirname "$(readlink -f "$0")")/..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

wrong() { echo "WRONG: $*"; failures=$((failures + 1)); }
run() { "$program" -q --rules "$root/rules" "$@"; }
note() { run -r "$root/pcaps/$1/traffic.pcapng" ${3:+-k "$3"} --inventory "$2" >/dev/null || wrong "$1: status $?"; }
export_of() { "$program" inventory export --inventory "$1" || wrong "cannot export $1"; }
verdicts() { run --json "$@" | sed -n 's/.*"event_type":"mcp_session".*"host":"\([^"]*\)".*"verdict":"\([a-z]*\)".*/\1 \2/p' | sort -u; }
refused() {  # refused STATUS PATTERN COMMAND…
    local status=$1 pattern=$2 said got
    shift 2
    said=$("$@" 2>&1 >/dev/null)
    got=$?
    [ $got = "$status" ] && grep -qE "$pattern" <<<"$said" || wrong "status $got, '$said' where $status, '$pattern' was expected: $*"
}

# Merged, two inventories are what one would have become that saw both captures.
note portal-and-shadow a.sqlite
note multi-client b.sqlite
note rug-pull c.sqlite
for case in portal-and-shadow multi-client rug-pull; do note $case whole.sqlite; done
"$program" inventory merge all.sqlite a.sqlite b.sqlite c.sqlite >said || wrong "merge: status $?"
grep -q ' of 3 inventories$' said || wrong "merge says '$(cat said)'"
export_of whole.sqlite >whole
export_of all.sqlite >merged
cmp -s whole merged || { wrong 'the merged inventory is not what one run over all captures makes'; diff whole merged; }
"$program" inventory merge all.sqlite b.sqlite a.sqlite >said && export_of all.sqlite >again
grep -q '(0 new)' said && cmp -s merged again || wrong 'merging the same again changes something'
"$program" inventory merge other.sqlite c.sqlite a.sqlite b.sqlite >/dev/null && export_of other.sqlite >other
cmp -s merged other || wrong 'the order of merging matters'

# What was seen becomes policy, and the policy approves it.
place=agents.shadowlab.example
"$program" inventory approve --inventory a.sqlite --server $place --owner team --reason 'asked for' --expires 2099-01-31 >policy.yaml ||
    wrong "approve: status $?"
[ "$(verdicts -r "$root/pcaps/portal-and-shadow/traffic.pcapng" -p policy.yaml)" = "$place approved
portal.corp.example shadow" ] || wrong 'the policy does not approve the server it was made for, and that alone'
"$program" inventory approve --inventory a.sqlite --verdict tolerated >policy.yaml || wrong "approve: status $?"
verdicts -r "$root/pcaps/portal-and-shadow/traffic.pcapng" -p policy.yaml | grep -q ' shadow$' && wrong 'without --server, not all are covered'
run -T -p policy.yaml | grep -q "tolerated '$place" || wrong 'the policy is not in force'
# With TLS, the entry demands it.
note sdk24-tls13 tls.sqlite "$root/pcaps/sdk24-tls13/keys.log"
"$program" inventory approve --inventory tls.sqlite >policy.yaml || wrong "approve: status $?"
grep -q require_tls policy.yaml && wrong 'TLS was seen, and is not required'
case "$(verdicts -r "$root/pcaps/sdk24-tls13/traffic.pcapng" -k "$root/pcaps/sdk24-tls13/keys.log" -p policy.yaml)" in
    *approved) ;;
    *) wrong 'what was seen in TLS is not approved' ;;
esac

refused 2 "no server 'agents.shadowlab.exmple' was seen, did you mean '$place'|did you mean '$place'" \
    "$program" inventory approve --inventory a.sqlite --server agents.shadowlab.exmple
refused 2 'expected a date' "$program" inventory approve --inventory a.sqlite --expires soon
refused 2 'usage: umbratap inventory approve' "$program" inventory approve
refused 2 'usage: umbratap inventory merge OUT' "$program" inventory merge all.sqlite
refused 2 'is to be written, not read' "$program" inventory merge all.sqlite ./all.sqlite
refused 1 'none.sqlite: No such file' "$program" inventory merge all.sqlite none.sqlite
echo 'this is no database' >words
refused 1 'words: not an inventory' "$program" inventory merge all.sqlite words
refused 2 "there is no 'mrege'; there are show, export, merge and approve" "$program" inventory mrege

[ $failures = 0 ] && echo well
exit $((failures > 0))
