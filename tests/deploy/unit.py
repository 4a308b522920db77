#!/usr/bin/env python3
"""The unit of systemd is sound, and as hardened as we say: an exposure of 2.0 or less.

usage: unit.py UMBRATAP          Needs systemd; status 77 (skipped) without it.
"""
import pathlib, re, sys, tempfile

from checks import deploy, finish, installed, run, skip, wrong

exposure_max = 2.0

if not installed("systemd-analyze"):
    skip("systemd-analyze: not installed")
unit = deploy / "systemd/umbratap.service"
with tempfile.TemporaryDirectory() as directory:
    here = pathlib.Path(directory) / unit.name  # as if the package were installed
    here.write_text(unit.read_text().replace("/usr/bin/umbratap", str(pathlib.Path(sys.argv[1]).resolve()))
                    .replace("man:umbratap(1) ", ""))
    told = run("systemd-analyze", "verify", "--man=no", here)
    if told.returncode != 0 or unit.name in told.stdout:
        wrong(f"systemd-analyze verify: {told.stdout.strip()}")
told = run("systemd-analyze", "security", "--offline=true", unit)
exposure = re.search(r"exposure level for umbratap.service: ([\d.]+)", told.stdout)
if not exposure or float(exposure[1]) > exposure_max:
    wrong(f"systemd-analyze security: {exposure[0] if exposure else told.stdout.strip()}, and not {exposure_max}")
finish(f"unit, exposure {exposure[1] if exposure else 'unknown'}")
