"""All variants of a few exchanges, in a fixed order: each trick alone, then tricks of two layers together."""
import dataclasses, random

import carriage, messages, network
from carriage import Frames, Manner, Sockets

vendor = "tools.vendor.example"
portal = "portal.corp.example"
policy = f"""version: 1
portals:
  - name: corporate portal
    hosts: [{portal}]
    require_tls: false
"""


@dataclasses.dataclass
class Variant:
    group: str
    name: str
    frames: callable         # → [(seconds, frame)]
    bodies: callable         # → bodies of POST requests as a proxy has them that takes HTTP apart: without chunks, with codings
    lookalike: bool = False  # the host pretends to be the portal


header_case = lambda change: lambda head: "\r\n".join([head.split("\r\n")[0]] + [
    change(line.split(":", 1)[0]) + ":" + line.split(":", 1)[1] if ":" in line else line for line in head.split("\r\n")[1:]])


def with_line(line):
    return lambda head: head.replace("\r\n", "\r\n" + line + "\r\n", 1)


def jumble(word):
    return "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(word))


http1_manners = {
    "as it was": {},
    "a connection for each exchange": dict(close=True),
    "pipelined": dict(pipelined=True),
    "chunks of one byte": dict(chunk=1),
    "chunks of seven bytes with extensions": dict(chunk=7, extension=";a=b;c=\"d;e\""),
    "chunks with a long extension": dict(chunk=50, extension=";x=" + "y" * 400),
    "chunks and trailers": dict(chunk=64, trailer="X-Trailer: 1\r\nContent-MD5: none\r\n"),
    "chunk sizes with zeros before them": dict(chunk=64, zeros="0000"),
    "100-continue": dict(expect=True),
    "interim responses": dict(interim="HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"),
    "names of fields in capitals": dict(head=header_case(str.upper), answer_head=header_case(str.upper)),
    "names of fields in small letters": dict(head=header_case(str.lower), answer_head=header_case(str.lower)),
    "names of fields jumbled": dict(head=header_case(jumble), answer_head=header_case(jumble)),
    "folded fields": dict(head=with_line("X-Long: a\r\n b\r\n\tc")),
    "line feeds alone": dict(line_end="\n"),
    "tabs and blanks around values": dict(head=lambda h: h.replace(": ", ": \t  ")),
    "blank before a colon": dict(head=with_line("X-Odd : 1")),
    "empty lines before requests": dict(head=lambda h: "\r\n\r\n" + h),
    "eighty fields": dict(more=tuple((f"X-F{i}", "v" * 40) for i in range(80))),
    "a field of 16 KiB": dict(more=(("Cookie", "c" * 16384),)),
    "HTTP/1.0": dict(version="HTTP/1.0"),
    "content type with parameters": dict(head=lambda h: h.replace("application/json", "application/json; charset=utf-8; x=\"y;z\"", 1)),
    "content type in capitals": dict(head=lambda h: h.replace("application/json", "APPLICATION/JSON", 1)),
    "a lying content type": dict(head=lambda h: h.replace("ontent-Type: application/json", "ontent-Type: image/png", 1).replace("ontent-type: application/json", "ontent-type: image/png", 1)),
    "no content type": dict(head=lambda h: "\r\n".join(line for line in h.split("\r\n") if not line.lower().startswith("content-type"))),
    "PUT in the place of POST": dict(method="PUT"),
    "an invented method": dict(method="FROB"),
    "absolute form": dict(target=lambda target, host: f"http://{host}{target}"),
    "dot segments in the path": dict(target=lambda target, host: "/a/../." + target),
    "slashes in the path": dict(target=lambda target, host: "//" + target.lstrip("/")),
    "escapes in the path": dict(target=lambda target, host: "/%6d" + target[2:] if target.startswith("/m") else target + "%3fx"),
    "parameters in the path": dict(target=lambda target, host: target + ";v=1"),
    "a query": dict(target=lambda target, host: target + "?a=b&method=GET"),
    "a path that says nothing": dict(target=lambda target, host: "/assets/logo.png"),
    "length given twice, the same": dict(more=(("Content-Length", "LENGTH"),)),
    "chunks and a length": dict(chunk=40, more=(("Content-Length", "5"),)),
    "a length and chunks that are none": dict(more=(("Transfer-Encoding", "xchunked"),)),
    "chunks, spelled oddly": dict(chunk=40, head=lambda h: h.replace("Transfer-Encoding: chunked", "Transfer-Encoding:\tChUnKeD")),
    "answers without a length": dict(close=True, answer_head=lambda h: "\r\n".join(line for line in h.split("\r\n") if not line.lower().startswith("content-length"))),
    "answers byte by byte": dict(split_answers=1),
    "a body that lies about its coding": dict(more=(("Content-Encoding", "gzip"),)),
    "coding `identity`": dict(more=(("Content-Encoding", "identity"),)),
}

http2_manners = {
    "as usual": {},
    "DATA of one byte": dict(data_bytes=1),
    "padding everywhere": dict(padding=200),
    "DATA of one byte with padding": dict(data_bytes=1, padding=3),
    "heads over CONTINUATION": dict(header_bytes=40),
    "CONTINUATION and padding": dict(header_bytes=90, padding=9),
    "priorities": dict(priority=True),
    "fields from the table": dict(indexing=True),
    "PING and WINDOW_UPDATE between": dict(between=carriage.frame(6, 0, 0, bytes(8)) + carriage.frame(8, 0, 0, b"\0\0\x10\0")),
    "frames of unknown kinds between": dict(between=carriage.frame(0xbe, 0xff, 0, b"whatever")),
    "SETTINGS between": dict(between=carriage.frame(4, 0, 0, b"\0\x03\0\0\0\x64")),
    "trailers": dict(trailers=True),
    "all requests at once, in turns": dict(interleaved=True, data_bytes=10),
    "empty DATA": dict(empty=5, data_bytes=50),
}

socket_manners = {
    "as usual": {},
    "fragments of one byte": dict(fragment=1),
    "fragments of ten bytes with pings between": dict(fragment=10, pings=True),
    "a mask of zeros": dict(mask=bytes(4)),
    "a mask that makes text of text": dict(mask=b"    "),
    "compressed": dict(deflated=True),
    "compressed, in fragments": dict(deflated=True, fragment=5, pings=True),
    "lengths of eight bytes": dict(long_lengths=True),
    "binary frames": dict(binary=True),
}

stream_manners = {
    "LF": {},
    "CR": dict(end="\r"),
    "CRLF": dict(end="\r\n"),
    "no blank behind the colon": dict(each=lambda data: ["data:" + data]),
    "comments between": dict(each=lambda data: [": hello", "data: " + data, ":"]),
    "names, ids and retry": dict(each=lambda data: ["retry: 1000", "id: 7", "event: message", "data: " + data]),
    "the data first, then its name": dict(each=lambda data: ["data: " + data, "event: message"]),
    "over many data lines": dict(each=carriage.over_lines),
    "byte order mark": dict(before="\ufeff"),
    "200 comments first": dict(before=": keep-alive\n\n" * 200),
    "an event of another name first": dict(before="event: news\ndata: {\"x\":1}\n\n"),
    "events without data first": dict(before="data\n\nid\n\n"),
}

# Name → host, and whether it is told as portal-lookalike, beside that it is a shadow server.
lookalikes = {
    "the portal's name before another": (portal + ".evil.example", True),
    "the portal's name as a part of one label": ("a-" + portal.replace(".", "-") + ".evil.example", False),
    "a one for an l": (portal.replace("portal", "porta1"), True),
    "Cyrillic, as Punycode": ("xn--prtal-jye.corp.example", True),
    "a letter too many": ("portall.corp.example", False),
    "letters changed about": ("potral.corp.example", False),
    "another top": ("portal.corp.exemple", False),
    "a hyphen for the dot": ("portal-corp.example", False),
    "the portal's name as another's subdomain": ("x." + portal, False),
}

routes = {
    "two Host fields, the portal's first": dict(head=lambda h: h.replace("Host: ", f"Host: {portal}\r\nHost: ", 1)),
    "two Host fields, the portal's last": dict(head=lambda h: h.replace("\r\n", "\r\nX-First: 1\r\n", 1).replace(f"Host: {vendor}\r\n", f"Host: {vendor}\r\nHost: {portal}\r\n", 1)),
    "absolute form to the vendor, Host of the portal": dict(target=lambda t, h: f"http://{vendor}{t}", name_of_host=lambda h: portal),
    "the portal as user of the URL": dict(target=lambda t, h: f"http://{portal}@{vendor}{t}"),
    "the portal in X-Forwarded-Host": dict(more=(("X-Forwarded-Host", portal),)),
    "the portal in the path": dict(target=lambda t, h: f"/{portal}{t}"),
    "the portal in the query": dict(target=lambda t, h: f"{t}?host={portal}"),
    "no Host": dict(head=lambda h: h.replace(f"Host: {vendor}\r\n", "", 1)),
    "Host in capitals with a dot and the port": dict(name_of_host=lambda h: vendor.upper() + ".:80"),
}


def changed(exchanges, change, answers=True):
    """Bodies spelled anew; answers that are JSON, too, or the data of their events."""
    out = []
    for one in exchanges:
        new = dataclasses.replace(one, body=change(one.body))
        if answers and one.answer and len(one.answer) < 4096:
            event_stream = dict((n.lower(), v) for n, v in one.answer_fields).get("content-type", "").startswith("text/event-stream")
            try:
                if not event_stream:
                    new = dataclasses.replace(new, answer=change(one.answer))
            except (ValueError, KeyError):
                pass
        out.append(new)
    return out


def bodies_of(exchanges, manner=Manner()):
    return [carriage.coded(one.body, manner)[0] for one in exchanges]


def variants_of(exchanges, pairs=120):
    client, server = "10.20.31.8", ("10.20.200.99", 80)
    out = []

    def sent(connections, size=1400, trick=None, how=None, **more):
        made = [network.connection(said, size, **(how or {})) for said in connections]
        return network.frames([trick(one) if trick else one for one in made], client, server, **more)

    def add(group, name, frames, bodies, **more):
        out.append(Variant(group, name, frames, bodies, **more))

    plain = Manner()
    spelled = {**messages.spellings, **messages.ambiguous}
    for name, change in messages.spellings.items():
        add("JSON, spelled otherwise", name, lambda c=change: sent(carriage.http1(changed(exchanges, c), vendor, plain)), lambda c=change: bodies_of(changed(exchanges, c)))
    for name, change in messages.ambiguous.items():
        add("JSON that readers take differently", name, lambda c=change: sent(carriage.http1(changed(exchanges, c, answers=False), vendor, plain)),
            lambda c=change: bodies_of(changed(exchanges, c)))
    for name, tricks in http1_manners.items():
        def manner_of(tricks=tricks):
            more = tricks.get("more", ())
            if any(value == "LENGTH" for _, value in more):
                return Manner(head=lambda h: h.replace("Content-Length: ", f"Content-Length: {h.split('Content-Length: ')[1].split(chr(13))[0]}\r\nContent-Length: ", 1)
                              if "Content-Length: " in h else h)
            return Manner(**tricks)
        add("HTTP/1.1", name, lambda m=manner_of: sent(carriage.http1(exchanges, vendor, m())),
            lambda m=manner_of: bodies_of(exchanges) if m().method == "POST" else [])
    for coding in carriage.codings:
        for twice in (False, True):
            manner = Manner(coding=coding, code_twice=twice)
            add("content codings", coding + (", twice" if twice else ""), lambda m=manner: sent(carriage.http1(exchanges, vendor, m)), lambda m=manner: bodies_of(exchanges, m))
        manner = Manner(coding=coding, chunk=11)
        add("content codings", coding + ", in chunks", lambda m=manner: sent(carriage.http1(exchanges, vendor, m)), lambda m=manner: bodies_of(exchanges, m))
        add("content codings", coding + ", over HTTP/2", lambda m=manner: sent(carriage.http2(exchanges, vendor, Frames(), m)), lambda m=manner: bodies_of(exchanges, m))
    for name, tricks in http2_manners.items():
        add("HTTP/2", name, lambda t=tricks: sent(carriage.http2(exchanges, vendor, Frames(**t))), lambda: bodies_of(exchanges))
    for name, tricks in socket_manners.items():
        add("WebSocket", name, lambda t=tricks: sent(carriage.websocket(exchanges, vendor, Sockets(**t))), lambda: [])
    for name, end in (("LF", "\n"), ("CRLF", "\r\n"), ("empty lines between", "\n\n\n")):
        add("bare TCP", "lines that end in " + name if end != "\n\n\n" else name, lambda e=end: sent(carriage.lines(exchanges, e)), lambda: [])
    for name, tricks in stream_manners.items():
        streams = lambda t=tricks: [carriage.as_stream(one, **t) for one in exchanges]
        add("event streams", name, lambda s=streams: sent(carriage.http1(s(), vendor, plain)), lambda: bodies_of(exchanges))
        add("event streams", name + ", byte by byte", lambda s=streams: sent(carriage.http1(s(), vendor, Manner(chunk=1)), 7), lambda: bodies_of(exchanges))
    for name, (host, told) in lookalikes.items():
        add("hosts that look like the portal", name, lambda h=host: sent(carriage.http1(exchanges, h, plain)), lambda: bodies_of(exchanges), lookalike=told)
    for name, tricks in routes.items():
        add("hosts that contradict each other", name, lambda t=tricks: sent(carriage.http1(exchanges, vendor, Manner(**t))), lambda: bodies_of(exchanges))
    for name, (size, trick, how) in network.tcp_tricks.items():
        add("TCP", name, lambda s=size, t=trick, h=how: sent(carriage.http1(exchanges, vendor, plain), s, t, h), lambda: bodies_of(exchanges))
    for name, wrapping in network.wrappings.items():
        add("IP and tunnels", name, lambda w=wrapping: sent(carriage.http1(exchanges, vendor, plain), wrapping=w), lambda: bodies_of(exchanges))
    for name, extension in network.ipv6_heads.items():
        add("IP and tunnels", name, lambda e=extension: sent(carriage.http1(exchanges, vendor, plain), extension=e), lambda: bodies_of(exchanges))

    pick = random.Random(2026)
    light = [name for name in spelled if "MiB" not in name]
    quiet_http = [name for name in http1_manners if name not in ("as it was",) and "LENGTH" not in str(http1_manners[name])]
    for _ in range(pairs):
        spelling, framing, trick, wrapping = (pick.choice(list(one)) for one in (light, quiet_http, network.tcp_tricks, network.wrappings))
        layers = sorted(pick.sample(range(5), 2))
        body = spelled[spelling] if 0 in layers else (lambda text: text)
        how = Manner(**http1_manners[framing]) if 1 in layers else plain
        size, change, made = network.tcp_tricks[trick] if 3 in layers else (1400, None, {})
        wrap = network.wrappings[wrapping] if 4 in layers else None
        over_http2 = 2 in layers
        frames_name = pick.choice(list(http2_manners))
        if over_http2 and 1 in layers:
            continue
        words = [word for layer, word in enumerate((spelling, framing, "HTTP/2, " + frames_name, trick, wrapping)) if layer in layers]
        carry = (lambda b=body, f=frames_name: carriage.http2(changed(exchanges, b, False), vendor, Frames(**http2_manners[f]))) if over_http2 else \
            (lambda b=body, m=how: carriage.http1(changed(exchanges, b, False), vendor, m))
        add("two tricks together", " + ".join(words), lambda c=carry, s=size, t=change, h=made, w=wrap: sent(c(), s, t, h, wrapping=w),
            lambda b=body, m=how: bodies_of(changed(exchanges, b, False), m) if m.method == "POST" else [])
    return out
