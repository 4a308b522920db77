"""Captures for tests that run the whole program: read frames of a case, make conversations up, write pcap."""
import json, pathlib, struct

root = pathlib.Path(__file__).resolve().parent.parent.parent


def frames_of(path):
    """(seconds, frame) of a pcapng file of one link type, Ethernet, little-endian, as those in pcaps/ are."""
    data = pathlib.Path(path).read_bytes()
    at, resolutions = 0, []
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8:at + length - 4]
        if kind == 1:
            resolutions.append(resolution_of(body[8:]))
        elif kind == 6:
            interface, high, low, captured, _ = struct.unpack_from("<IIIII", body)
            yield ((high << 32) | low) / resolutions[interface], body[20:20 + captured]
        at += length


def resolution_of(options):
    """Ticks a second (if_tsresol)."""
    while len(options) >= 4:
        code, length = struct.unpack_from("<HH", options)
        if code == 9:
            return 2 ** (options[4] & 127) if options[4] & 128 else 10 ** options[4]
        options = options[4 + (length + 3) // 4 * 4:]
    return 10 ** 6


pcap_head = struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)  # nanoseconds, Ethernet


def pcap_record(seconds, frame):
    whole = int(seconds)
    return struct.pack("<IIII", whole, int((seconds - whole) * 1e9), len(frame), len(frame)) + frame


def write_pcap(path, frames):
    with open(path, "wb") as out:
        out.write(pcap_head)
        for seconds, frame in frames:
            out.write(pcap_record(seconds, frame))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


class Conversation:
    """One TCP connection over IPv4. Each call appends frames, a millisecond apart."""

    def __init__(self, client, server, begin):
        self.ends = [(address_of(client[0]), client[1]), (address_of(server[0]), server[1])]
        self.sequence = [1000, 5000]
        self.time = begin
        self.frames = []
        self._segment(0, 0x02)
        self._segment(1, 0x12)
        self._segment(0, 0x10)

    def _segment(self, side, flags, payload=b""):
        (source, source_port), (target, target_port) = self.ends[side], self.ends[1 - side]
        acknowledged = self.sequence[1 - side] if flags & 0x10 else 0
        head = struct.pack("!HHIIBBHHH", source_port, target_port, self.sequence[side], acknowledged, 0x50, flags, 65535, 0, 0)
        pseudo = source + target + struct.pack("!BBH", 0, 6, len(head) + len(payload))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + payload)) + head[18:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(head) + len(payload), 0, 0x4000, 64, 6, 0, source, target)
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.frames.append((self.time, b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + head + payload))
        self.sequence[side] += len(payload) + (1 if flags & 0x03 else 0)
        self.sequence[side] &= 0xffffffff
        self.time += 0.001

    def send(self, side, payload):
        for at in range(0, len(payload), 1400):
            self._segment(side, 0x18, payload[at:at + 1400])

    def close(self):
        self._segment(0, 0x11)
        self._segment(1, 0x11)
        self._segment(0, 0x10)

    def call(self, host, message, answer, path="/mcp", session="s-1"):
        """An MCP request over HTTP/1.1, and its answer; none where `answer` is None."""
        self.send(0, http_request(host, path, session, message))
        self.send(1, http_answer(session, answer) if answer is not None else b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


def address_of(text):
    return bytes(int(part) for part in text.split("."))


def http_request(host, path, session, message):
    body = json.dumps(message).encode()
    head = (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMcp-Session-Id: {session}\r\n"
            f"MCP-Protocol-Version: 2025-06-18\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def http_answer(session, message):
    body = json.dumps(message).encode()
    return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: {session}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def session(client, server, host, tools, begin, name="agent", session_id="s-1", definitions=None, path="/mcp", changes=0,
            version="1.0"):
    """The frames of one MCP session: initialize, the list of `definitions`, a call of each of `tools`, and so many equal
    notifications of `changes`."""
    talk = Conversation(client, server, begin)
    ask = lambda number, method, params: {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    say = lambda number, result: {"jsonrpc": "2.0", "id": number, "result": result}
    with_host = dict(path=path, session=session_id)
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": name, "version": "1.0"}}
    welcome = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "tools of " + host, "version": version}}
    talk.call(host, ask(0, "initialize", hello), say(0, welcome), **with_host)
    talk.call(host, {"jsonrpc": "2.0", "method": "notifications/initialized"}, None, **with_host)
    if definitions:
        talk.call(host, ask(1, "tools/list", {}), say(1, {"tools": definitions}), **with_host)
    for number, tool in enumerate(tools, 2):
        talk.call(host, ask(number, "tools/call", {"name": tool, "arguments": {}}),
                  say(number, {"content": [{"type": "text", "text": "done"}]}), **with_host)
    for _ in range(changes):
        talk.call(host, {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}, None, **with_host)
    talk.close()
    return talk.frames
