#!/usr/bin/env python3
"""Puts the frames of a little-endian pcapng file on an interface. usage: wire.py INTERFACE CAPTURE, as root"""
import pathlib, socket, struct, sys

enhanced_packet = 6


def frames_of(capture):
    data, at = pathlib.Path(capture).read_bytes(), 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == enhanced_packet:
            captured = struct.unpack_from("<I", data, at + 20)[0]
            yield data[at + 28:at + 28 + captured]
        at += length


def send(interface, capture):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        for frame in frames_of(capture):
            out.send(frame)


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2])
