#!/usr/bin/env python3
"""Holds events against the reference, src/report/README.md: every field of every event must be named there.

usage: event_reference.py [--bin build/umbratap]

Looks at what the cases in pcaps/ expect and, with --bin, at all event types that the program writes for their captures.
The first column of a table names fields: `a.b.c`; `a.*` is any key of a, `a[]` an element of a list; what lies below a
named field is named with it. A section whose heading names event types in backquotes is about these, another one that
holds a table of fields about all.
"""
import argparse, collections, json, pathlib, re, subprocess, sys

root = pathlib.Path(__file__).resolve().parent.parent
event_types = ["alert", "mcp", "mcp_session", "inventory", "anomaly", "stats", "http", "tls", "flow", "stream"]


def fields_named():
    """Event type → patterns, each a tuple of keys."""
    named = collections.defaultdict(set)
    about = event_types
    for line in (root / "src/report/README.md").read_text().splitlines():
        if line.startswith("## "):
            about = re.findall(r"`(\w+)`", line) or event_types
        elif line.startswith("| `"):
            for field in re.findall(r"`([\w.*\[\]]+)`", line.split("|")[1]):
                for event_type in about:
                    named[event_type].add(tuple(field.replace("[]", ".[]").split(".")))
    return named


def paths(value, before=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, before + (key,))
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, before + ("[]",))
    else:
        yield before


def is_named(path, patterns):
    return any(len(pattern) <= len(path) and all(p in ("*", key) for p, key in zip(pattern, path)) for pattern in patterns)


def events_of(case, binary):
    yield from (case / "expected.ndjson").read_text().splitlines()
    if binary:
        command = [binary, "-r", "traffic.pcapng", "--json", "-q", "--rules", root / "rules", "--events", ",".join(event_types), "--payloads", "full"]
        for option, file in (("--keylog", "keys.log"), ("--policy", "policy.yaml")):
            if (case / file).exists():
                command += [option, file]
        yield from subprocess.run(command, cwd=case, check=True, capture_output=True, text=True, timeout=120).stdout.splitlines()


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--bin", type=lambda path: str(pathlib.Path(path).resolve()))
    options = parse.parse_args()
    named = fields_named()
    known, unnamed, events = set(), {}, 0
    for case in sorted(path.parent for path in (root / "pcaps").glob("*/traffic.pcapng")):
        for line in events_of(case, options.bin):
            event = json.loads(line)
            events += 1
            for path in paths(event):
                place = (event["event_type"], path)
                if place in known:
                    continue
                known.add(place)
                if not is_named(path, named[event["event_type"]]):
                    unnamed.setdefault((event["event_type"], ".".join(path)), case.name)
    for (event_type, path), case in sorted(unnamed.items()):
        print(f"src/report/README.md does not name {path} of {event_type} events (see pcaps/{case})")
    print(f"{events} events, {len(known)} fields, {len(unnamed)} of them not named")
    return 1 if unnamed or not events else 0


if __name__ == "__main__":
    sys.exit(main())
