#!/usr/bin/env python3
"""The interface goes down and up, gets another MTU and another name, is removed and made again, under load: each time whoever
talks a while after is in the file of events, and no process that was not renewed on purpose ends.

usage: interfaces.py UMBRATAP [TIMES]
"""
import pathlib, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

recovery_max = 10.0  # seconds


def down_and_up():
    lab.ip(f"link set {lab.tap} down")
    time.sleep(1)
    lab.ip(f"link set {lab.tap} up")


def other_mtu():
    lab.ip(f"link set {lab.tap} mtu 9000")
    time.sleep(0.5)
    lab.ip(f"link set {lab.tap} mtu 1500")


def other_name():
    for old, new in ((lab.tap, "elsewhere"), ("elsewhere", lab.tap)):
        lab.ip(f"link set {old} down")
        lab.ip(f"link set {old} name {new}")
        lab.ip(f"link set {new} up")
        time.sleep(1.5)


def removed_and_made_again():
    lab.ip(f"link delete {lab.tap}")
    time.sleep(2)
    lab.make_tap()


def removed_twice():
    removed_and_made_again()
    time.sleep(0.3)
    removed_and_made_again()


def main(program):
    sensor = lab.Sensor(program, "interfaces", config="workers: 2\n")
    traffic = lab.Traffic(per_second=100)
    outlet = sensor.outlet()
    slowest = 0.0
    for happens in (down_and_up, other_mtu, other_name, removed_and_made_again, removed_twice):
        time.sleep(1)
        happens()
        begin = time.monotonic()

        def seen_again():
            return traffic.clients(begin, time.monotonic() - 0.5) & sensor.clients_alerted()

        if not lab.until(seen_again, recovery_max, 0.2):
            lab.wrong(f"{happens.__name__}: nothing is seen any more: {sensor.said()[-1500:]}")
        slowest = max(slowest, time.monotonic() - begin)
        back = time.monotonic()
        time.sleep(2)
        if missing := traffic.clients(back, back + 1) - sensor.clients_alerted():
            lab.wrong(f"{happens.__name__}: no alert about {len(missing)} who talked afterwards")
    if sensor.outlet() != outlet:
        lab.wrong("the process of the outputs ended")
    traffic.stop()
    time.sleep(0.5)
    final = sensor.stop()[-1]["stats"]
    lab.check_accounting("interfaces", final)
    if restarts := [e for e in sensor.events("alert") if e["alert"]["category"] == "sensor-restarted"]:
        lab.wrong(f"{len(restarts)} alerts about restarts")
    return f"seen again after {slowest:.1f} s at most"


if __name__ == "__main__":
    lab.repeat(5, main)
