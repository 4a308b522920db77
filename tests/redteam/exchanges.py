"""Exchanges of MCP out of a capture: the material that variants are made of. Cleartext HTTP/1.1 over TCP and IPv4."""
import collections, dataclasses, json, struct, sys, pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import captures


@dataclasses.dataclass
class Exchange:
    """A request that holds JSON-RPC, and its response. Bodies are without framing and codings."""
    target: str
    fields: list  # (name, value) of the request, without those that frame or route
    body: bytes
    status: int
    reason: str
    answer_fields: list
    answer: bytes
    host: str = ""

    def message(self):
        return json.loads(self.body)

    def events(self):
        """Messages of the answer, whether it is an event stream or not."""
        if dict((n.lower(), v) for n, v in self.answer_fields).get("content-type", "").startswith("text/event-stream"):
            blocks = self.answer.decode().replace("\r\n", "\n").split("\n\n")
            return ["\n".join(line[5:].lstrip() for line in block.split("\n") if line.startswith("data:")) for block in blocks
                    if any(line.startswith("data:") for line in block.split("\n"))]
        return [self.answer.decode()] if self.answer.strip() else []


framing = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding", "keep-alive", "date", "expect",
           "accept-language", "sec-fetch-mode", "user-agent", "vary", "etag", "x-powered-by", "server", "cache-control"}


def frames_of(path):
    data = pathlib.Path(path).read_bytes()
    if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        at = 24
        while at + 16 <= len(data):
            seconds, fraction, captured, _ = struct.unpack_from("<IIII", data, at)
            yield seconds, data[at + 16:at + 16 + captured]
            at += 16 + captured
    else:
        yield from captures.frames_of(path)


def streams_of(path):
    """(client, server) → bytes of each direction; who sent the first SYN, or talks to the lower port, is the client."""
    parts = collections.defaultdict(dict)
    first = {}
    for _, frame in frames_of(path):
        if frame[12:14] == b"\x08\x00":
            ip = frame[14:]
        elif frame[:1] == b"\x45":
            ip = frame
        else:
            continue
        if ip[9] != 6 or struct.unpack_from("!H", ip, 6)[0] & 0x3fff:
            continue
        ip = ip[:struct.unpack_from("!H", ip, 2)[0]]
        tcp = ip[(ip[0] & 15) * 4:]
        source, target = (ip[12:16], tcp[:2]), (ip[16:20], tcp[2:4])
        sequence = struct.unpack_from("!I", tcp, 4)[0]
        if tcp[13] & 2:
            first[source, target] = (sequence + 1) & 0xffffffff
        payload = tcp[(tcp[12] >> 4) * 4:]
        if payload:
            parts[source, target].setdefault(sequence, payload)
    for key, segments in parts.items():
        begin = first.get(key, min(segments))
        out = b""
        for sequence in sorted(segments, key=lambda one: (one - begin) & 0xffffffff):
            offset = (sequence - begin) & 0xffffffff
            if offset <= len(out):
                out = out[:offset] + segments[sequence] + out[offset + len(segments[sequence]):]
        yield key, out


def messages_of(stream):
    """(first line, fields, body) of each HTTP/1.1 message of one direction; ends where it cannot be read."""
    at = 0
    while True:
        end = stream.find(b"\r\n\r\n", at)
        if end < 0:
            return
        lines = stream[at:end].decode("latin-1").split("\r\n")
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]
        known = {name.lower(): value for name, value in fields}
        at = end + 4
        if known.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                line = stream.find(b"\r\n", at)
                if line < 0:
                    return
                size = int(stream[at:line].split(b";")[0] or b"0", 16)
                body += stream[line + 2:line + 2 + size]
                at = line + 2 + size + (2 if size else 0)
                if size == 0:
                    while (line := stream.find(b"\r\n", at)) > at:  # trailers
                        at = line + 2
                    at += 2
                    break
        else:
            size = int(known.get("content-length", 0))
            body, at = stream[at:at + size], at + size
        yield lines[0], fields, body


def exchanges_of(path):
    """Those of the client and server that have the most calls of tools, in order; never more than eight."""
    streams = dict(streams_of(path))
    found = collections.defaultdict(list)
    for (source, target), stream in streams.items():
        if not stream.startswith((b"POST", b"GET", b"DELETE")):
            continue
        answers = [one for one in messages_of(streams.get((target, source), b"")) if not one[0].startswith("HTTP/1.1 100")]
        for (line, fields, body), (status_line, answer_fields, answer) in zip(messages_of(stream), answers):
            known = {name.lower(): value for name, value in fields}
            answer_known = {name.lower(): value for name, value in answer_fields}
            if "content-encoding" in known or "content-encoding" in answer_known or not line.startswith("POST"):
                continue
            try:
                message = json.loads(body)
            except ValueError:
                continue
            if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or "method" not in message:
                continue
            status, _, reason = status_line.partition(" ")[2].partition(" ")
            if not status.startswith("2"):
                continue
            keep = lambda pairs: [pair for pair in pairs if pair[0].lower() not in framing]
            found[source[0], target].append(Exchange(line.split(" ")[1], keep(fields), body, int(status), reason, keep(answer_fields), answer,
                                                     known.get("host", "")))
    calls = lambda some: sum(one.message()["method"] == "tools/call" for one in some)
    best = max(found.values(), key=calls, default=[])
    if not calls(best):
        raise SystemExit(f"{path}: no call of a tool over cleartext HTTP/1.1 in it")
    return best[:8]


def tools_called(exchanges):
    return {one.message()["params"]["name"] for one in exchanges if one.message()["method"] == "tools/call"}
