"""What tests of a live run stand on: a network of its own, a sensor on its tap, and traffic that we make ourselves.

    client 10.20.14.37 ─┐
                        ├─ hub ─ tap0 ═ tap1 ← the sensor
    server 10.20.200.11 ┘

The hub is a bridge that never learns, so that the tap sees each frame once, as behind a SPAN port. Whoever uses this runs
in network, mount and PID namespaces of its own (see `enter`), as root.
"""
import contextlib, json, os, pathlib, signal, socket, ssl, struct, subprocess, sys, tempfile, threading, time, urllib.request

root = pathlib.Path(__file__).resolve().parent.parent.parent
client, server = "10.20.14.37", "10.20.200.11"
tap = "tap1"
failures = []


def wrong(*words):
    failures.append(" ".join(str(word) for word in words))
    print("WRONG:", failures[-1], flush=True)


def enter():
    """Starts this script again in namespaces of its own, or says why that cannot be."""
    if os.environ.get("UMBRATAP_LAB") == "inside":
        return
    namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run(namespaces + ["ip", "link"], capture_output=True).returncode != 0:
        print("skipped: namespaces: not allowed here (needs root and iproute2)")
        sys.exit(77)
    os.environ["UMBRATAP_LAB"] = "inside"
    os.execvp(namespaces[0], namespaces + [sys.executable, *sys.argv])


@contextlib.contextmanager
def workplace():
    """A directory that everybody may write to, as the sensor's children are nobody."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o777)
        os.chdir(work)
        try:
            yield pathlib.Path(work)
        finally:
            os.chdir(before)


def until(condition, seconds=10.0, pause=0.02):
    """What `condition` returns as soon as it is true; false if it is not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(pause)
    return condition()


def ip(words, inside=None):
    prefix = ["ip", "netns", "exec", inside] if inside else []
    subprocess.run(prefix + ["ip"] + words.split(), check=True)


def make_tap(mtu=1500):
    """A pair of interfaces alone: what is sent into `tap0` arrives at the tap."""
    ip(f"link add tap0 type veth peer name {tap}")
    for name in ("tap0", tap):
        ip(f"link set {name} mtu {mtu} up")


def arrived(interface=tap):
    """Frames, since the interface is there."""
    link, = json.loads(subprocess.run(["ip", "-s", "-j", "link", "show", interface], capture_output=True, check=True).stdout)
    return link["stats64"]["rx"]["packets"]


def make_network():
    """All of the drawing above."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)  # `ip netns` keeps its files there
    pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
    ip("link set lo up")
    ip("link add hub type bridge ageing_time 0")
    make_tap()
    ip("link set tap0 master hub")
    for name, address in (("client", client), ("server", server)):
        ip(f"netns add {name}")
        ip(f"link add to-{name} type veth peer name eth0 netns {name}")
        ip(f"link set to-{name} master hub up")
        ip(f"address add {address}/16 dev eth0", name)
        ip("link set eth0 up", name)
        ip("link set lo up", name)
    ip("link set hub up")


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def resident_bytes(pid):
    return int(status_of(pid)["VmRSS"].split()[0]) * 1024


def running(pid):
    try:
        return status_of(pid)["State"][0] not in "ZX"
    except OSError:
        return False


class Sensor:
    """umbratap on the tap. Events go to NAME.ndjson, unless `outputs` are other words; standard error to NAME.log."""

    def __init__(self, program, name, *arguments, interface=tap, rules=root / "rules", config="", outputs=None,
                 environment=None):
        self.name = name
        self.events_path, self.log_path = pathlib.Path(f"{name}.ndjson"), pathlib.Path(f"{name}.log")
        pathlib.Path(f"{name}.yaml").write_text(config)
        self.log = open(self.log_path, "ab")
        wanted = ["-o", self.events_path] if outputs is None else outputs
        command = [program, "--rules", rules, "-c", f"{name}.yaml", "-i", interface, "--metrics", "127.0.0.1:9464", *wanted,
                   *arguments]
        self.process = subprocess.Popen(command, stderr=self.log, env={**os.environ, **(environment or {})})
        if not until(self.ready, 30):
            self.process.kill()
            raise SystemExit(f"{name} does not get ready:\n{self.said()}")

    def ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} ended at once:\n{self.said()}")
        try:
            with urllib.request.urlopen("http://127.0.0.1:9464/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def said(self):
        return self.log_path.read_text()

    def metrics(self):
        """Sample (name and labels as written) → value; none while nobody answers."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {sample: float(value) for sample, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def parser(self):
        """Process id of the one that is locked down; none if it is not there."""
        return self._child(lambda status: status["Seccomp"] == "2")

    def outlet(self):
        return self._child(lambda status: status["Seccomp"] != "2")

    def _child(self, is_it):
        for pid in children_of(self.process.pid):
            with contextlib.suppress(OSError):
                if is_it(status_of(pid)):
                    return pid
        return None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, expected=(0,)):
        """Ends it; returns its events."""
        self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none: it did not end within a minute"
        if status not in expected:
            wrong(f"{self.name} ended with {status}:\n{self.said()[-2000:]}")
        return self.events()

    def events(self, kind=None):
        lines = self.events_path.read_text().splitlines() if self.events_path.exists() else []
        all_events = [event for event in map(read_event, lines) if event]
        return [event for event in all_events if kind in (None, event["event_type"])]

    def clients_alerted(self):
        """Addresses of clients of whom an alert about a server was written."""
        return {event["src_ip"] for event in self.events("alert") if event["alert"]["category"] == "shadow-server"}


def read_event(line):
    """None for what a process left half-written when it was killed."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def check_accounting(name, final):
    """Received packets and payload add up, exactly, and nothing was lost."""
    capture, drops, payload = final["capture"], final["drops"], final["payload"]
    if capture.get("received", 0) != capture["packets"] + drops.get("kernel", 0) + drops.get("worker", 0):
        wrong(f"{name}: packets do not add up: {capture} {drops}")
    if payload["inspected"] + payload["shunted"] + sum(final["blind"].values()) != payload["tcp"] + payload["quic"]:
        wrong(f"{name}: payload does not add up: {payload} {final['blind']}")


# Traffic.

def checksum(data):
    total = sum(struct.unpack(f">{len(data + b'0') // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, target, ports, sequence, acknowledged, flags, payload=b""):
    """An Ethernet frame."""
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, flags, 65535, 0, 0) + payload
    tcp = tcp[:16] + struct.pack(">H", checksum(addresses + struct.pack(">HH", 6, len(tcp)) + tcp)) + tcp[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return bytes.fromhex("0200000000020200000000010800") + head + tcp


def connection(source, target, ports, said):
    """Frames of a whole TCP connection in which `said`, pairs of (from the client?, bytes), was said."""
    syn, fin, push, ack = 2, 1, 8, 16
    ends = {True: (source, target, ports), False: (target, source, ports[::-1])}
    sequence = {True: 1, False: 1}

    def send(to_server, flags, payload=b""):
        frame = segment(*ends[to_server], sequence[to_server], sequence[not to_server], flags, payload)
        sequence[to_server] += len(payload) + bool(flags & (syn | fin))
        return frame

    yield send(True, syn)
    yield send(False, syn | ack)
    yield send(True, ack)
    for to_server, payload in said:
        for at in range(0, len(payload), 1400):
            yield send(to_server, push | ack, payload[at:at + 1400])
    yield send(True, fin | ack)
    yield send(False, fin | ack)
    yield send(True, ack)


def http_message(first_line, message, *fields):
    body = json.dumps(message).encode()
    head = "\r\n".join([first_line, "Content-Type: application/json", f"Content-Length: {len(body)}", *fields])
    return head.encode() + b"\r\n\r\n" + body


def conversation(number):
    """What client NUMBER and its server say to each other: a session of its own, with one call."""
    host = "Host: tools.vendor.example", "Accept: application/json, text/event-stream"
    name = f"desk-agent-{number}"
    asked = [("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                             "clientInfo": {"name": name, "version": "1.0"}},
              {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
               "serverInfo": {"name": "desk-tools", "version": "1.4.0"}}),
             ("tools/call", {"name": "ticket_search", "arguments": {"words": "printer"}},
              {"content": [{"type": "text", "text": "two tickets"}]})]
    session = f"Mcp-Session-Id: session-{number}"
    for at, (method, params, result) in enumerate(asked):
        request = {"jsonrpc": "2.0", "id": at, "method": method, "params": params}
        yield True, http_message("POST /mcp HTTP/1.1", request, *host, *([session] if at else []))
        yield False, http_message("HTTP/1.1 200 OK", {"jsonrpc": "2.0", "id": at, "result": result}, session)


def address_of(number):
    """Of client NUMBER."""
    return f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def clear_conversation(number):
    return list(connection(address_of(number), server, (20000 + number % 40000, 80), conversation(number)))


class TlsConversations:
    """The same over TLS 1.3, with the lines that a key log would have. Nothing of it touches a socket."""

    def __init__(self):
        names = ["-subj", "/CN=tools.vendor.example"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", "tls.key", "-out", "tls.pem", *names], check=True, capture_output=True)
        self.keys_path = pathlib.Path("all.keys").resolve()
        self.keys_path.touch(0o600)
        self.read = 0
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain("tls.pem", "tls.key")
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname, self.client.verify_mode = False, ssl.CERT_NONE
        self.client.keylog_filename = str(self.keys_path)

    def make(self, number):
        """Frames, and the lines of their keys."""
        frames = list(connection(address_of(number), server, (20000 + number % 40000, 443), self._said(number)))
        with open(self.keys_path, "rb") as keys:
            keys.seek(self.read)
            lines = [line for line in keys.read().splitlines(True) if line[:1] != b"#"]
            self.read = keys.tell()
        return frames, b"".join(lines)

    def _said(self, number):
        leaving, arriving = ({True: ssl.MemoryBIO(), False: ssl.MemoryBIO()} for _ in range(2))
        sides = {True: self.client.wrap_bio(arriving[True], leaving[True], server_hostname="tools.vendor.example"),
                 False: self.server.wrap_bio(arriving[False], leaving[False], server_side=True)}

        def deliver(side):
            """What that side has to send, to the tap and to the other side."""
            data = leaving[side].read()
            arriving[not side].write(data)
            return [(side, data)] if data else []

        for side in (True, False, True, False):
            with contextlib.suppress(ssl.SSLWantReadError):
                sides[side].do_handshake()
            yield from deliver(side)
        for side, text in conversation(number):
            sides[side].write(text)
            yield from deliver(side)
            sides[not side].read(65536)


class Wire:
    """Sends frames into the tap."""

    def __init__(self, interface="tap0"):
        self.interface = interface
        self.sent = 0
        self._open()

    def _open(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        self.socket.bind((self.interface, 0))

    def send(self, frames):
        for frame in frames:
            self.socket.send(frame)
            self.sent += 1

    def try_to_send(self, frames):
        """The same over an interface that may be gone for a while; false if it is."""
        try:
            self.send(frames)
        except OSError:
            self.socket.close()
            with contextlib.suppress(OSError):
                self._open()
            return False
        return True


class Traffic:
    """Conversations, each of a client of its own, at a steady rate from a thread. `sent`: number → when it was."""

    def __init__(self, per_second, make=clear_conversation, interface="tap0"):
        self.pause, self.make, self.wire = 1 / per_second, make, Wire(interface)
        self.sent, self.next = {}, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        due = time.monotonic()
        while not self.ended.is_set():
            frames, self.next = self.make(self.next), self.next + 1
            if self.wire.try_to_send(frames):
                self.sent[self.next - 1] = time.monotonic()
            due = max(due + self.pause, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self.ended.set()
        self.thread.join()

    def clients(self, since=0.0, until=float("inf")):
        """Addresses of those who talked in that time."""
        return {address_of(number) for number, when in self.sent.items() if since <= when <= until}


def repeat(default, main):
    """Runs `main(program)` several times in a laboratory; arguments of the script: UMBRATAP [TIMES]."""
    program = str(pathlib.Path(sys.argv[1]).resolve())
    times = int(sys.argv[2]) if len(sys.argv) > 2 else default
    enter()
    ip("link set lo up")
    pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
    for number in range(times):
        with workplace():
            make_tap()
            try:
                print(f"{pathlib.Path(sys.argv[0]).stem} {number + 1} of {times}: {main(program)}", flush=True)
            finally:
                ip("link delete tap0")
    report()


def report():
    print(f"{len(failures)} wrong")
    sys.exit(1 if failures else 0)
