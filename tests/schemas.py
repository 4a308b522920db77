#!/usr/bin/env python3
"""Holds events and their renderings against the reference: deploy/schema/ and the pages that it is made of.

usage: schemas.py --bin build/umbratap

The schemas are as the pages say (tools/schema); what the cases in pcaps/ expect, and all event types that the program
writes for their captures, match the schema of EVE; their renderings match those of ECS, OCSF and Zeek, and are read
back from CEF and LEEF by readers that were written after the formats' descriptions, not after the program. What a
rendering says of an event is what the event says. Needs python3-jsonschema; status 77 (skipped) without it.
"""
import argparse, collections, importlib.machinery, importlib.util, json, pathlib, re, subprocess, sys

sys.dont_write_bytecode = True
try:
    import jsonschema
except ImportError:
    print("skipped: needs python3-jsonschema")
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parent.parent
loader = importlib.machinery.SourceFileLoader("schema", str(root / "tools/schema"))
pages = importlib.util.module_from_spec(importlib.util.spec_from_loader("schema", loader))
loader.exec_module(pages)

event_types = ["alert", "mcp", "mcp_session", "inventory", "anomaly", "stats", "http", "tls", "flow", "stream"]
not_in_ocsf = {"mcp_session", "anomaly", "tls", "stream", "stats"}
not_in_cef = {"http", "tls", "flow", "stream"}
problems = collections.Counter()
closed = set()  # of which schemas it was tried that they refuse what nobody named


def wrong(text):
    problems[text[:300]] += 1


def no_name_twice(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        wrong(f"a name twice in an object: {[name for name, _ in pairs]}")
    return members


def read_json(line):
    return json.loads(line, object_pairs_hook=no_name_twice)


# CEF, as ArcSight describes it: seven parts with \\ and \| escaped, then key=value with \\, \=, \n and \r escaped.
def read_cef(line):
    parts = re.match(r"CEF:((?:[^\\|]|\\[\\|])*\|){7}", line)
    if not parts:
        wrong(f"no header of CEF: {line}")
        return {}, {}
    header = [re.sub(r"\\(.)", r"\1", part) for part in re.findall(r"((?:[^\\|]|\\[\\|])*)\|", parts[0][4:])]
    extension, values = line[parts.end():], {}
    pair = re.compile(r"(\w+)=((?:[^\\=]|\\[\\=nr])*?)(?= \w+=|$)")
    at = 0
    while at < len(extension):
        match = pair.match(extension, at)
        if not match or match[1] in values:
            wrong(f"no pair of CEF: {extension[at:]}")
            break
        values[match[1]] = re.sub(r"\\(.)", lambda escape: {"n": "\n", "r": "\r"}.get(escape[1], escape[1]), match[2])
        at = match.end() + 1
    return header, values


# LEEF 2.0, as IBM describes it: six parts, the last names the delimiter; pairs without escapes.
def read_leef(line):
    parts = line.split("|", 6)
    if len(parts) != 7 or parts[0] != "LEEF:2.0" or parts[5] != "x09":
        wrong(f"no header of LEEF: {line}")
        return {}, {}
    pairs = [pair.split("=", 1) for pair in parts[6].split("\t")]
    if any(len(pair) != 2 for pair in pairs) or len({pair[0] for pair in pairs}) != len(pairs):
        wrong(f"no pairs of LEEF: {line}")
    return parts, dict(pair for pair in pairs if len(pair) == 2)


def typed(values, properties):
    """CEF and LEEF have texts only: numbers where the page says so."""
    def value_of(key, text):
        kind = properties.get(key, {}).get("type")
        return int(text) if kind == "integer" and re.fullmatch(r"-?\d+", text) else text
    return {key: value_of(key, text) for key, text in values.items()}


def pairs_schema(heading, event_type):
    node = pages.closed_object()
    for _, field, type_name, what, absent in pages.rows(pages.rendering_page, heading):
        pages.place(node, [field], pages.type_schema(type_name, what, None), pages.is_always_there(absent, event_type))
    return node


def visible(text):
    """What CEF and LEEF show of a text of EVE."""
    hidden = r"[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    return re.sub(hidden, lambda found: "\\u{%x}" % ord(found[0]), text)


def at(event, path):
    if path in event:
        return event[path]
    for step in path.split("."):
        if not isinstance(event, dict) or step not in event:
            return None
        event = event[step]
    return event


def check_valid(validator, event, name):
    for error in validator.iter_errors(event):
        wrong(f"{name}: {error.json_path}: {error.message}")
    if name not in closed:
        closed.add(name)
        if validator.is_valid({**event, "strange": 1}):
            wrong(f"{name}: the schema takes a field that nobody named")


def lines_of(command, **options):
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300, **options)
    return done.stdout.decode("utf-8").split("\n")[:-1]


def written_events(case, binary):
    command = [binary, "-r", "traffic.pcapng", "--json", "-q", "--rules", root / "rules", "--events", ",".join(event_types), "--payloads", "full"]
    for option, file in (("--keylog", "keys.log"), ("--policy", "policy.yaml"), ("--config", "config.yaml")):
        if (case / file).exists():
            command += [option, file]
    return lines_of(command, cwd=case)


def check_json_rendering(name, events, rendered, validator):
    same = {
        "ecs": {"event.id": "event_id", "mcp": "mcp", "gen_ai": "gen_ai", "umbratap.alert": "alert", "source.ip": "src_ip"},
        "ocsf": {"metadata.uid": "event_id", "unmapped.mcp": "mcp", "unmapped.gen_ai": "gen_ai", "unmapped.alert": "alert"},
        "zeek": {"event_id": "event_id", "id.orig_h": "src_ip", "id.resp_p": "dest_port"},
    }[name]
    for event, line in zip(events, rendered):
        told = read_json(line)
        check_valid(validator, told, f"{name} of {event['event_type']}")
        for there, here in same.items():
            if at(told, there) != at(event, here):
                wrong(f"{name}: {there} is {at(told, there)!r}, {here} {at(event, here)!r}")
    if len(events) != len(rendered):
        wrong(f"{name}: {len(rendered)} lines of {len(events)} events")


def check_pairs_rendering(name, events, rendered):
    read, same = {
        "cef": (read_cef, {"externalId": "event_id", "cs1": "gen_ai.tool.name", "cs3": "mcp.session.id", "flexString1": "mcp.method.name", "sourceServiceName": "mcp.client.name"}),
        "leef": (read_leef, {"eventId": "event_id", "tool": "gen_ai.tool.name", "sessionId": "mcp.session.id", "method": "mcp.method.name", "clientName": "mcp.client.name"}),
    }[name]
    schemas = {kind: pairs_schema(name.upper(), kind) for kind in event_types}
    for event, line in zip(events, rendered):
        _, values = read(line)
        schema = schemas[event["event_type"]]
        check_valid(jsonschema.Draft202012Validator(schema), typed(values, schema["properties"]), f"{name} of {event['event_type']}")
        for key, path in same.items():
            value = at(event, path)
            if values.get(key) != (None if value is None else visible(value)):
                wrong(f"{name}: {key} is {values.get(key)!r}, {path} {value!r}")
        if any(key + "Label" not in values for key in values if re.fullmatch(r"c[sn]\d|flexString1|flexNumber1", key)):
            wrong(f"{name}: a custom key without its label: {line}")
    if len(events) != len(rendered):
        wrong(f"{name}: {len(rendered)} lines of {len(events)} events")


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--bin", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    options = parse.parse_args()
    if subprocess.run([sys.executable, root / "tools/schema", "--check"]).returncode != 0:
        wrong("the schemas are not as the pages say")
    validators = {}
    for name in pages.schemas:
        schema = json.loads((root / "deploy/schema" / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[name] = jsonschema.Draft202012Validator(schema)

    lines, expected = [], []
    for case in sorted(path.parent for path in (root / "pcaps").glob("*/traffic.pcapng")):
        expected += (case / "expected.ndjson").read_text().split("\n")[:-1]
        lines += written_events(case, options.bin)
    for line in dict.fromkeys(expected + lines):
        event = read_json(line)
        check_valid(validators["eve"], event, f"eve of {event['event_type']}")
    events = [read_json(line) for line in lines]
    for kind in set(event_types) - {event["event_type"] for event in events}:
        wrong(f"no capture has an event of type {kind}")

    def rendered(name):
        return lines_of([options.bin, "render", "--format", name], input="".join(line + "\n" for line in lines).encode())

    has_server = lambda event: event["event_type"] != "inventory" or event["inventory"]["kind"] == "server"
    check_json_rendering("ecs", events, rendered("ecs"), validators["ecs"])
    check_json_rendering("ocsf", [e for e in events if e["event_type"] not in not_in_ocsf and has_server(e)], rendered("ocsf"), validators["ocsf"])
    check_json_rendering("zeek", [e for e in events if e["event_type"] != "stream"], rendered("zeek"), validators["zeek"])
    for name in ("cef", "leef"):
        check_pairs_rendering(name, [e for e in events if e["event_type"] not in not_in_cef], rendered(name))

    for text, times in problems.most_common(40):
        print(f"{times:6} × {text}")
    print(f"{len(events)} events, {len(problems)} kinds of problems")
    return 1 if problems or not events else 0


if __name__ == "__main__":
    sys.exit(main())
