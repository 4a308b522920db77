#!/usr/bin/env python3
"""The disk of the events fills up, later answers every write with an error, and is read-only at last, as file systems make themselves
after errors: what is not written is counted, nothing else is disturbed, and when it is well again events are written again.

usage: disk.py UMBRATAP [TIMES]
"""
import contextlib, pathlib, subprocess, sys, time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import lab

recovery_max = 10.0  # seconds
shim = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
/* While there is a file "broken", plain files cannot be written; "read-only", likewise, with another error. */
ssize_t write(int file, const void* bytes, size_t size) {
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        if (access("broken", F_OK) == 0) return errno = EIO, -1;
        if (access("read-only", F_OK) == 0) return errno = EROFS, -1;
    }
    return ((ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write"))(file, bytes, size);
}
"""


def dropped(sensor):
    return sensor.metrics().get('umbratap_output_dropped_total{sink="file"}', 0)


def fill(disk):
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def check(what, sensor, traffic, break_it, mend_it):
    before = dropped(sensor)
    break_it()
    if not lab.until(lambda: dropped(sensor) > before, 20):
        lab.wrong(f"{what}: nothing is told of events that were not written")
    mend_it()
    begin = time.monotonic()

    def written_again():
        return traffic.clients(begin, time.monotonic() - 1) & sensor.clients_alerted()

    if not lab.until(written_again, recovery_max, 0.2):
        lab.wrong(f"{what}: events are not written again")
    back = time.monotonic()
    time.sleep(2.5)
    if missing := traffic.clients(back, back + 1) - sensor.clients_alerted():
        lab.wrong(f"{what}: no alert about {len(missing)} who talked afterwards")
    if not any(word in sensor.said() for word in ("No space left", "Input/output error", "Read-only file system")):
        lab.wrong(f"{what}: nothing was said")


def main(program):
    disk = pathlib.Path("disk").resolve()
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "none", disk], check=True)
    try:
        return with_disk(program, disk)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def with_disk(program, disk):
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", "shim.so", "-", "-ldl"], input=shim, text=True, check=True)
    broken, read_only = pathlib.Path("broken"), pathlib.Path("read-only")
    sensor = lab.Sensor(program, "disk/events", environment={"LD_PRELOAD": str(pathlib.Path("shim.so").resolve())},
                        config="events: [alert]\npreset: quiet\n")  # one alert a client
    parser, outlet = sensor.parser(), sensor.outlet()
    traffic = lab.Traffic(per_second=50)
    time.sleep(1)
    check("full", sensor, traffic, lambda: fill(disk), lambda: (disk / "filler").unlink())
    check("errors", sensor, traffic, broken.touch, broken.unlink)
    check("read-only", sensor, traffic, read_only.touch, read_only.unlink)
    if (sensor.parser(), sensor.outlet()) != (parser, outlet):
        lab.wrong("a process ended")
    lost = dropped(sensor)
    traffic.stop()
    time.sleep(1)
    sensor.stop(expected=(1,))  # events were lost
    written = len(sensor.clients_alerted())
    if written + lost != len(traffic.sent):
        lab.wrong(f"{len(traffic.sent)} talked, {written} alerts were written, {lost} lost")
    return f"{written} alerts written, {lost:.0f} lost and counted"


if __name__ == "__main__":
    lab.repeat(5, main)
