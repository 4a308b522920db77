#!/usr/bin/env python3
"""A control group holds the whole sensor to what it takes at rest and a tenth more than its limits allow, while more connections
are begun than it keeps, each with half a message: it stays inside, the kernel kills nothing, and who talks is still seen.

usage: memory.py UMBRATAP [TIMES]
"""
import os, pathlib, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

groups = pathlib.Path("/sys/fs/cgroup/memory")  # version 1
bytes_max = 32 << 20                            # of conversations
others = 51 << 20                               # flows, secrets, inventory, and events on their way, as limited below
connections = 8000
config = f"""workers: 1
capture: {{ring_bytes: 4194304}}
limits:
  memory: {{bytes_max: {bytes_max}}}
  flows: {{flows_max: 10000}}
  tls: {{secrets_max: 1000}}
  inventory: {{sessions_max: 5000, exchanges_max: 5000, alerts_open_max: 5000}}
"""


def half_a_message(number):
    """A connection in which a request begins that never ends."""
    head = b"POST /mcp HTTP/1.1\r\nHost: tools.vendor.example\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"
    text = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"' + b"x" * 12000
    frames = list(lab.connection(lab.address_of(100_000 + number), lab.server, (20000 + number, 80), [(True, head + text)]))
    return frames[:-3]  # nor does the connection


def read(group, name):
    return int((group / name).read_text())


def main(program):
    group = groups / f"umbratap-{os.getpid()}"
    group.mkdir()
    (group / "cgroup.procs").write_text(str(os.getpid()))  # children are born in it
    try:
        sensor = lab.Sensor(program, "memory", config=config)
    finally:
        (groups / "cgroup.procs").write_text(str(os.getpid()))
    try:
        return in_group(sensor, group)
    finally:
        lab.until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def in_group(sensor, group):
    at_rest = read(group, "memory.usage_in_bytes")
    (group / "memory.limit_in_bytes").write_text(str(int((at_rest + bytes_max + others) * 1.1)))
    parser, wire = sensor.parser(), lab.Wire()
    for number in range(connections):
        wire.send(half_a_message(number))
    kept = sensor.metrics()['umbratap_memory_bytes{part="conversations"}']
    traffic = lab.Traffic(per_second=50)
    time.sleep(2)
    traffic.stop()
    if not lab.until(lambda: traffic.clients() <= sensor.clients_alerted(), 10):
        lab.wrong("not everybody who talked is seen")
    if sensor.parser() != parser or "oom_kill 0" not in (group / "memory.oom_control").read_text():
        lab.wrong(f"something was killed: {sensor.said()[-500:]}")
    highest, limit = read(group, "memory.max_usage_in_bytes"), read(group, "memory.limit_in_bytes")
    final = sensor.stop()[-1]["stats"]
    lab.check_accounting("memory", final)
    if kept > bytes_max or not final["problems"].get("http.budget_used_up"):
        lab.wrong(f"{kept} bytes kept, {final['problems']}")
    return f"{at_rest >> 20} MiB at rest, {highest >> 20} MiB at most, {limit >> 20} MiB allowed"


if __name__ == "__main__":
    if not (groups / "cgroup.procs").exists():
        print("skipped: control groups: version 1 is not there")
        sys.exit(77)
    lab.repeat(1, main)
