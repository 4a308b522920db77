#!/usr/bin/env bash
# What a user types wrong, and what the program says: one line, and its exit status.
#
# usage: command_line.sh UMBRATAP
set -u
program=$(readlink -f "$1")
root=$(dirname "$(readlink -f "$0")")/..
rules=$root/rules
capture=$root/pcaps/portal-and-shadow/traffic.pcapng
findings=$root/pcaps/poison-description/traffic.pcapng
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

# expect STATUS PATTERN COMMAND…: the status, and a standard error of at most one line that matches.
expect() {
    local status=$1 pattern=$2 got
    shift 2
    "$@" >out 2>err
    got=$?
    if [ "$got" != "$status" ]; then
        echo "WRONG: status $got for $status: $*"; cat err; failures=$((failures + 1)); return
    fi
    if [ "$(wc -l <err)" -gt 1 ] || { [ -n "$pattern" ] && ! grep -qE "$pattern" err; }; then
        echo "WRONG: said '$(cat err)', expected one line like '$pattern': $*"; failures=$((failures + 1))
    fi
}

run() { "$program" --rules "$rules" -q "$@"; }

expect 0 '' run -r "$capture"
expect 2 'nothing to read' "$program"
expect 2 'nonsense' run -r "$capture" --events nonsense
expect 2 'filter' run -r "$capture" 'no such filter'
expect 4 'no-such-file' run -r no-such-file
echo 'this is no capture, just words' >words
expect 4 'words' run -r words
: >empty
expect 4 'empty' run -r empty
mkdir nothing
expect 4 'nothing' run -r nothing
cp words nothing/words
expect 4 'nothing: no capture .*words: is not a capture' run -r nothing
mkdir closed && cp "$capture" closed && chmod 000 closed
if [ "$(id -u)" = 0 ]; then  # root may read everything
    chmod 755 . && expect 4 'closed: cannot be listed: Permission denied' setpriv --reuid=65534 --regid=65534 --clear-groups "$program" --rules "$rules" -q -r closed
else
    expect 4 'closed: cannot be listed: Permission denied' run -r closed
fi
expect 4 'cannot connect' run -r tcp://127.0.0.1:1
head -c 20000 "$capture" >cut.pcapng
expect 0 'cut' run -r cut.pcapng --json
grep -q '"event_type":"mcp"' out || { echo 'WRONG: nothing found before the cut'; failures=$((failures + 1)); }
grep -q '"cut_short":true' out || { echo 'WRONG: stats do not say that the file was cut'; failures=$((failures + 1)); }

printf 'version: 1\nportals:\n  - name: x\n    host: [a.example]\n' >policy.yaml
expect 3 "policy.yaml:4: .*hosts" run -r "$capture" -p policy.yaml
printf 'version: 1\nportals: [\n' >policy.yaml
expect 3 'policy.yaml:[0-9]+: ' run -r "$capture" -p policy.yaml
expect 3 'no-such-policy' run -r "$capture" -p no-such-policy.yaml
cp -r "$rules" rules && echo '- id: x' >>rules/messages.yaml
expect 3 'messages.yaml:[0-9]+: ' "$program" -q -r "$capture" --rules rules
expect 3 'no-such-rules' "$program" -q -r "$capture" --rules no-such-rules
"$program" rules list --rules "$rules" | tail -n 1 | grep -qE '^2[0-9]{3}  [a-z-]+  severity [1-4]  [[:print:]]+$' || { echo 'WRONG: rules list'; failures=$((failures + 1)); }

expect 1 '/no/such/place' run -r "$capture" -o /no/such/place/events.json
expect 1 'No space left' run -r "$capture" -o /dev/full
full() { run -r "$capture" "$@" >/dev/full; }
expect 1 'standard output: No space left' full
expect 1 'standard output: No space left' full --json
printf 'polcy: x\n' >config.yaml
expect 3 "config.yaml:1: .*did you mean 'policy'" run -r "$capture" -c config.yaml
expect 10 '' run -r "$capture" --fail-on 3
expect 0 '' run -r "$root/pcaps/sse-ticker/traffic.pcapng" --fail-on 4
expect 0 '' run -T -p "$root/pcaps/portal-and-shadow/policy.yaml"
grep -q 'corporate portal' out || { echo 'WRONG: -T does not show the policy'; failures=$((failures + 1)); }

# The same from a pipe, compressed, and from a directory.
"$program" --rules "$rules" -q --json -r "$capture" | grep -c '"mcp_session"' >plain
gzip -c "$capture" >traffic.pcapng.gz
for from in "-r -" "-r traffic.pcapng.gz"; do
    # shellcheck disable=SC2086
    "$program" --rules "$rules" -q --json $from <"$capture" | grep -c '"mcp_session"' >other
    cmp -s plain other || { echo "WRONG: $from differs"; failures=$((failures + 1)); }
done
mkdir many && cp "$capture" many/a.pcapng && cp "$capture" many/b.pcapng
[ "$("$program" --rules "$rules" -q --json -r many | grep -c '"mcp_session"')" -ge "$(cat plain)" ] || { echo 'WRONG: directory'; failures=$((failures + 1)); }

# Keys: what fits is said, and what is no key is refused before anything starts.
keyed=$root/pcaps/tls13-aes128gcm
install -m 600 "$keyed/keys.log" keys.log
expect 0 '' run -r "$keyed/traffic.pcapng" -k keys.log --json
grep -q '"mcp_session"' out || { echo 'WRONG: nothing found with keys'; failures=$((failures + 1)); }
"$program" keys status --rules "$rules" -q -r "$keyed/traffic.pcapng" -k keys.log | grep -qE '^ +3  decrypted' || { echo 'WRONG: keys status'; failures=$((failures + 1)); }
"$program" keys status --rules "$rules" -q -r "$keyed/traffic.pcapng" | grep -q 'no line of a key log' || { echo 'WRONG: keys status without keys'; failures=$((failures + 1)); }
expect 4 'no-such-keys' run -r "$keyed/traffic.pcapng" -k no-such-keys
expect 4 'no-such-key' run -r "$keyed/traffic.pcapng" --tls-key no-such-key
expect 3 'words:1: ' run -r "$keyed/traffic.pcapng" --tls-key words
expect 2 'usage: umbratap keys status' "$program" keys

# Events of yesterday in the words of other schemas.
run -r "$capture" --json >events
for format in ecs ocsf cef leef zeek; do
    expect 0 '' "$program" render --format "$format" <events
    grep -q shadow-server out || [ $format = zeek ] || { echo "WRONG: no alert in $format"; failures=$((failures + 1)); }
done
expect 0 '' "$program" render --format eve <events
cmp -s out events || { echo 'WRONG: eve is not the identity'; failures=$((failures + 1)); }
expect 1 '1 lines are no events' "$program" render --format ecs <words
expect 2 'usage: umbratap render' "$program" render --format xml

# A key log that comes while the capture does (K2), over two files: the first is renamed in between (K1).
mkfifo late
: >late.log && chmod 600 late.log
"$program" --rules "$rules" -q --json -r late -k late.log >out 2>err &
reader=$!
exec 4>late
mv late.log late.log.1
install -m 600 "$keyed/keys.log" late.log
sleep 0.5
cat "$keyed/traffic.pcapng" >&4
exec 4>&-
wait $reader
grep -q '"mcp_session"' out || { echo 'WRONG: a key log begun anew is not followed'; failures=$((failures + 1)); }

# What --payloads lets out.
secrets=$root/pcaps/secrets-in-arguments/traffic.pcapng
for payloads in none:0 redacted:0 full:1; do
    run -r "$secrets" --json --payloads "${payloads%:*}" >out
    found=$(grep -c 'AKIAIOSFODNN7EXAMPLE' out | sed 's/^[1-9].*/1/')
    [ "$found" = "${payloads#*:}" ] || { echo "WRONG: --payloads ${payloads%:*} and a secret"; failures=$((failures + 1)); }
done

# The inventory survives, and is shown.
"$program" --rules "$rules" -q --inventory seen.sqlite -r "$capture" >/dev/null
"$program" inventory show --inventory seen.sqlite | grep -q 'agents.shadowlab.example' || { echo 'WRONG: inventory show'; failures=$((failures + 1)); }
"$program" inventory export --inventory seen.sqlite | python3 -m json.tool >/dev/null || { echo 'WRONG: inventory export'; failures=$((failures + 1)); }

# An alert is explained, suppressed after a replay, and then counted and not told; a policy is tested.
wrong() { echo "WRONG: $*"; failures=$((failures + 1)); }
"$program" --rules "$rules" -q --json -r "$findings" >events
alert=$(sed -n 's/.*"category":"tool-poisoning".*"id":"\([0-9a-f]*\)".*/\1/p' events | head -n 1)
if [ -n "$alert" ]; then
    "$program" explain "$alert" --events events --rules "$rules" >explained || wrong 'explain'
    for words in 'Why it matters' 'What to do' 'Where exactly' 'wireshark -r'; do grep -q "$words" explained || wrong "explain does not say '$words'"; done
    "$program" suppress add --from-alert "$alert" --events events --reason seen --expires 2099-12-31 --file sup.yaml >added || wrong 'suppress add'
    grep -q 'would have silenced 1 of' added || wrong 'suppress add does not say how many'
    "$program" suppress list --file sup.yaml | grep -q 'until 2099-12-31 (seen)' || wrong 'suppress list'
    "$program" --rules "$rules" -q --json --suppressions sup.yaml -r "$findings" >fewer
    grep -q "\"suppressed\":{\"$alert\":1}" fewer || wrong 'a suppressed alert is not counted'
    [ "$(grep -c '"event_type":"alert"' fewer)" = $(($(grep -c '"event_type":"alert"' events) - 1)) ] || wrong 'a suppressed alert is told'
else
    wrong 'no alert to explain'
fi
"$program" explain tool-drift --rules "$rules" | grep -q 'What to do' || wrong 'explain CATEGORY'
expect 2 'no alert' "$program" explain nothing --rules "$rules"
expect 3 "did you mean 'quiet'" run -r "$capture" --preset quit
"$program" --rules "$rules" -q --json --preset quiet -r "$findings" | grep '"event_type":"alert"' | grep -q '"severity":[34]' && wrong '--preset quiet tells severity 3 and 4'
printf 'version: 1\nportals: [{name: p, hosts: [p.example], tools: {deny: [x]}}]\n' >p.yaml
printf 'cases:\n  - {name: a, host: p.example, tool: x, expect: {verdict: approved, entry: p, tool_allowed: false}}\n' >good.yaml
printf 'cases:\n  - {name: b, host: q.example, expect: {verdict: approved}}\n' >bad.yaml
"$program" policy test --policy p.yaml good.yaml events | grep -q ' asked, 0 different' || wrong 'policy test'
expect 1 '' "$program" policy test --policy p.yaml bad.yaml
expect 3 "bad.yaml:1: unknown key" "$program" policy test --policy bad.yaml good.yaml
expect 4 'missing: cannot be read' "$program" policy test --policy p.yaml missing

# Metrics are served while the run lasts; an address in use is one line.
mkfifo pipe
port=$((20000 + RANDOM % 20000))
"$program" --rules "$rules" -q --json -r pipe --metrics 127.0.0.1:$port >/dev/null 2>err &
server=$!
exec 3>pipe
cat "$capture" >&3
for _ in 1 2 3 4 5 6 7 8 9 10; do curl -sf "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.3; done
curl -sf "http://127.0.0.1:$port/metrics" >metrics || { echo 'WRONG: no metrics'; failures=$((failures + 1)); }
grep -q '^umbratap_build_info' metrics || { echo 'WRONG: no umbratap_build_info'; failures=$((failures + 1)); }
expect 1 "$port" run -r "$capture" --metrics 127.0.0.1:$port
exec 3>&-
wait $server

[ "$failures" = 0 ] && echo "all as expected"
exit "$failures"
