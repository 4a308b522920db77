#!/usr/bin/env python3
"""The dashboards and alert rules in deploy/, held against a real Prometheus that scrapes a real run.

usage: dashboards.py UMBRATAP

Captures of pcaps/ are fed to umbratap at the present time for half a minute; a Prometheus scrapes it with a user and
password; then every Prometheus expression of every panel must give an answer, every metric that an alert rule names must be
there, and `promtool check metrics` must be content. Status 77, and a reason, where Prometheus is not installed.
"""
import json, math, os, pathlib, re, shutil, socket, subprocess, sys, tempfile, time, urllib.parse, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import captures

root = captures.root
cases = ["portal-and-shadow", "sdk24-tls13", "tls13-nokeys-opaque", "onedir-client", "tap-drops", "v2-stateless-h2", "midstream-start",
         "rug-pull", "netem-loss-reorder", "sdk12-session-full"]
seconds_fed = 25


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(url, credentials=None):
    request = urllib.request.Request(url)
    if credentials:
        import base64
        request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def frames_now():
    """The frames of all cases one behind the other, so that they fill half a minute that begins now."""
    found = []
    for case in cases:
        file = root / "pcaps" / case / "traffic.pcapng"
        frames = list(captures.frames_of(file)) if file.exists() else []
        begin = frames[0][0] if frames else 0
        found.append([(seconds - begin, frame) for seconds, frame in frames])
    now = time.time()
    spread = [(now + index + offset, frame) for index, frames in enumerate(f for f in found if f) for offset, frame in frames]
    return sorted(spread, key=lambda one: one[0])


def feed(process):
    """Sends frames when their time has come; afterwards one a second, so that time goes on."""
    end = time.time() + seconds_fed
    waiting = frames_now()
    process.stdin.write(captures.pcap_head)
    while time.time() < end:
        while waiting and waiting[0][0] <= time.time():
            process.stdin.write(captures.pcap_record(*waiting.pop(0)))
        if not waiting:
            waiting = [(time.time() + 1, captures.Conversation(("10.9.9.9", 1000), ("10.9.9.8", 9), 0).frames[0][1])]
        process.stdin.flush()
        time.sleep(0.05)


def expressions():
    """(dashboard: panel, expression) of every Prometheus target."""
    for file in sorted((root / "deploy/grafana").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                if "expr" in target:
                    yield f"{file.name}: {panel['title']}", target["expr"].replace("$instance", ".*").replace("$__rate_interval", "20s")


def configuration(work, port):
    (work / "password").write_text("s3cret\n")
    shutil.copy(root / "deploy/prometheus/umbratap.rules.yml", work)
    text = (root / "deploy/prometheus/prometheus.yml").read_text()
    text = text.replace("127.0.0.1:9464", f"127.0.0.1:{port}").replace("scrape_interval: 15s", "scrape_interval: 1s")
    text = re.sub(r"# (basic_auth:) .*", r"\1", text)
    text = re.sub(r"#  ( username: \S+)", r" \1", text)
    text = re.sub(r"#  ( password_file:) \S+", rf" \1 {work}/password", text)
    (work / "prometheus.yml").write_text(text)
    (work / "umbratap.yaml").write_text(
        f"metrics: {{address: '127.0.0.1:{port}', user: prometheus, password_file: {work}/password}}\nsensor: {{id: sensor-1}}\n")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    for tool in ("prometheus", "promtool"):
        if not shutil.which(tool):
            print(f"skipped: {tool}: not installed (Debian package prometheus)")
            return 77
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        port, prometheus_port = free_port(), free_port()
        configuration(work, port)
        run = subprocess.Popen([program, "-q", "-c", work / "umbratap.yaml", "-r", "-", "--rules", root / "rules", "-o", work / "events.ndjson",
                                "-k", root / "pcaps/sdk24-tls13/keys.log", "-p", root / "pcaps/portal-and-shadow/policy.yaml"], stdin=subprocess.PIPE)
        prometheus = subprocess.Popen(["prometheus", f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/data",
                                       f"--web.listen-address=127.0.0.1:{prometheus_port}", "--log.level=error"])
        try:
            feed(run)
            url = f"http://127.0.0.1:{prometheus_port}/api/v1/query?"
            count = numbers = 0
            for panel, expression in expressions():
                count += 1
                answer = json.loads(get(url + urllib.parse.urlencode({"query": expression})))
                if not answer["data"]["result"]:
                    wrong.append(f"{panel}: nothing for {expression}")
                numbers += any(math.isfinite(float(one["value"][1])) for one in answer["data"]["result"])
            print(f"{count} expressions of panels run, {numbers} of them with a number")
            if numbers < count - 3:
                wrong.append("panels without a number")
            text = get(f"http://127.0.0.1:{port}/metrics", "prometheus:s3cret")
            (work / "metrics").write_text(text)
            names = set(re.findall(r"^(\w+)", text, re.M))
            for name in sorted(set(re.findall(r"\bumbratap_\w+", (work / "umbratap.rules.yml").read_text()))):
                if name not in names:
                    wrong.append(f"umbratap.rules.yml speaks of {name}, which is not there")
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            if checked.returncode or checked.stderr.strip() or checked.stdout.strip():
                wrong.append("promtool check metrics: " + checked.stderr + checked.stdout)
        finally:
            run.stdin.close()
            run.wait(timeout=30)
            prometheus.terminate()
            prometheus.wait(timeout=30)
    for line in wrong:
        print("WRONG:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
