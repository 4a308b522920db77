#!/usr/bin/env python3
"""kill -9 of all of the sensor at random times while its receiver is down and events go to a spool on disk. When both are there
again, whoever talked a second or more before a kill has an alert at the receiver.

usage: spool.py UMBRATAP [TIMES]
"""
import json, os, pathlib, random, signal, socket, sys, threading, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

grace = 1.0  # seconds before a kill in which what was said may be lost
path = pathlib.Path("receiver")
config = """output:
  - {to: "unix:receiver", events: [alert], spool: {directory: spool, bytes_max: 67108864}}
"""


class Receiver:
    """Lines over a Unix stream."""

    def __init__(self):
        self.alerts = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            with self.socket.accept()[0].makefile("rb") as lines:
                for line in lines:
                    event = json.loads(line)
                    if event["alert"]["category"] == "shadow-server":
                        self.alerts.append((event["event_id"], event["src_ip"]))

    def clients(self):
        return {address for _, address in self.alerts}


def main(program):
    path.unlink(missing_ok=True)
    pathlib.Path("spool").mkdir()
    os.chmod("spool", 0o777)
    sensor = lab.Sensor(program, "spool", config=config, outputs=[])
    traffic, blind = lab.Traffic(per_second=100), []
    for _ in range(3):
        time.sleep(random.uniform(1.5, 3))
        children = lab.children_of(sensor.process.pid)
        killed = time.monotonic()
        for pid in (sensor.process.pid, *children):
            os.kill(pid, signal.SIGKILL)
        sensor.process.wait()
        lab.until(lambda: not any(lab.running(pid) for pid in children))
        sensor = lab.Sensor(program, "spool", config=config, outputs=[])
        blind.append((killed - grace, time.monotonic()))
    receiver = Receiver()
    time.sleep(2)
    traffic.stop()
    promised = {number for number, when in traffic.sent.items() if not any(a <= when <= b for a, b in blind)}
    addresses = {lab.address_of(number) for number in promised}
    lab.until(lambda: addresses <= receiver.clients(), 30)
    sensor.stop()
    if missing := addresses - receiver.clients():
        lab.wrong(f"{len(missing)} of {len(promised)} did not arrive: {sorted(missing)[:5]}: {sensor.said()[-1000:]}")
    ids = {}
    for identity, address in receiver.alerts:
        ids.setdefault(address, set()).add(identity)
    if different := [address for address, some in ids.items() if len(some) > 1]:
        lab.wrong(f"{len(different)} arrived twice, with different ids")
    return f"{len(promised)} promised, {len(missing)} missing, {len(receiver.alerts) - len(ids)} twice"


if __name__ == "__main__":
    lab.repeat(5, main)
