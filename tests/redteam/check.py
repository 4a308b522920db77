#!/usr/bin/env python3
"""The variants of tools/redteam are what they are called: a reader that follows the standards gets the same out of them.

usage: check.py
"""
import gzip, json, pathlib, struct, sys, zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import carriage, exchanges, messages, network, variants
from carriage import Frames, Manner, Sockets

failures = 0
sys.setrecursionlimit(10_000)  # one spelling nests deeply


def expect(what, got, wanted):
    global failures
    if got != wanted:
        failures += 1
        print(f"WRONG: {what}: {str(got)[:200]}, expected {str(wanted)[:200]}")


def without_padding(value):
    """A message without what was put beside it."""
    wanted = {"jsonrpc", "id", "method", "params"}
    top = {key: inner for key, inner in value.items() if key in wanted}
    meta = top.get("params", {}).get("_meta")
    if meta:
        meta.pop("com.example/trace", None)
        if not meta:
            del top["params"]["_meta"]
    if top.get("params") == {}:
        del top["params"]
    return top


def check_spellings(some):
    for name, change in messages.spellings.items():
        for one in some:
            expect(f"{name}: the same message", without_padding(json.loads(change(one.body))), without_padding(json.loads(one.body)))
            expect(f"{name}: other bytes", change(one.body) != one.body or "solidus" in name and b"/" not in one.body, True)


def check_http1(some):
    for name, tricks in variants.http1_manners.items():
        if "LENGTH" in str(tricks.get("more", "")) or name in ("chunks and a length", "line feeds alone", "pipelined", "100-continue"):
            continue
        said = [data for connection in carriage.http1(some, variants.vendor, Manner(**tricks)) for side, data in connection if side == carriage.client]
        bodies = [body for data in said for _, _, body in exchanges.messages_of(data.lstrip(b"\r\n"))]
        expect(f"HTTP/1.1, {name}: bodies", bodies, [one.body for one in some])
    undo = {"gzip": gzip.decompress, "deflate": zlib.decompress, "deflate without a head": lambda data: zlib.decompress(data, -15)}
    for name, take_off in undo.items():
        body, _ = carriage.coded(some[0].body, Manner(coding=name, code_twice=True))
        expect(f"{name}, twice", take_off(take_off(body)), some[0].body)


def http2_bodies(said):
    """Stream → DATA of the client."""
    data, bodies, at = b"".join(data for side, data in said if side == carriage.client), {}, 24
    while at < len(data):
        size, kind, flags, stream = int.from_bytes(data[at:at + 3], "big"), data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big")
        payload = data[at + 9:at + 9 + size]
        if kind == 0:
            bodies[stream] = bodies.get(stream, b"") + (payload[1:len(payload) - payload[0]] if flags & 8 else payload)
        at += 9 + size
    return bodies


def check_http2(some):
    for name, tricks in variants.http2_manners.items():
        said, = carriage.http2(some, variants.vendor, Frames(**tricks))
        expect(f"HTTP/2, {name}: bodies", list(http2_bodies(said).values()), [one.body for one in some])


def socket_texts(said):
    """Messages of the client."""
    data, texts, at, whole, compressed = b"".join(data for side, data in said[2:] if side == carriage.client), [], 0, b"", False
    inflate = zlib.decompressobj(-15)
    while at < len(data):
        first, size = data[at], data[at + 1] & 127
        at += 2
        if size > 125:
            size, at = (struct.unpack_from("!H", data, at)[0], at + 2) if size == 126 else (struct.unpack_from("!Q", data, at)[0], at + 8)
        mask, payload = data[at:at + 4], data[at + 4:at + 4 + size]
        at += 4 + size
        if first & 15 > 7:
            continue
        compressed = bool(first & 0x40) if first & 15 else compressed
        whole += bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        if first & 0x80:
            texts.append(inflate.decompress(whole + b"\0\0\xff\xff") if compressed else whole)
            whole = b""
    return texts


def check_websocket(some):
    for name, tricks in variants.socket_manners.items():
        said, = carriage.websocket(some, variants.vendor, Sockets(**tricks))
        expect(f"WebSocket, {name}: messages", socket_texts(said), [one.body for one in some])


def check_streams(some):
    for name, tricks in variants.stream_manners.items():
        for one in some:
            text = carriage.as_stream(one, **tricks).answer.decode().replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
            events = []
            for block in text.split("\n\n"):
                data = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
                if data and "event: news" not in block:
                    events.append(json.loads("\n".join(data)))
            expect(f"event stream, {name}", events, [json.loads(event) for event in one.events()])


def reassembled(segments):
    """What the server gets: the first of what comes twice, nothing with a bad checksum or out of the window."""
    parts, begin = {}, 1001
    for segment in segments:
        offset = (segment.sequence - begin) & 0xffffffff
        if segment.side == 0 and segment.payload and not segment.bad_checksum and offset < 1 << 24 and not segment.flags & network.syn:
            for i, byte in enumerate(segment.payload):
                parts.setdefault(offset + i, byte)
    return bytes(parts[i] for i in sorted(parts))


def check_tcp(some):
    said = carriage.http1(some, variants.vendor, Manner())[0]
    sent = b"".join(data for side, data in said if side == 0)
    differ = ("overlap, the wrong bytes first", "without ACK", "TTL", "old timestamp", "side alone", "wrap", "SYN", "probes")
    for name, (size, trick, how) in network.tcp_tricks.items():
        if any(word in name for word in differ):
            continue
        segments = network.connection(said, size, **how)
        expect(f"TCP, {name}", reassembled(trick(segments) if trick else segments), sent)


for case in ("sdk12-session-full", "sdk24-pinned"):
    conversation = exchanges.exchanges_of(exchanges.captures.root / "pcaps" / case / "traffic.pcapng")
    for check in (check_spellings, check_http1, check_http2, check_websocket, check_streams, check_tcp):
        check(conversation)
names = [(variant.group, variant.name) for variant in variants.variants_of(conversation)]
expect("at least 300 variants", len(names) >= 300, True)
expect("none of the same name", len(set(names)) >= len(names) - 5, True)
print(f"{len(names)} variants of a conversation, {failures} wrong")
sys.exit(1 if failures else 0)
