#!/usr/bin/env python3
"""The program as the service that deploy/systemd/umbratap.service describes, on an interface with traffic.

usage: service.py UMBRATAP

Systemd itself is played by a stand-in: this script hears what the program tells it (READY, WATCHDOG, STOPPING) and sends the
signals of reload, rotation and stop; stand_in.py and setpriv put the program under the rights and the calls that the unit
leaves it; everything but its own directories is read-only. Then, without the unit: the program with a file capability, as
the container has it.

Needs root, iproute2, util-linux, libcap2-bin, systemd, python3-seccomp; status 77 (skipped) without. Everything happens in
namespaces of its own.
"""
import json, os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

import wire
from checks import deploy, finish, installed, root, run, settings, skip, wrong

unit = deploy / "systemd/umbratap.service"
nobody = 65534
debians_python = "/usr/bin/python3"  # the one that python3-seccomp is for
cap_net_raw = 1 << 13
patience = 60  # seconds; machines that build something meanwhile are slow
watchdog = 4   # seconds, rather than the unit's, so that signs of life are seen soon


def wait_for(what, happens):
    """Whether it happens in time; a problem where it does not."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if result := happens():
            return result
        time.sleep(0.05)
    wrong(f"{what}: not within {patience} s")
    return None


class Service:
    """The program, and what it tells systemd."""

    def __init__(self, work, prefix, program):
        self.work, self.heard = work, []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = work / f"notify-{program.name}"
        self.notify.bind(str(name))
        os.chmod(name, 0o666)
        self.notify.setblocking(False)
        self.errors = open(work / f"errors-{program.name}", "w+")
        # Nothing of our own environment, as a service has it.
        environment = {"PATH": "/usr/bin:/usr/sbin", "NOTIFY_SOCKET": str(name), "WATCHDOG_USEC": str(watchdog * 1000000)}
        self.process = subprocess.Popen(
            [*prefix, str(program), "-c", str(work / "etc/umbratap.yaml"), "--rules", str(work / "rules")],
            env=environment, stdout=subprocess.DEVNULL, stderr=self.errors)

    def has_told(self, what, times=1):
        try:
            while True:
                self.heard += self.notify.recv(4096).decode().splitlines()
        except BlockingIOError:
            pass
        return self.heard.count(what) >= times

    def said(self):
        return pathlib.Path(self.errors.name).read_text()

    def begin(self, what):
        ready = wait_for(f"{what}: READY", lambda: self.has_told("READY=1") or self.process.poll() is not None)
        if not ready or self.process.poll() is not None:
            wrong(f"{what}: it did not start: {self.said().strip()}")
            self.process.kill()
            return False
        return True

    def signal_and_wait(self, number, text):
        before = self.said().count(text)
        self.process.send_signal(number)
        wait_for(f"after {signal.Signals(number).name}: '{text}'", lambda: self.said().count(text) > before)

    def end(self, what):
        self.process.terminate()
        wait_for(f"{what}: STOPPING", lambda: self.has_told("STOPPING=1"))
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "killed"
        if status != 0:
            wrong(f"{what}: status {status}: {self.said().strip()}")


def interface():
    for words in ("link set lo up", "link add tap0 type veth peer name wire0", "link set tap0 up", "link set wire0 up"):
        subprocess.run(["ip", *words.split()], check=True)


def traffic():
    wire.send("wire0", root / "pcaps/portal-and-shadow/traffic.pcapng")


def processes():
    """Of the program: {number: fields of its status}"""
    found = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        fields = dict(re.findall(r"^(\w+):\s*(.*)", status.read_text(), re.M))
        if fields["Name"].startswith("umbratap"):
            found[int(fields["Pid"])] = fields
    return found


def check_rights(keeper):
    all_of_them = processes()
    if len(all_of_them) != 3:
        wrong(f"{len(all_of_them)} processes, and not keeper, parser and outlet")
    for number, fields in all_of_them.items():
        capabilities = int(fields["CapEff"], 16) | int(fields["CapPrm"], 16)
        if capabilities & ~(cap_net_raw if number == keeper else 0):
            wrong(f"process {number} has capabilities {capabilities:x}")
        if fields["Uid"].split() != [str(nobody)] * 4 or fields["NoNewPrivs"] != "1":
            wrong(f"process {number}: user {fields['Uid']}, no new privileges {fields['NoNewPrivs']}")


def events(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def alerts(file):
    return [event["alert"]["category"] for event in events(file) if event["event_type"] == "alert"]


def answers(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:9464/{path}", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def check_service(work):
    told = settings(unit)
    for key, wanted in (("Type", "notify"), ("KillMode", "mixed"), ("ExecReload", "/bin/kill -USR2 $MAINPID")):
        if told[key] != [wanted]:
            wrong(f"the unit says {key}={told[key]}, and this test goes by {wanted}")
    os.umask(int(told["UMask"][0], 8))
    prefix = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups", "--no-new-privs"]
    capabilities = "-all" + "".join(",+" + name.removeprefix("CAP_").lower() for name in told["AmbientCapabilities"])
    prefix += [f"--{which}={capabilities}" for which in ("bounding-set", "inh-caps", "ambient-caps")]
    service = Service(work, [*prefix, debians_python, "stand_in.py", str(unit), "--"], work / "umbratap")
    if not service.begin("the service"):
        return
    check_rights(service.process.pid)
    for path in ("healthz", "readyz", "metrics"):
        wait_for(f"/{path}", lambda: answers(path))
    log, policy = work / "log/eve.ndjson", work / "etc/policy.yaml"
    traffic()
    wait_for("an alert", lambda: "shadow-server" in alerts(log))
    wait_for("signs of life", lambda: service.has_told("WATCHDOG=1", 2))

    service.signal_and_wait(signal.SIGUSR2, "rules and policy were read anew")
    sound = policy.read_text()
    policy.write_text("portals: [{}]\n")
    service.signal_and_wait(signal.SIGUSR2, "the old rules and policy stay in force")
    policy.write_text(sound)

    log.rename(work / "log/eve.ndjson.1")
    service.process.send_signal(signal.SIGHUP)
    wait_for("a new file after HUP", log.exists)
    if log.exists() and log.stat().st_mode & 0o027:
        wrong(f"events have mode {log.stat().st_mode & 0o777:o}")
    service.end("the service")
    if [event["event_type"] for event in events(log)][-1:] != ["stats"]:
        wrong("the last event is not 'stats'")
    if not (work / "lib/inventory.sqlite").exists():
        wrong("there is no inventory")


def check_file_capability(work):
    """As in deploy/docker: no ambient capability, but one of the file."""
    program = work / "umbratap-in-a-container"
    shutil.copy2(work / "umbratap", program)
    subprocess.run(["setcap", "cap_net_raw=ep", program], check=True)
    service = Service(work, ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups",
                             "--bounding-set=-all,+net_raw", "--inh-caps=-all"], program)
    if service.begin("with a file capability"):
        log = work / "log/eve.ndjson"
        before = len(alerts(log))
        traffic()
        wait_for("an alert, with a file capability", lambda: len(alerts(log)) > before)
        service.end("with a file capability")


def check_rotation(work):
    """What logrotate makes of our settings; that HUP opens the new file was seen above."""
    if not installed("logrotate"):
        return
    text = (deploy / "systemd/umbratap.logrotate").read_text().replace("/var/log/umbratap", str(work / "log"))
    (work / "logrotate").write_text(re.sub(r"^ *(su|create) .*\n", "", re.sub(r"systemctl kill.*", "true", text), flags=re.M))
    told = run("logrotate", "--force", "--state", work / "logrotate.state", work / "logrotate")
    if told.returncode != 0 or not list((work / "log").glob("eve.ndjson-*")):
        wrong(f"logrotate: {told.stdout.strip()}")


def prepare(work, program):
    os.chmod(work, 0o755)
    shutil.copy2(program, work / "umbratap")
    shutil.copytree(root / "rules", work / "rules")
    for name in ("etc", "log", "lib", "cache"):
        (work / name).mkdir()
        os.chown(work / name, nobody, nobody)
    shutil.copy2(deploy / "policy.yaml", work / "etc")
    text = (deploy / "umbratap.yaml").read_text().replace("[eth1]", "[tap0]")
    for ours, theirs in (("etc", "/etc/umbratap"), ("log", "/var/log/umbratap"), ("lib", "/var/lib/umbratap"),
                         ("cache", "/var/cache/umbratap")):
        text = text.replace(theirs, str(work / ours))
    (work / "etc/umbratap.yaml").write_text(text)
    subprocess.run(["mount", "--bind", work, work], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", "/"], check=True)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    if sys.argv[2:] != ["inside"]:
        for tool in ("unshare", "ip", "setpriv", "setcap", "systemd-analyze"):
            if not installed(tool):
                skip(f"{tool}: not installed")
        if run(debians_python, "-c", "import seccomp").returncode != 0:
            skip("python3-seccomp: not installed")
        apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if run(*apart, "true").returncode != 0:
            skip("namespaces: not allowed here (needs root)")
        with tempfile.TemporaryDirectory() as work:
            os.environ["UMBRATAP_WORK"] = work
            sys.exit(subprocess.run([*apart, sys.executable, __file__, program, "inside"]).returncode)
    os.chdir(pathlib.Path(__file__).parent)
    work = pathlib.Path(os.environ["UMBRATAP_WORK"])
    prepare(work, program)
    interface()
    check_service(work)
    check_file_capability(work)
    check_rotation(work)
    finish("service")


main()
