#!/usr/bin/env python3
"""Plays systemd for the program behind '--': takes what the unit says of calls, and becomes it. Rights and user are setpriv's.

usage: stand_in.py UNIT -- PROGRAM [ARGUMENTS]

Heeds SystemCallFilter, RestrictAddressFamilies and MemoryDenyWriteExecute with a seccomp filter of the same effect. Needs
python3-seccomp, and systemd-analyze for the names of groups of calls.
"""
import errno, os, pathlib, socket, subprocess, sys

import seccomp

from checks import settings

PROT_WRITE, PROT_EXEC = 2, 4


def calls_of(words):
    calls = set()
    for word in words:
        if not word.startswith("@"):
            calls.add(word)
            continue
        told = subprocess.run(["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True).stdout
        calls |= calls_of(line.strip() for line in told.splitlines()[1:] if line.strip() and "#" not in line)
    return calls


def allowed_calls(lines):
    allowed = calls_of(["@default"])
    for line in lines:
        if line.startswith("~"):
            allowed -= calls_of(line[1:].split())
        else:
            allowed |= calls_of(line.split())
    return allowed


def filter_of(unit):
    told = settings(pathlib.Path(unit))
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for call in allowed_calls(told["SystemCallFilter"]) - {"socket", "mmap", "mprotect", "pkey_mprotect", "shmat"}:
        try:
            rules.add_rule(seccomp.ALLOW, call)
        except RuntimeError:  # not a call of this machine
            pass
    for family in told["RestrictAddressFamilies"][0].split():
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, getattr(socket, family)))
    for unset in (PROT_WRITE, PROT_EXEC):  # not both
        rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, unset, 0))
    rules.add_rule(seccomp.ALLOW, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    return rules


def main():
    unit, separator, *command = sys.argv[1:]
    assert separator == "--"
    filter_of(unit).load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
