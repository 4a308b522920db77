"""From exchanges to what two ends say: HTTP/1.1 in many manners, HTTP/2, WebSocket, bare lines."""
import base64, gzip, json, random, shutil, struct, subprocess, zlib

client, server = 0, 1


# HTTP/1.1.

def chunked(body, size, extension="", trailer="", zeros=""):
    parts = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%s%x%s\r\n%s\r\n" % (zeros.encode(), len(part), extension.encode(), part) for part in parts) + b"0\r\n" + trailer.encode() + b"\r\n"


def raw_deflate(body):
    work = zlib.compressobj(9, zlib.DEFLATED, -15)
    return work.compress(body) + work.flush()


def by_program(*command):
    return lambda body: subprocess.run(command, input=body, capture_output=True, check=True).stdout


codings = {"gzip": gzip.compress, "deflate": zlib.compress, "deflate without a head": raw_deflate}
for word, command in (("br", ["brotli", "-c"]), ("zstd", ["zstd", "-q", "-c"])):
    if shutil.which(command[0]):
        codings[word] = by_program(*command)


class Manner:
    """How HTTP/1.1 is written. Each field is one trick; the default is what everybody does."""
    version = "HTTP/1.1"
    line_end = "\r\n"
    coding = None          # a name in codings
    code_twice = False
    both_sides = True      # codings and chunks in answers, too
    chunk = 0              # bytes; 0: Content-Length
    extension = trailer = zeros = ""
    length = True          # Content-Length, where there are no chunks
    more = ()              # further fields of requests
    more_of_answers = ()
    head = staticmethod(lambda head: head)              # changes the head of a request as text
    answer_head = staticmethod(lambda head: head)
    target = staticmethod(lambda target, host: target)
    name_of_host = staticmethod(lambda host: host)
    expect = False
    pipelined = False
    close = False          # a connection for each exchange
    split_answers = 0      # bytes of an event stream that come at a time
    before = ""            # before the first request
    method = "POST"
    interim = ""           # before each answer

    def __init__(self, **tricks):
        for name, value in tricks.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


def coded(body, manner):
    if not manner.coding or not body:
        return body, []
    name = manner.coding.split(" ")[0]
    body = codings[manner.coding](body)
    if manner.code_twice:
        body, name = codings[manner.coding](body), f"{name}, {name}"
    return body, [("Content-Encoding", name)]


def framed(body, manner):
    if manner.chunk:
        return chunked(body, manner.chunk, manner.extension, manner.trailer, manner.zeros), [("Transfer-Encoding", "chunked")]
    return body, [("Content-Length", str(len(body)))] if manner.length else []


def written(first_line, fields, body, manner, change):
    head = manner.line_end.join([first_line] + [f"{name}: {value}" for name, value in fields]) + manner.line_end * 2
    return change(head).encode("utf-8", "surrogateescape") + body


def request(one, host, manner):
    body, coding = coded(one.body, manner)
    body, framing = framed(body, manner)
    fields = [("Host", manner.name_of_host(host)), *one.fields, *manner.more, *coding, *framing]
    if manner.expect:
        fields.append(("Expect", "100-continue"))
    return written(f"{manner.method} {manner.target(one.target, host)} {manner.version}", fields, b"" if manner.expect else body, manner, manner.head), body


def answer(one, manner):
    body, framing, coding = one.answer, [("Content-Length", str(len(one.answer)))], []
    if manner.both_sides and body:
        body, coding = coded(body, manner)
        body, framing = framed(body, manner)
    return written(f"{manner.version} {one.status} {one.reason}", [*one.answer_fields, *manner.more_of_answers, *coding, *framing], body, manner,
                   manner.answer_head)


def http1(exchanges, host, manner):
    """Connections, each a list of (side, bytes)."""
    connections, said = [], []
    if manner.before:
        said.append((client, manner.before.encode()))
    later = []
    for one in exchanges:
        head, body = request(one, host, manner)
        reply = manner.interim.encode() + answer(one, manner)
        if manner.expect:
            said += [(client, head), (server, b"HTTP/1.1 100 Continue\r\n\r\n"), (client, body)]
        else:
            said.append((client, head))
        if manner.pipelined:
            later.append((server, reply))
        elif manner.split_answers:
            said += [(server, reply[at:at + manner.split_answers]) for at in range(0, len(reply), manner.split_answers)]
        else:
            said.append((server, reply))
        if manner.close:
            connections.append(said)
            said = []
    said += later
    return connections + ([said] if said else [])


# HTTP/2 (RFC 9113), with prior knowledge.

static_names = {":authority": 1, ":method": 2, ":path": 4, ":scheme": 6, ":status": 8, "accept": 19, "content-length": 28, "content-type": 31}
static_pairs = {(":method", "POST"): 3, (":scheme", "http"): 6, (":status", "200"): 8}


def integer(value, bits, first):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def literal_string(text):
    return integer(len(text), 7, 0) + text


class Hpack:
    """Literals without Huffman; `indexing` puts them into the table and uses them again."""

    def __init__(self, indexing):
        self.indexing, self.table = indexing, []

    def block(self, fields):
        out = b""
        for name, value in fields:
            name = name.lower()
            if (name, value) in static_pairs:
                out += integer(static_pairs[name, value], 7, 0x80)
            elif self.indexing and (name, value) in self.table:
                out += integer(62 + self.table.index((name, value)), 7, 0x80)
            else:
                first, bits = (0x40, 6) if self.indexing else (0, 4)
                out += integer(static_names.get(name, 0), bits, first)
                if name not in static_names:
                    out += literal_string(name.encode())
                out += literal_string(value.encode())
                if self.indexing:
                    self.table = [(name, value)] + self.table[:30]
        return out


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


class Frames:
    """How HTTP/2 is framed."""
    data_bytes = 16_384
    padding = 0
    header_bytes = 16_384  # of HEADERS; the rest in CONTINUATION
    priority = False
    indexing = False
    between = b""          # frames before each of DATA
    trailers = False
    interleaved = False    # all requests first, their DATA in turns
    empty = 0              # DATA frames of no byte before each

    def __init__(self, **tricks):
        for name, value in tricks.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


def headers(stream, block, end, frames):
    flags, prefix = (1 if end else 0), b""
    if frames.priority:
        flags, prefix = flags | 0x20, struct.pack("!IB", 0x80000000, 15)
    pieces = [block[at:at + frames.header_bytes] for at in range(0, len(block), frames.header_bytes)] or [b""]
    if frames.padding:
        flags, first = flags | 8, bytes([frames.padding]) + prefix + pieces[0] + bytes(frames.padding)
    else:
        first = prefix + pieces[0]
    out = frame(1, flags | (4 if len(pieces) == 1 else 0), stream, first)
    for number, piece in enumerate(pieces[1:], 2):
        out += frame(9, 4 if number == len(pieces) else 0, stream, piece)
    return out


def data_frames(stream, body, end, frames):
    pieces = [body[at:at + frames.data_bytes] for at in range(0, len(body), frames.data_bytes)] or [b""]
    out = []
    for number, piece in enumerate(pieces, 1):
        flags = 1 if end and number == len(pieces) else 0
        made = b"".join(frame(0, 0, stream) for _ in range(frames.empty)) + frames.between
        if frames.padding:
            flags, piece = flags | 8, bytes([frames.padding]) + piece + bytes(frames.padding)
        out.append(made + frame(0, flags, stream, piece))
    return out


def http2(exchanges, host, frames, codings_of=Manner()):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
    said = [(client, preface), (server, frame(4, 0, 0) + frame(4, 1, 0)), (client, frame(4, 1, 0))]
    tables = Hpack(frames.indexing), Hpack(frames.indexing)
    asked, answered = [], []
    for number, one in enumerate(exchanges):
        stream = 2 * number + 1
        body, coding = coded(one.body, codings_of)
        fields = [(":method", "POST"), (":scheme", "http"), (":authority", host), (":path", one.target), *one.fields, *coding]
        ask = [headers(stream, tables[0].block(fields), False, frames)] + data_frames(stream, body, not frames.trailers, frames)
        if frames.trailers:
            ask.append(headers(stream, tables[0].block([("x-checksum", "none")]), True, frames))
        reply_body, coding = coded(one.answer, codings_of)
        reply_fields = [(":status", str(one.status)), *one.answer_fields, *coding]
        reply = [headers(stream, tables[1].block(reply_fields), not one.answer, frames)]
        if one.answer:
            reply += data_frames(stream, reply_body, True, frames)
        asked.append(ask)
        answered.append(reply)
    if frames.interleaved:
        said.append((client, b"".join(ask[0] for ask in asked)))
        rest = [ask[1:] for ask in asked]
        while any(rest):
            for ask in rest:
                if ask:
                    said.append((client, ask.pop(0)))
        said += [(server, b"".join(reply)) for reply in answered]
    else:
        for ask, reply in zip(asked, answered):
            said += [(client, b"".join(ask)), (server, b"".join(reply))]
    return [said]


# WebSocket (RFC 6455, RFC 7692).

class Sockets:
    fragment = 0       # bytes; 0: whole
    mask = None        # None: random
    deflated = False
    pings = False      # between fragments
    long_lengths = False
    binary = False

    def __init__(self, **tricks):
        for name, value in tricks.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


def socket_frame(opcode, payload, masked, last, compressed, manner, pick):
    first = (0x80 if last else 0) | (0x40 if compressed else 0) | opcode
    size = len(payload)
    if size < 126 and not manner.long_lengths:
        head = bytes([first, (0x80 if masked else 0) | size])
    elif size < 65536 and not manner.long_lengths:
        head = bytes([first, (0x80 if masked else 0) | 126]) + struct.pack("!H", size)
    else:
        head = bytes([first, (0x80 if masked else 0) | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = manner.mask if manner.mask is not None else bytes(pick.randrange(256) for _ in range(4))
    stream = (int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big") if size else b""
    return head + mask + stream


def websocket(exchanges, host, manner):
    pick = random.Random(5)
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if manner.deflated else ""
    key = base64.b64encode(b"sixteen bytes 16").decode()
    said = [(client, (f"GET {exchanges[0].target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                      f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mcp\r\n{extension}\r\n").encode()),
            (server, ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: 5c8DLxPw7TrSYx3KxYeN5a6TjJc=\r\nSec-WebSocket-Protocol: mcp\r\n{extension}\r\n").encode())]
    deflate = [zlib.compressobj(9, zlib.DEFLATED, -15) for _ in (client, server)]

    def message(side, text):
        data = text
        if manner.deflated:
            data = (deflate[side].compress(text) + deflate[side].flush(zlib.Z_SYNC_FLUSH))[:-4]
        size = manner.fragment or max(1, len(data))
        pieces = [data[at:at + size] for at in range(0, len(data), size)]
        out = b""
        for number, piece in enumerate(pieces):
            if number and manner.pings:
                out += socket_frame(9, b"still there", side == client, True, False, manner, pick)
            out += socket_frame((2 if manner.binary else 1) if number == 0 else 0, piece, side == client, number == len(pieces) - 1,
                                manner.deflated and number == 0, manner, pick)
        return side, out

    for one in exchanges:
        said.append(message(client, one.body))
        said += [message(server, event.encode()) for event in one.events()]
    return [said]


def lines(exchanges, end="\n"):
    """Newline-delimited JSON on a bare connection."""
    said = []
    for one in exchanges:
        said.append((client, json.dumps(json.loads(one.body)).encode() + end.encode()))
        said += [(server, event.encode() + end.encode()) for event in one.events()]
    return [said]


# Server-sent events.

def as_stream(one, end="\n", before="", each=lambda data: ["data: " + data]):
    """The answer as an event stream: `each` gives the lines of one event."""
    if not one.answer:
        return one
    text = before + "".join(end.join(each(event)) + end + end for event in one.events())
    fields = [(name, value) for name, value in one.answer_fields if name.lower() != "content-type"] + [("Content-Type", "text/event-stream")]
    return type(one)(**{**one.__dict__, "answer": text.encode(), "answer_fields": fields})


def over_lines(data):
    """The message over several data lines, which are joined by line ends: between its tokens."""
    parts, inside, line = [], False, ""
    for i, c in enumerate(data):
        line += c
        if c == '"' and (i == 0 or data[i - 1] != "\\"):
            inside = not inside
        if c == "," and not inside:
            parts.append(line)
            line = ""
    return ["data: " + part for part in parts + [line] if part]
