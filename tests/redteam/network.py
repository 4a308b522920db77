"""From what two ends say to frames: TCP as no stack would send it, and what can be wrapped around it."""
import random, struct, sys, pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from captures import address_of, checksum

syn, fin, rst, push, ack, urgent = 2, 1, 4, 8, 16, 32
begin = 1_790_000_000.0


class Segment:
    def __init__(self, side, sequence, acknowledged, flags, payload=b"", **more):
        self.side, self.sequence, self.acknowledged, self.flags, self.payload = side, sequence & 0xffffffff, acknowledged & 0xffffffff, flags, payload
        self.bad_checksum = more.get("bad_checksum", False)
        self.options = more.get("options", b"")
        self.ttl = more.get("ttl", 64)
        self.urgent = more.get("urgent", 0)

    def but(self, **changes):
        other = Segment(self.side, self.sequence, self.acknowledged, self.flags, self.payload, bad_checksum=self.bad_checksum,
                        options=self.options, ttl=self.ttl, urgent=self.urgent)
        for name, value in changes.items():
            setattr(other, name, value)
        return other


def connection(said, size=1400, start=(1000, 5000), handshake=True, syn_data=False, ending=True):
    """Segments of one connection. `said`: (side, bytes) in order."""
    sequence = list(start)
    segments = []
    if handshake:
        segments += [Segment(0, sequence[0], 0, syn), Segment(1, sequence[1], sequence[0] + 1, syn | ack), Segment(0, sequence[0] + 1, sequence[1] + 1, ack)]
    sequence = [(one + 1) & 0xffffffff for one in sequence]
    if syn_data:
        first = said[0][1][:64]
        segments[0] = segments[0].but(payload=first)
        segments[1] = segments[1].but(acknowledged=(sequence[0] + len(first)) & 0xffffffff)
        segments[2] = segments[2].but(sequence=(sequence[0] + len(first)) & 0xffffffff)
        sequence[0] += len(first)
        said = [(0, said[0][1][64:])] + said[1:]
    for side, data in said:
        for at in range(0, len(data), size):
            piece = data[at:at + size]
            segments.append(Segment(side, sequence[side], sequence[1 - side], push | ack, piece))
            sequence[side] = (sequence[side] + len(piece)) & 0xffffffff
    if ending:
        segments += [Segment(0, sequence[0], sequence[1], fin | ack), Segment(1, sequence[1], sequence[0] + 1, fin | ack),
                     Segment(0, sequence[0] + 1, sequence[1] + 1, ack)]
    return segments


def garbage(size, seed=1):
    return bytes(random.Random(seed).choice(b"abcdefghijklmnopqrstuvwxyz ") for _ in range(size))


def with_data(segments, change):
    """`change(segment)` gives the segments that come instead of one with data."""
    out = []
    for segment in segments:
        out += change(segment) if segment.payload else [segment]
    return out


def reordered(segments, width):
    """Segments with data in groups, each group the other way round."""
    out, group = [], []
    for segment in segments:
        if segment.payload and (not group or (group[0].side == segment.side and len(group) < width)):
            group.append(segment)
            continue
        out += reversed(group)
        group = [segment] if segment.payload else []
        if not segment.payload:
            out.append(segment)
    return out + list(reversed(group))


def shuffled(segments, width, seed=3):
    pick = random.Random(seed)
    out, group = [], []
    for segment in segments + [None]:
        if segment is not None and segment.payload and (not group or (group[0].side == segment.side and len(group) < width)):
            group.append(segment)
            continue
        pick.shuffle(group)
        out += group
        group = []
        if segment is not None:
            (group if segment.payload else out).append(segment)
    return out + group


def overlapping(segment, first):
    """The second half of each segment comes with other bytes, too: before (first) or after the right ones."""
    half = len(segment.payload) // 2
    if half == 0:
        return [segment]
    head, tail = segment.but(payload=segment.payload[:half]), segment.but(sequence=segment.sequence + half & 0xffffffff, payload=segment.payload[half:])
    other = tail.but(payload=garbage(len(tail.payload)))
    return [other, tail, head] if first else [tail, other, head]


def decoy(segment, **changes):
    """Garbage in its place, which the receiver throws away, before it."""
    return [segment.but(payload=garbage(len(segment.payload)), **changes), segment]


timestamps = b"\x01\x01\x08\x0a" + struct.pack("!II", 1, 1)

# Name → (size of segments, change of a list of segments, how the connection is made).
tcp_tricks = {
    "segments of one byte": (1, None, {}),
    "segments of two bytes": (2, None, {}),
    "segments of seven bytes": (7, None, {}),
    "segments of 100 bytes": (100, None, {}),
    "segments of 9,000 bytes": (9000, None, {}),
    "pairs of segments swapped": (200, lambda s: reordered(s, 2), {}),
    "groups of eight in reverse": (60, lambda s: reordered(s, 8), {}),
    "all of a message in reverse": (40, lambda s: reordered(s, 10_000), {}),
    "shuffled, one byte each": (1, lambda s: shuffled(s, 64), {}),
    "everything twice": (300, lambda s: with_data(s, lambda one: [one, one]), {}),
    "everything again at the end of its message": (300, lambda s: [again for one in s for again in (one, one)], {}),
    "the same bytes, overlapping": (300, lambda s: with_data(s, lambda one: [one.but(payload=one.payload[:200]), one]), {}),
    "conflicting overlap, the wrong bytes first": (300, lambda s: with_data(s, lambda one: overlapping(one, True) if one.side == 0 else [one]), {}),
    "conflicting overlap, the wrong bytes last": (300, lambda s: with_data(s, lambda one: overlapping(one, False) if one.side == 0 else [one]), {}),
    "conflicting retransmission": (300, lambda s: with_data(s, lambda one: [one, one.but(payload=garbage(len(one.payload)))] if one.side == 0 else [one]), {}),
    "garbage with a bad checksum before each": (300, lambda s: with_data(s, lambda one: decoy(one, bad_checksum=True)), {}),
    "garbage out of the window before each": (300, lambda s: with_data(s, lambda one: decoy(one, sequence=one.sequence + 0x40000000 & 0xffffffff)), {}),
    "garbage without ACK before each": (300, lambda s: with_data(s, lambda one: decoy(one, flags=push) if one.side == 0 else [one]), {}),
    "garbage with a TTL of one before each": (300, lambda s: with_data(s, lambda one: decoy(one, ttl=1) if one.side == 0 else [one]), {}),
    "garbage with an old timestamp before each": (300, lambda s: with_data([one.but(options=timestamps) for one in s],
                                                  lambda one: decoy(one, options=b"\x01\x01\x08\x0a" + struct.pack("!II", 0xf0000000, 1)) if one.side == 0 else [one]), {}),
    "RST with a bad checksum": (300, lambda s: s[:3] + [s[3].but(flags=rst, payload=b"", bad_checksum=True)] + s[3:], {}),
    "RST out of the window": (300, lambda s: s[:3] + [s[3].but(flags=rst, payload=b"", sequence=s[3].sequence + 0x30000000 & 0xffffffff)] + s[3:], {}),
    "RST in the window, and the conversation goes on": (300, lambda s: s[:3] + [s[3].but(flags=rst, payload=b"")] + s[3:], {}),
    "FIN out of the window": (300, lambda s: s[:3] + [s[3].but(flags=fin | ack, payload=b"", sequence=s[3].sequence + 0x30000000 & 0xffffffff)] + s[3:], {}),
    "FIN too early, and the conversation goes on": (300, lambda s: s[:3] + [s[3].but(flags=fin | ack, payload=b"")] + s[3:], {}),
    "a second SYN in the middle": (300, lambda s: s[:6] + [s[0].but(sequence=77)] + s[6:], {}),
    "probes of keep-alive": (300, lambda s: with_data(s, lambda one: [one.but(sequence=one.sequence - 1 & 0xffffffff, payload=b"\0", flags=ack), one]), {}),
    "sequence numbers wrap": (100, None, {"start": (0xffffff80, 0xffffffc0)}),
    "data in the SYN": (300, None, {"syn_data": True}),
    "no handshake": (300, None, {"handshake": False}),
    "no end": (300, None, {"ending": False}),
    "the client's side alone": (300, lambda s: [one for one in s if one.side == 0], {}),
    "the server's side alone": (300, lambda s: [one for one in s if one.side == 1], {}),
    "SYN and ACK of the server lost": (300, lambda s: s[:1] + s[2:], {}),
    "timestamps in every segment": (300, lambda s: [one.but(options=timestamps) for one in s], {}),
    "the urgent flag everywhere": (300, lambda s: with_data(s, lambda one: [one.but(flags=one.flags | urgent, urgent=0)]), {}),
    "every fifth segment of the answers lost": (60, lambda s: [one for i, one in enumerate(s) if one.side == 0 or not one.payload or i % 5], {}),
}


def tcp_bytes(segment, ends, v6=False):
    (source, source_port), (target, target_port) = ends[segment.side], ends[1 - segment.side]
    words = (20 + len(segment.options)) // 4
    head = struct.pack("!HHIIBBHHH", source_port, target_port, segment.sequence, segment.acknowledged if segment.flags & ack else 0, words << 4,
                       segment.flags, 65535, 0, segment.urgent) + segment.options
    pseudo = source + target + (struct.pack("!IHBB", len(head) + len(segment.payload), 0, 0, 6) if v6 else struct.pack("!BBH", 0, 6, len(head) + len(segment.payload)))
    value = checksum(pseudo + head + segment.payload)
    if segment.bad_checksum:
        value ^= 0x5555
    return head[:16] + struct.pack("!H", value) + head[18:] + segment.payload, source, target


def ipv4(payload, source, target, protocol=6, ttl=64, ident=0, offset=0, more=False, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), ident, (0x2000 if more else 0) | offset // 8, ttl, protocol, 0, source, target) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def fragments(packet, size, ident):
    """IPv4 fragments of `size` bytes each (a multiple of 8)."""
    header, payload = packet[:20], packet[20:]
    source, target, ttl = header[12:16], header[16:20], header[8]
    return [ipv4(payload[at:at + size], source, target, 6, ttl, ident, at, at + size < len(payload)) for at in range(0, len(payload), size)]


def ethernet(packet, kind=b"\x08\x00", tags=b""):
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + tags + kind + packet


outer = address_of("192.0.2.1"), address_of("192.0.2.2")


def udp(payload, port):
    return struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload


def garbled(fragment):
    return fragment[:20] + garbage(len(fragment) - 20)


# Name → the frames of one IPv4 packet with number n.
wrappings = {
    "VLAN": lambda p, n: [ethernet(p, tags=b"\x81\x00\x00\x64")],
    "QinQ": lambda p, n: [ethernet(p, tags=b"\x88\xa8\x00\x64\x81\x00\x00\x65")],
    "three VLAN tags": lambda p, n: [ethernet(p, tags=b"\x81\x00\x00\x64" * 3)],
    "MPLS, two labels": lambda p, n: [ethernet(b"\x00\x01\x00\x40\x00\x02\x01\x40" + p, b"\x88\x47")],
    "PPPoE": lambda p, n: [ethernet(b"\x11\x00\x00\x01" + struct.pack("!H", len(p) + 2) + b"\x00\x21" + p, b"\x88\x64")],
    "GRE": lambda p, n: [ethernet(ipv4(b"\0\0\x08\0" + p, *outer, protocol=47))],
    "GRE with key and sequence": lambda p, n: [ethernet(ipv4(b"\x30\0\x08\0" + struct.pack("!II", 7, n) + p, *outer, protocol=47))],
    "IP in IP": lambda p, n: [ethernet(ipv4(p, *outer, protocol=4))],
    "IP in IP in IP": lambda p, n: [ethernet(ipv4(ipv4(p, *outer, protocol=4), *outer, protocol=4))],
    "VXLAN": lambda p, n: [ethernet(ipv4(udp(b"\x08\0\0\0\0\0\x07\0" + ethernet(p), 4789), *outer, protocol=17))],
    "GENEVE": lambda p, n: [ethernet(ipv4(udp(b"\0\0\x65\x58\0\0\x07\0" + ethernet(p), 6081), *outer, protocol=17))],
    "GTP-U": lambda p, n: [ethernet(ipv4(udp(b"\x30\xff" + struct.pack("!HI", len(p), 9) + p, 2152), *outer, protocol=17))],
    "GRE in a VLAN": lambda p, n: [ethernet(ipv4(b"\0\0\x08\0" + p, *outer, protocol=47), tags=b"\x81\x00\x00\x64")],
    "options in the IP head": lambda p, n: [ethernet(ipv4(p[20:], p[12:16], p[16:20], options=b"\x94\x04\0\0" + b"\x01" * 4))],
    "fragments of 8 bytes": lambda p, n: [ethernet(one) for one in fragments(p, 8, n)],
    "fragments of 24 bytes": lambda p, n: [ethernet(one) for one in fragments(p, 24, n)],
    "fragments of 576 bytes": lambda p, n: [ethernet(one) for one in fragments(p, 576, n)],
    "fragments in reverse": lambda p, n: [ethernet(one) for one in reversed(fragments(p, 64, n))],
    "fragments twice": lambda p, n: [ethernet(one) for one in fragments(p, 64, n) for _ in (1, 2)],
    "overlapping fragments, the wrong bytes first": lambda p, n: [ethernet(again) for i, one in enumerate(fragments(p, 64, n)) for again in ([garbled(one), one] if i == 1 else [one])],
    "overlapping fragments, the wrong bytes last": lambda p, n: [ethernet(again) for i, one in enumerate(fragments(p, 64, n)) for again in ([one, garbled(one)] if i == 1 else [one])],
    "fragments in VXLAN": lambda p, n: [ethernet(ipv4(udp(b"\x08\0\0\0\0\0\x07\0" + ethernet(one), 4789), *outer, protocol=17)) for one in fragments(p, 128, n)],
}

# Name → extension headers between the IPv6 head and TCP, as (kind of the first, bytes that end in the kind of TCP).
ipv6_heads = {
    "IPv6": (6, b""),
    "IPv6, hop-by-hop options": (0, b"\x06\x00\x01\x04\0\0\0\0"),
    "IPv6, three extension heads": (0, b"\x3c\x00\x01\x04\0\0\0\0" + b"\x2b\x00\x01\x04\0\0\0\0" + b"\x06\x00\x00\x00\0\0\0\0"),
    "IPv6, an atomic fragment": (44, b"\x06\0\0\0\0\0\0\x09"),
}


def ipv6(payload, source, target, extension):
    kind, heads = extension
    return struct.pack("!IHBB", 0x60000000, len(heads) + len(payload), kind, 64) + source + target + heads + payload


def frames(connections, client, server, wrapping=None, extension=None):
    """(seconds, frame) of several connections, one after the other; each from a port of its own."""
    out, seconds, number = [], begin, 1
    for index, segments in enumerate(connections):
        v6 = extension is not None
        address = (lambda text: b"\x20\x01\x0d\xb8" + bytes(8) + address_of(text)) if v6 else address_of
        ends = [(address(client), 40000 + index), (address(server[0]), server[1])]
        for segment in segments:
            data, source, target = tcp_bytes(segment, ends, v6)
            if v6:
                made = [ethernet(ipv6(data, source, target, extension), b"\x86\xdd")]
            else:
                packet = ipv4(data, source, target, ttl=segment.ttl, ident=number & 0xffff)
                made = wrapping(packet, number & 0xffff) if wrapping else [ethernet(packet)]
            number += 1
            for frame in made:
                out.append((seconds, frame))
                seconds += 0.0002
        seconds += 0.01
    return out
