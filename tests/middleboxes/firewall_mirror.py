#!/usr/bin/env python3
"""Writes a capture of cleartext traffic anew as a firewall that mirrors what it decrypted would send it.

usage: firewall_mirror.py IN.pcapng OUT.pcap [PORT]

Handshakes are invented (sequence numbers from 1, no options, fixed window), MAC addresses are zero, and the server's port
is PORT (443). IN is a little-endian pcapng file of Ethernet and IPv4 in which no segment is missing, and none comes twice.
"""
import struct, sys

window = 32767
syn, fin, push, ack = 2, 1, 8, 16


def frames(data):
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:  # Enhanced Packet Block, time in microseconds
            high, low, captured = struct.unpack_from("<III", data, at + 12)
            yield (high << 32) + low, data[at + 28:at + 28 + captured]
        at += length


def segments(data):
    """Time, source, destination, flags and payload of each TCP segment."""
    for time, frame in frames(data):
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        packet = frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]
        tcp = packet[4 * (packet[0] & 15):]
        ports = struct.unpack_from(">HH", tcp)
        yield time, (packet[12:16], ports[0]), (packet[16:20], ports[1]), tcp[13], tcp[4 * (tcp[12] >> 4):]


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source, destination, sequence, acknowledged, flags, payload):
    tcp = struct.pack(">HHIIBBHHH", source[1], destination[1], sequence, acknowledged, 5 << 4, flags, window, 0, 0) + payload
    pseudo = source[0] + destination[0] + struct.pack(">HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source[0], destination[0])
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return bytes(12) + b"\x08\x00" + ip + tcp


class Mirror:
    """Invents the connections, and says in them what was said in the real ones."""

    def __init__(self, port):
        self.port = port
        self.servers = set()
        self.next = {}  # (from, to) → sequence number
        self.out = []

    def send(self, time, one, other, flags, payload=b""):
        here, there = (one, other), (other, one)
        acknowledged = self.next.get(there, 0) if flags & ack else 0
        names = [(end[0], self.port) if end in self.servers else end for end in here]
        self.out.append((time, frame(*names, self.next.setdefault(here, 0), acknowledged, flags, payload)))
        self.next[here] += len(payload) + bool(flags & (syn | fin))

    def take(self, time, one, other, flags, payload):
        if flags & syn and not flags & ack:
            self.servers.add(other)
            self.send(time, one, other, syn)
            self.send(time, other, one, syn | ack)
            self.send(time, one, other, ack)
        elif payload or flags & fin:
            self.send(time, one, other, ack | (push if payload else 0) | flags & fin, payload)


def main():
    source, target, *port = sys.argv[1:]
    mirror = Mirror(int(port[0]) if port else 443)
    with open(source, "rb") as file:
        for segment in segments(file.read()):
            mirror.take(*segment)
    with open(target, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for time, data in mirror.out:
            file.write(struct.pack("<IIII", time // 1000000, time % 1000000, len(data), len(data)) + data)


if __name__ == "__main__":
    main()
