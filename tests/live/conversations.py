#!/usr/bin/env python3
"""Real MCP conversations over a network, live: what umbratap says is what client and server say that they did.

usage: conversations.py UMBRATAP

Client and server are those of tests/middleboxes, of the official SDK: HTTP/1.1 in the clear, HTTP/1.1 and HTTP/2 over TLS 1.3
with a key log that grows meanwhile. With one and several workers, whoever deals packets out to them, and through a tunnel.
"""
import collections, json, os, pathlib, subprocess, sys, time

sys.path += [str(pathlib.Path(__file__).resolve().parent.parent / "middleboxes")]
from expect import differences, expected, reported
import lab

middleboxes = lab.root / "tests" / "middleboxes"
policy = "version: 1\nportals: [{name: portal, hosts: [portal.corp.example], paths: [/mcp]}]\n"
name = "desk-agent", "0.9.1"  # of the client
talks = [("direct", "http", "1.1", "none"), ("direct", "https", "1.1", "1.3"), ("direct-http2", "https", "2", "1.3")]


def inside(namespace, *command):
    return ["ip", "netns", "exec", namespace, *command]


def prepare():
    lab.make_network()
    # Frames as a wire has them, not as one kernel hands them to itself.
    for namespace in ("client", "server"):
        subprocess.run(inside(namespace, "ethtool", "-K", "eth0", "tso", "off", "gso", "off", "gro", "off", "tx", "off"),
                       check=True, capture_output=True)
    pathlib.Path("hosts").write_text(f"127.0.0.1 localhost\n{lab.server} portal.corp.example tools.vendor.example\n")
    subprocess.run(["mount", "--bind", "hosts", "/etc/hosts"], check=True)
    pathlib.Path("policy.yaml").write_text(policy)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.pem",
                    "-days", "2", "-subj", "/CN=portal.corp.example",
                    "-addext", "subjectAltName=DNS:portal.corp.example,DNS:tools.vendor.example"],
                   check=True, capture_output=True)


def start_server():
    subprocess.Popen(inside("server", "node", middleboxes / "server.mjs", lab.server, "server.pem", "server.key", "server.truth"))
    listening = inside("server", "ss", "-Hltn", f"src {lab.server}:443")
    if not lab.until(lambda: subprocess.run(listening, capture_output=True).stdout, 30):
        raise SystemExit("the server does not listen")


def talk(kind, scheme, keys):
    """A session with each of two servers; returns what the client says of them."""
    urls = [f"{scheme}://{host}/mcp" for host in ("portal.corp.example", "tools.vendor.example")]
    done = subprocess.run(inside("client", "node", f"--tls-keylog={keys}", middleboxes / "client.mjs", kind, *urls),
                          env={**os.environ, "NODE_EXTRA_CA_CERTS": "server.pem"}, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        lab.wrong(f"the client failed: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def server_truth():
    lines = pathlib.Path("server.truth").read_text().splitlines()
    return {one["session"]: one for one in map(json.loads, lines)}


def seen_session(event):
    mcp = event["mcp"]
    return reported(event) | {
        "methods": mcp["methods"], "protocol": mcp["protocol"]["version"],
        "client_name": [mcp["client"]["name"], mcp["client"]["version"]],
        "server_name": [mcp["server"]["name"], mcp["server"]["version"]],
    }


def true_session(truth, leg):
    return expected(truth, leg, False) | {
        "methods": truth["methods"], "protocol": truth["protocol"], "client_name": list(name),
        "server_name": [truth["server"]["name"], truth["server"]["version"]],
    }


def compare(case, truths, events):
    """`truths`: what a client said, and the leg it was seen on."""
    of_server = server_truth()
    for truth, _ in truths:
        theirs = of_server.get(truth["session"], {})
        if any(theirs.get(key) != truth[key] for key in ("methods", "called")) or list(theirs["client"].values()) != list(name):
            lab.wrong(f"{case}: client and server do not agree: {truth} {theirs}")
    sessions = {truth["session"] for truth, _ in truths}
    ours = [event for event in events if event.get("mcp", {}).get("session", {}).get("id") in sessions]
    wrong = differences("session", [true_session(*one) for one in truths],
                        [seen_session(event) for event in ours if event["event_type"] == "mcp_session"])
    wanted = [[truth["session"], method, count] for truth, _ in truths for method, count in truth["methods"].items()]
    methods = collections.Counter((event["mcp"]["session"]["id"], event["mcp"]["method"]["name"])
                                  for event in ours if event["event_type"] == "mcp" and event["mcp"]["sender"] == "client")
    wrong += differences("exchanges", wanted, [[*key, count] for key, count in methods.items()])
    wanted = [[truth["session"], tool, count] for truth, _ in truths for tool, count in truth["called"].items()]
    tools = collections.Counter((event["mcp"]["session"]["id"], event["gen_ai"]["tool"]["name"]) for event in ours
                                if event["event_type"] == "mcp" and event["mcp"]["method"]["name"] == "tools/call")
    wrong += differences("calls", wanted, [[*key, count] for key, count in tools.items()])
    for line in wrong:
        lab.wrong(f"{case}: {line}")


def converse(keys):
    truths = []
    for kind, scheme, http, tls in talks:
        port = {"http": 80, "https": 443}[scheme]
        truths += [(truth, f"{lab.client},{lab.server}:{port},{http},{tls}") for truth in talk(kind, scheme, keys)]
    return truths


def check_case(program, case, workers, spread):
    keys = pathlib.Path(f"{case}.keys")
    keys.touch(0o600)
    before = lab.arrived()
    sensor = lab.Sensor(program, case, "-p", "policy.yaml", "-k", keys, "-w", str(workers), config=f"capture: {{spread: {spread}}}\n")
    truths = converse(keys)
    time.sleep(1)
    events = sensor.stop()
    after = lab.arrived()  # behind the end: a frame that comes with it may count
    compare(case, truths, events)
    final = events[-1]["stats"]
    lab.check_accounting(case, final)
    if not final["capture"]["received"] <= after - before or final["capture"]["lost"] or any(final["blind"].values()):
        lab.wrong(f"{case}: {after - before} frames arrived; {final}")
    print(f"{case}: {len(truths)} sessions in {final['capture']['packets']} packets", flush=True)


def check_tunnel(program):
    """The kernel cannot deal out what is in a tunnel; when that is noticed, a thread does."""
    for inside, address in (("client", lab.client), ("server", lab.server)):
        other = lab.server if inside == "client" else lab.client
        lab.ip(f"address flush dev eth0", inside)
        lab.ip(f"address add {address.replace('10.20.', '172.16.')}/16 dev eth0", inside)
        lab.ip(f"link add tunnel type vxlan id 42 dstport 4789 local {address.replace('10.20.', '172.16.')} "
               f"remote {other.replace('10.20.', '172.16.')}", inside)
        lab.ip(f"address add {address}/16 dev tunnel", inside)
        lab.ip("link set tunnel up mtu 1400", inside)
    keys = pathlib.Path("tunnel.keys")
    keys.touch(0o600)
    sensor = lab.Sensor(program, "tunnel", "-p", "policy.yaml", "-k", keys, "-w", "2", config="capture: {spread: automatic}\n")
    first = sensor.parser()
    talk("direct", "http", keys)
    talk("direct", "http", keys)
    if not lab.until(lambda: "packets come out of tunnels" in sensor.said() and sensor.parser() not in (first, None) and sensor.ready()):
        lab.wrong("tunnel: it did not notice")
    truths = converse(keys)
    time.sleep(1)
    events = sensor.stop()
    compare("tunnel", truths, events)
    final = events[-1]["stats"]
    lab.check_accounting("tunnel", final)
    if "alert" in {e["event_type"] for e in events if e.get("alert", {}).get("category") == "sensor-restarted"}:
        lab.wrong("tunnel: a wanted change was told as a failure")
    print(f"tunnel: {len(truths)} sessions in {final['capture']['packets']} packets", flush=True)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    lab.enter()
    with lab.workplace():
        prepare()
        start_server()
        for workers, spread in ((1, "kernel"), (2, "kernel"), (1, "reader"), (2, "reader")):
            check_case(program, f"{workers}-{spread}", workers, spread)
        check_tunnel(program)
    lab.report()


if __name__ == "__main__":
    main()
