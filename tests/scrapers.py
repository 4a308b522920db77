#!/usr/bin/env python3
"""The real program with its endpoint, and scrapers of all kinds.

usage: scrapers.py UMBRATAP

* Closed sets: the number of series is the same before and after 100,000 invented tools, and as many methods and hosts.
* Hostile scrapers: a thousand connections that say nothing or drip, requests of 1 MiB, garbage, and clients that ask and
  never read. Meanwhile an honest scraper is answered, memory does not grow, and the events are those of a quiet run.
* A reload changes the versions that metrics and events carry; one that is refused is told, and changes nothing.
"""
import json, os, pathlib, re, resource, signal, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import captures

failures = 0


def check(truth, words):
    global failures
    if not truth:
        failures += 1
        print("WRONG:", words)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Run:
    """umbratap on a pipe, with its endpoint."""

    def __init__(self, program, events, *options):
        self.port = free_port()
        self.events = events
        self.process = subprocess.Popen(
            [program, "-q", "-r", "-", "--rules", captures.root / "rules", "--metrics", f"127.0.0.1:{self.port}", "-o", events,
             *options], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL if options else None)
        self.feed(captures.pcap_head)

    def feed(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def feed_frames(self, frames):
        self.feed(b"".join(captures.pcap_record(*one) for one in frames))

    def scrape(self, path="/metrics", timeout=10):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def wait_for(self, line, seconds=60):
        """Until a scrape holds what the regular expression says."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                text = self.scrape()
                if re.search(line, text, re.M):
                    return text
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{seconds} s without {line}")

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def end(self):
        self.process.stdin.close()
        check(self.process.wait(timeout=60) == 0, "umbratap ended with an error")


def series(text):
    return sorted(line.rsplit(" ", 1)[0] for line in text.splitlines() if line and not line.startswith("#"))


def tick(seconds):
    """A packet that brings time forward, so that what was counted is published."""
    return captures.Conversation(("10.9.9.9", 1000), ("10.9.9.8", 9), seconds).frames[:1]


def closed_sets(program, work):
    run = Run(program, work / "closed.ndjson")
    server = ("10.0.0.2", 80)
    few = captures.session(("10.0.0.1", 40000), server, "mcp.example", ["a", "b"], 1_000_000.0)
    odd = captures.Conversation(("10.0.0.1", 40001), server, 1_000_010.0)
    odd.call("mcp.example", {"jsonrpc": "2.0", "id": 1, "method": "x/y"}, {"jsonrpc": "2.0", "id": 1, "result": {}})
    run.feed_frames(few + odd.frames + tick(1_000_020.0))
    before = run.wait_for(r"^umbratap_mcp_operation_duration_seconds_count\{method=\"tools/call\"\} 2$")
    count = 100_000
    talk = captures.Conversation(("10.0.0.1", 40002), server, 1_000_030.0)
    for number in range(count):
        method = "tools/call" if number % 3 else f"invented/{number}"
        talk.call(f"h{number % 50}.example" if number % 2 else "mcp.example",
                  {"jsonrpc": "2.0", "id": number, "method": method, "params": {"name": f"tool-{number}", "arguments": {}}},
                  {"jsonrpc": "2.0", "id": number, "result": {"content": []}})
        if len(talk.frames) > 5000:
            run.feed_frames(talk.frames)
            talk.frames.clear()
    run.feed_frames(talk.frames + tick(talk.time + 10))
    run.feed_frames(tick(talk.time + 20))
    after = run.wait_for(r"^umbratap_mcp_operation_duration_seconds_count\{method=\"tools/call\"\} [6-9]\d{4}$")
    new = set(series(after)) - set(series(before))
    check(len(series(before)) == len(series(after)) and not new, f"{len(new)} new series, such as {sorted(new)[:3]}")
    others = re.search(r"duration_seconds_count\{method=\"other\"\} (\d+)", after)
    check(int(others[1]) > 1000, "methods that were invented are not among 'other'")
    print(f"{len(series(after))} series before and after {count} invented tools; {others[1]} calls of methods invented")
    run.end()


def call_up(port):
    one = socket.create_connection(("127.0.0.1", port), timeout=10)
    one.settimeout(1)
    return one


def say(one, words):
    try:
        one.sendall(words)
    except OSError:
        pass  # it was cut off, as it should be


class Crowd:
    """Scrapers that are up to no good, until they are told to go home."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.forever, args=(kind,))
                        for kind in (self.silent, self.dripping, self.endless, self.garbage, self.deaf)]
        for thread in self.threads:
            thread.start()

    def go_home(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def forever(self, kind):
        while not self.over.is_set():
            try:
                kind()
            except OSError:
                time.sleep(0.01)

    def silent(self):
        crowd = [call_up(self.port) for _ in range(500)]
        self.over.wait(2)
        for one in crowd:
            one.close()

    def dripping(self):
        crowd = [call_up(self.port) for _ in range(500)]
        for byte in b"GET /metrics HT":
            for one in crowd:
                say(one, bytes([byte]))
            self.over.wait(0.1)
        for one in crowd:
            one.close()

    def endless(self):
        with call_up(self.port) as one:
            say(one, b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n")

    def garbage(self):
        for words in (os.urandom(4096), b"\r\n\r\n", b"GET\r\n\r\n", b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                      b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 5000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            with call_up(self.port) as one:
                say(one, words)

    def deaf(self):
        crowd = [call_up(self.port) for _ in range(20)]
        for one in crowd:
            say(one, b"GET /metrics HTTP/1.1\r\n\r\n")
        self.over.wait(0.5)
        for one in crowd:
            one.close()


def feed_sessions(run, first, count):
    for number in range(first, first + count):
        begin = 2_000_000.0 + 3 * number
        run.feed_frames(captures.session((f"10.1.{number >> 8 & 255}.{number & 255}", 40000), ("10.0.0.2", 80), "mcp.example",
                                         [f"t{i}" for i in range(50)], begin))


def hostile_scrapers(program, work):
    quiet = Run(program, work / "quiet.ndjson")
    feed_sessions(quiet, 0, 500)
    quiet.end()
    run = Run(program, work / "disturbed.ndjson")
    feed_sessions(run, 0, 100)
    run.wait_for(r"^umbratap_capture_packets_total [1-9]")
    before = run.resident_bytes()
    crowd = Crowd(run.port)
    slowest = answered = 0
    for part in range(20):
        feed_sessions(run, 100 + 20 * part, 20)
        begin = time.monotonic()
        try:
            run.scrape()
            run.scrape("/healthz")
            answered += 1
        except OSError as error:
            print("an honest scrape failed:", error)
        slowest = max(slowest, time.monotonic() - begin)
        time.sleep(0.2)
    crowd.go_home()
    grown = run.resident_bytes() - before
    run.end()
    check(answered >= 19, f"only {answered} of 20 honest scrapes were answered")
    check(grown < 64 << 20, f"{grown >> 20} MiB more memory")
    check((work / "quiet.ndjson").read_bytes() == (work / "disturbed.ndjson").read_bytes(), "the events are others than in a quiet run")
    print(f"amid hostile scrapers {answered} of 20 honest ones were answered, the slowest in {slowest:.2f} s; {grown / (1 << 20):.1f} MiB more memory")


def reloads(program, work):
    policy, config = work / "policy.yaml", work / "config.yaml"
    policy.write_text("portals: [{name: a, hosts: [a.example]}]\n")
    config.write_text("sensor: {id: s, versions: true}\n")
    run = Run(program, work / "reloads.ndjson", "-c", config, "-p", policy)
    versions = re.compile(r"^umbratap_rules_info\{rules_version=\"(\w{16})\",policy_version=\"(\w{16})\"\} 1$", re.M)
    feed_sessions(run, 0, 3)
    before = versions.search(run.wait_for(versions.pattern)).groups()
    policy.write_text("portals: [{name: a, hosts: [a.example, b.example]}]\n")
    run.process.send_signal(signal.SIGUSR2)
    text = run.wait_for(rf"policy_version=\"(?!{before[1]})\w{{16}}\"")
    after = versions.search(text).groups()
    check(before[0] == after[0] and "umbratap_rules_last_reload_success 1" in text, "the rules did not change, and the reload was sound")
    feed_sessions(run, 10, 3)
    policy.write_text("portals: [\n")
    run.process.send_signal(signal.SIGUSR2)
    text = run.wait_for(r"^umbratap_rules_last_reload_success 0$")
    check(versions.search(text).groups() == after, "what was refused is in force")
    run.end()
    events = [json.loads(line) for line in (work / "reloads.ndjson").read_text().splitlines()]
    told = [(event.get("rules_version"), event.get("policy_version")) for event in events]
    check(set(told) == {before, after} and told.index(after) > told.count(before) - 1, "events do not carry the versions in force")
    print("a reload changes the version of the policy, one that is refused does not")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        closed_sets(program, pathlib.Path(folder))
        hostile_scrapers(program, pathlib.Path(folder))
        reloads(program, pathlib.Path(folder))
    print(f"{failures} wrong" if failures else "well")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
