#!/usr/bin/env python3
"""kill -9 of the parser, the outlet, the keeper, or all of them, at random times under load. Whoever talked a second or more
before, and whoever talks once the sensor is there again, is in the file of events; a parser is there again within two
seconds, and says that it was restarted.

usage: kills.py UMBRATAP [TIMES]
"""
import os, pathlib, random, signal, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

grace = 1.0       # seconds before a kill in which what was said may be lost
restart_max = 2.0
short_life = 5.0  # whoever dies before is started again after a pause


def kill(sensor, what):
    """Returns when it happened."""
    pids = {"parser": [sensor.parser()], "outlet": [sensor.outlet()], "keeper": [sensor.process.pid],
            "all": [sensor.process.pid, *lab.children_of(sensor.process.pid)]}[what]
    now = time.monotonic()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return now


def gone(pids):
    return lab.until(lambda: not any(lab.running(pid) for pid in pids), 20)


def recover(program, sensor, what, children, restarts):
    """Until packets are read again; returns the sensor."""
    if what in ("keeper", "all"):  # as systemd does
        sensor.process.wait()
        if not gone(children):
            lab.wrong(f"{what}: children outlived the keeper")
        return lab.Sensor(program, sensor.name)
    begin = time.monotonic()
    if not lab.until(lambda: sensor.parser() not in (None, *children), 20):
        lab.wrong(f"{what}: no parser is there again: {sensor.said()}")
    took = time.monotonic() - begin
    if not lab.until(lambda: sensor.outlet() and sensor.ready(), 20):
        lab.wrong(f"{what}: it is not ready again: {sensor.said()}")
    if what == "parser":
        if took > restart_max:
            lab.wrong(f"{what}: there again after {took:.1f} s")
        if not lab.until(lambda: sensor.metrics().get("umbratap_restarts_total", 0) > restarts, 5):
            lab.wrong("umbratap_restarts_total does not tell of a restart")
    return sensor


def main(program):
    sensor = lab.Sensor(program, "kills")
    traffic = lab.Traffic(per_second=100)
    blind = []  # times of which nothing is promised
    restarts = 0
    order = random.sample(["parser", "outlet", "keeper", "all"], 4)
    for what in order:
        time.sleep(random.uniform(2, 4))
        if what == "parser":
            time.sleep(short_life)
        children = lab.children_of(sensor.process.pid)
        before = sensor.metrics().get("umbratap_restarts_total", 0)
        killed = kill(sensor, what)
        sensor = recover(program, sensor, what, children, before)
        restarts += what == "parser"
        blind.append((killed - grace, time.monotonic()))
    time.sleep(2)
    traffic.stop()
    time.sleep(1)
    events = sensor.stop()
    promised = {number for number, when in traffic.sent.items() if not any(a <= when <= b for a, b in blind)}
    missing = {lab.address_of(number) for number in promised} - sensor.clients_alerted()
    if missing:
        lab.wrong(f"{order}: no alert about {len(missing)} of {len(promised)}: {sorted(missing)[:5]}")
    alerts = [event for event in events if event["event_type"] == "alert"]
    ids = [event["event_id"] for event in alerts]
    told = [event for event in alerts if event["alert"]["category"] == "sensor-restarted"]
    if len(told) != restarts:
        lab.wrong(f"{len(told)} alerts about {restarts} restarts")
    twice = len(ids) - len(set(ids))
    return f"{', '.join(order)}; {len(traffic.sent)} talked, {len(promised)} promised, {len(missing)} missing, {twice} twice"


if __name__ == "__main__":
    lab.repeat(5, main)
