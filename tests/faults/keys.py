#!/usr/bin/env python3
"""What can happen to a key log while it is followed: it is renamed and begun anew, its keys come late, it is deleted, cut,
replaced by what is no file, ends within a line, is huge or junk. Connections whose keys are there in time are read.

usage: keys.py UMBRATAP [TIMES]
"""
import os, pathlib, queue, random, shutil, sys, threading, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

log = pathlib.Path("keys.log")
config = "workers: 2\nlimits: {tls: {key_wait_max: 2}}\n"
many = 1_000_000  # lines


def append(lines):
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        file.write(lines)


def remove():
    if log.is_dir() and not log.is_symlink():
        shutil.rmtree(log)
    else:
        log.unlink(missing_ok=True)


def start(program, name):
    remove()
    append(b"# begins\n")
    return lab.Sensor(program, name, "-k", log, config=config)


def expect_read(what, sensor, clients, seconds=15):
    if not lab.until(lambda: clients <= sensor.clients_alerted(), seconds, 0.2):
        lab.wrong(f"{what}: {len(clients - sensor.clients_alerted())} of {len(clients)} not read")


def rotated(program, tls):
    """K1: renamed and begun anew five times a second."""
    def make(number):
        frames, lines = tls.make(number)
        append(lines)
        return frames

    sensor = start(program, "rotated")
    traffic = lab.Traffic(40, make)
    for number in range(40):
        time.sleep(0.2)
        log.rename("keys.log.1")
    traffic.stop()
    expect_read("rotated", sensor, traffic.clients())
    sensor.stop()
    return f"{len(traffic.sent)} read through 40 rotations"


def late(program, tls):
    """K2: each fourth connection's keys come 0.1, 1, 5 or 30 seconds late."""
    delays = 0.1, 1, 5, 30
    waiting = queue.PriorityQueue()

    def make(number):
        frames, lines = tls.make(number)
        waiting.put((time.monotonic() + delays[number % 4], number, lines))
        return frames

    def write():
        while True:
            due, _, lines = waiting.get()
            time.sleep(max(0, min(0.02, due - time.monotonic())))
            if due > time.monotonic():
                waiting.put((due, _, lines))
            else:
                append(lines)

    sensor = start(program, "late")
    threading.Thread(target=write, daemon=True).start()
    traffic = lab.Traffic(20, make)
    time.sleep(5)
    traffic.stop()
    time.sleep(delays[-1] + 2)
    alerted = sensor.clients_alerted()
    read = {delay: sum(lab.address_of(n) in alerted for n in traffic.sent if delays[n % 4] == delay) for delay in delays}
    all_of_them = {delay: sum(delays[n % 4] == delay for n in traffic.sent) for delay in delays}
    for delay in (0.1, 1):
        if read[delay] != all_of_them[delay]:
            lab.wrong(f"{delay} s late: {read[delay]} of {all_of_them[delay]} read")
    final = sensor.stop()[-1]["stats"]
    lab.check_accounting("late", final)
    unread = sum(all_of_them.values()) - sum(read.values())
    if final["connections"]["tls_no_key"] != unread or final["problems"].get("tls.keys_late") != unread:
        lab.wrong(f"late: {unread} not read, and {final['connections']} {final['problems']}")
    return ", ".join(f"{read[delay]} of {all_of_them[delay]} read that were {delay} s late" for delay in delays)


# K3.

def deleted():
    remove()


def cut():
    append(b"x" * 10000 + b"\n")
    os.truncate(log, 0)


def directory():
    remove()
    log.mkdir()


def fifo():
    remove()
    os.mkfifo(log, 0o600)


def symlink():
    remove()
    pathlib.Path("elsewhere").touch()
    log.symlink_to("elsewhere")


def junk():
    append(random.randbytes(1_000_000) + b"\n")


def long_line():
    append(b"CLIENT_RANDOM " + b"a" * 2_000_000 + b"\n")


def huge():
    lines = (b"CLIENT_TRAFFIC_SECRET_0 %064x %064x\n" % (number, number) for number in range(many))
    append(b"".join(lines))


def injured(program, tls):
    """After each injury the log is a file with keys again."""
    sensor = start(program, "injured")
    parser, number = sensor.parser(), 0
    wire = lab.Wire()
    for injure in (deleted, cut, directory, fifo, symlink, junk, long_line, huge):
        injure()
        time.sleep(0.5)
        if injure in (directory, fifo, symlink):
            remove()
        if injure is huge:
            lab.until(lambda: sensor.metrics().get("umbratap_tls_secrets_total", 0) >= many, 30)
        clients = set()
        for number in range(number, number + 10):
            frames, lines = tls.make(number)
            cut_at = random.randrange(1, len(lines))  # within a line
            append(lines[:cut_at])
            wire.send(frames)
            time.sleep(0.02)
            append(lines[cut_at:])
            clients.add(lab.address_of(number))
        number += 1
        expect_read(injure.__name__, sensor, clients)
    if sensor.parser() != parser:
        lab.wrong(f"injured: the parser was started again: {sensor.said()}")
    lab.check_accounting("injured", sensor.stop()[-1]["stats"])
    return f"{number} read between injuries"


def main(program):
    tls = lab.TlsConversations()
    return "; ".join(test(program, tls) for test in (rotated, late, injured))


if __name__ == "__main__":
    lab.repeat(5, main)
