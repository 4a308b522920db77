#!/usr/bin/env python3
"""USR2 and HUP ten times a second under load, each third time with rules that are wrong: no packet is lost, everybody who talks
is in the file of events, wrong rules change nothing, and memory stays what it was.

usage: reload.py UMBRATAP [TIMES]
"""
import pathlib, shutil, signal, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

seconds = 15
growth_max = 1.15  # of resident memory from the first third to the end


def write_rules(number):
    """Other rules each time; each third are wrong."""
    text = f"# {number}\n" + ("rules: [no rule\n" if number % 3 == 2 else good_rules)
    pathlib.Path("new.yaml").write_text(text)
    pathlib.Path("new.yaml").rename("rules/headers.yaml")


good_rules = (lab.root / "rules" / "headers.yaml").read_text()


def memory(sensor):
    return [lab.resident_bytes(pid) for pid in (sensor.process.pid, sensor.parser())]


def main(program):
    shutil.copytree(lab.root / "rules", "rules")
    sensor = lab.Sensor(program, "reload", rules="rules", config="capture: {spread: kernel}\nworkers: 2\n")
    children = set(lab.children_of(sensor.process.pid))
    traffic = lab.Traffic(per_second=150)
    begin = time.monotonic()
    number, early = 0, None
    while time.monotonic() - begin < seconds:
        write_rules(number)
        sensor.signal(signal.SIGUSR2)
        sensor.signal(signal.SIGHUP)
        number += 1
        time.sleep(0.1)
        if early is None and time.monotonic() - begin > seconds / 3:
            early = memory(sensor)
    late = memory(sensor)
    check_verdicts(sensor)
    traffic.stop()
    time.sleep(1)
    if set(lab.children_of(sensor.process.pid)) != children:
        lab.wrong("a reload cost a process")
    final = sensor.stop()[-1]["stats"]
    lab.check_accounting("reload", final)
    if final["capture"]["lost"] or final["capture"]["received"] != traffic.wire.sent:
        lab.wrong(f"{traffic.wire.sent} packets sent: {final['capture']}")
    if missing := traffic.clients() - sensor.clients_alerted():
        lab.wrong(f"no alert about {len(missing)} of {len(traffic.sent)}")
    if any(after > before * growth_max for before, after in zip(early, late)):
        lab.wrong(f"memory grew from {early} to {late}")
    good, bad = (sensor.said().count(words) for words in ("rules and policy were read anew", "the old rules and policy stay"))
    if good < 3 or bad < 2:
        lab.wrong(f"only {good} reloads went well, and {bad} were refused")
    return f"{good} reloads and {bad} refusals, {traffic.wire.sent} packets, memory {[b // 1024 for b in early]} to " \
           f"{[b // 1024 for b in late]} KiB"


def check_verdicts(sensor):
    """Metrics tell of good and of bad rules."""
    for number, success in ((2, 0), (3, 1)):
        write_rules(number)
        sensor.signal(signal.SIGUSR2)
        if not lab.until(lambda: sensor.metrics().get("umbratap_rules_last_reload_success") == success, 15):
            lab.wrong(f"umbratap_rules_last_reload_success is not {success}")


if __name__ == "__main__":
    lab.repeat(5, main)
