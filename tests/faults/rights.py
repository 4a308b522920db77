#!/usr/bin/env python3
"""What the processes of a sensor may do while it runs, as the kernel tells it: the one that parses nothing, in all its threads;
that of the outputs, nothing that an ordinary user may not; the keeper no more than it needs. One socket listens, on loopback.

usage: rights.py UMBRATAP [TIMES]
"""
import pathlib, subprocess, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

# CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_RAW
of_keeper = sum(1 << number for number in (2, 5, 6, 7, 8, 13))


def capabilities(status):
    return {name: int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")}


def check_child(name, pid, seccomp):
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        status = lab.status_of(f"{pid}/task/{task.name}")
        if "0" in status["Uid"].split() or "0" in status["Gid"].split() or status["Groups"]:
            lab.wrong(f"{name}: uid {status['Uid']}, gid {status['Gid']}, groups {status['Groups']}")
        if any(capabilities(status).values()):
            lab.wrong(f"{name}: {capabilities(status)}")
        if status["NoNewPrivs"] != "1" or status["Seccomp"] != seccomp:
            lab.wrong(f"{name}, {status['Name']}: no new privileges {status['NoNewPrivs']}, seccomp {status['Seccomp']}")


def main(program):
    sensor = lab.Sensor(program, "rights", config="workers: 2\n")
    traffic = lab.Traffic(per_second=50)
    time.sleep(2)
    check_child("parser", sensor.parser(), "2")
    check_child("outlet", sensor.outlet(), "0")
    kept = capabilities(lab.status_of(sensor.process.pid))
    if kept["CapEff"] & ~of_keeper or kept["CapPrm"] & ~of_keeper or kept["CapAmb"]:
        lab.wrong(f"keeper: {kept}")
    listening = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True).stdout.splitlines()
    if [line.split()[4] for line in listening] != ["127.0.0.1:9464"]:
        lab.wrong(f"listening: {listening}")
    traffic.stop()
    sensor.stop()
    tried = subprocess.run([program, "--self-test-sandbox"], capture_output=True, text=True)
    if tried.returncode != 0:
        lab.wrong(f"--self-test-sandbox: {tried.stdout}{tried.stderr}")
    return f"{len(tried.stdout.splitlines())} lines of the self-test"


if __name__ == "__main__":
    lab.repeat(1, main)
