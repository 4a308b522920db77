#!/usr/bin/env python3
"""The parser, or all of the sensor, is stopped for ten seconds under load, and programs that take all idle time run beside it:
losses are counted, nothing hangs, and soon nobody who talks is missing in the file of events.

usage: pauses.py UMBRATAP [TIMES]
"""
import os, pathlib, signal, subprocess, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

pause = 10  # seconds


def stop_and_continue(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(pause)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def hears_everybody(sensor, traffic):
    """Everybody who talks in the second that begins now is in the file of events."""
    begin = time.monotonic()
    time.sleep(1)
    return lab.until(lambda: traffic.clients(begin, begin + 1) <= sensor.clients_alerted(), 2)


def main(program):
    hogs = [subprocess.Popen(["chrt", "-i", "0", sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
    # So small a ring that ten seconds do not fit.
    sensor = lab.Sensor(program, "pauses", config="workers: 2\ncapture: {ring_bytes: 1048576}\n")
    parser, everybody = sensor.parser(), lab.children_of(sensor.process.pid) + [sensor.process.pid]
    traffic = lab.Traffic(per_second=200)
    time.sleep(1)
    for pids in ([parser], everybody):
        stop_and_continue(pids)
        # Not at once: the ring is full of what came in the pause, and drops until that is read.
        if not lab.until(lambda: hears_everybody(sensor, traffic), 20):
            lab.wrong(f"{len(pids)} processes: somebody who talked afterwards is missing")
    if sensor.parser() != parser:
        lab.wrong(f"the parser was started again: {sensor.said()}")
    drops = sensor.metrics().get('umbratap_capture_drops_total{reason="kernel"}', 0)
    traffic.stop()
    time.sleep(1)
    final = sensor.stop()[-1]["stats"]
    for hog in hogs:
        hog.kill()
        hog.wait()
    lab.check_accounting("pauses", final)
    if final["capture"]["received"] != traffic.wire.sent:
        lab.wrong(f"{traffic.wire.sent} sent: {final['capture']}")
    if not drops or final["drops"]["kernel"] < drops:
        lab.wrong(f"drops are not told: {drops} while it ran, {final['drops']} at the end")
    return f"{traffic.wire.sent} packets, {final['drops']['kernel']} dropped by the kernel and counted"


if __name__ == "__main__":
    lab.repeat(5, main)
