#!/usr/bin/env python3
"""Checks the Sigma rules in rules/sigma/: their form, that every field is one of an event, and what they match.

usage: sigma.py

Beside each rule NAME.yml there are samples/NAME.match.ndjson and samples/NAME.spare.ndjson. A rule matches every line
of the first and no line of the second; a correlation fires on the first as a whole and not on the second. The samples are
events that match deploy/schema/. Needs python3-jsonschema and python3-yaml; status 77 (skipped) without them.
"""
import collections, datetime, fnmatch, ipaddress, json, pathlib, re, sys, uuid

try:
    import jsonschema, yaml
except ImportError:
    print("skipped: needs python3-jsonschema and python3-yaml")
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parent.parent
folder = root / "rules/sigma"
schema = json.loads((root / "deploy/schema/eve.schema.json").read_text())
validator = jsonschema.Draft202012Validator(schema)
problems = []
nothing = object()


def wrong(path, text):
    problems.append(f"{path.relative_to(root)}: {text}")


# Fields

def is_field(path, event_type):
    node = schema["$defs"][event_type]
    for step in path.split("."):
        if node.get("type") == "array":
            node = node["items"]
        if step in node.get("properties", {}):
            node = node["properties"][step]
        elif node.get("additionalProperties"):
            node = node["additionalProperties"]
        else:
            return False
    return True


def value_at(event, path):
    for step in path.split("."):
        if not isinstance(event, dict) or step not in event:
            return nothing
        event = event[step]
    return event


# Detection (Sigma 2.1): text is compared without regard to case, * and ? are wildcards.

def matches_value(found, wanted, modifiers):
    if "exists" in modifiers:
        return (found is not nothing) == wanted
    if found is nothing:
        return wanted is None
    if "cidr" in modifiers:
        return ipaddress.ip_address(found) in ipaddress.ip_network(wanted)
    for name, holds in (("gt", lambda a, b: a > b), ("gte", lambda a, b: a >= b), ("lt", lambda a, b: a < b), ("lte", lambda a, b: a <= b)):
        if name in modifiers:
            return holds(found, wanted)
    if isinstance(wanted, (bool, int)):
        return found == wanted
    pattern = wanted.lower()
    pattern = {"contains": f"*{pattern}*", "startswith": f"{pattern}*", "endswith": f"*{pattern}"}.get("".join(modifiers), pattern)
    return fnmatch.fnmatchcase(str(found).lower(), pattern.replace("[", "[[]"))


def matches_map(event, selection):
    for key, wanted in selection.items():
        field, *modifiers = key.split("|")
        every = "all" in modifiers
        modifiers = [modifier for modifier in modifiers if modifier != "all"]
        found = value_at(event, field)
        some = found if isinstance(found, list) else [found]
        hits = [any(matches_value(each, one, modifiers) for each in some) for one in (wanted if isinstance(wanted, list) else [wanted])]
        if not (all(hits) if every else any(hits)):
            return False
    return True


def matches(event, detection):
    def of_pattern(quantity, pattern):
        names = [name for name in detection if name != "condition" and not name.startswith("_") and fnmatch.fnmatchcase(name, "*" if pattern == "them" else pattern)]
        return (any if quantity == "1" else all)(holds(name) for name in names)

    def holds(name):
        selection = detection[name]
        return any(matches_map(event, each) for each in (selection if isinstance(selection, list) else [selection]))

    tokens = re.findall(r"\(|\)|[\w*]+", detection["condition"])
    at = 0

    def take():
        nonlocal at
        at += 1
        return tokens[at - 1] if at <= len(tokens) else None

    def peek():
        return tokens[at] if at < len(tokens) else None

    def primary():
        token = take()
        if token == "not":
            return not primary()
        if token == "(":
            inside = either()
            assert take() == ")"
            return inside
        if token in ("1", "all") and peek() == "of":
            take()
            return of_pattern(token, take())
        return holds(token)

    def both():
        value = primary()
        while peek() == "and":
            take()
            value = primary() and value
        return value

    def either():
        value = both()
        while peek() == "or":
            take()
            value = both() or value
        return value

    value = either()
    assert peek() is None, "the condition goes on"
    return value


# Correlation

def seconds_of(timespan):
    return int(timespan[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[timespan[-1]]


def fires(events, correlation, rules):
    condition = dict(correlation["condition"])
    field = condition.pop("field", None)
    groups = collections.defaultdict(list)
    for event in events:
        if any(matches(event, rules[name]["detection"]) for name in correlation["rules"]):
            when = datetime.datetime.strptime(event["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
            groups[tuple(value_at(event, key) for key in correlation["group-by"])].append((when, value_at(event, field) if field else len(groups)))
    span = seconds_of(correlation["timespan"])
    compare = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__, "eq": int.__eq__}
    for key, found in groups.items():
        if nothing in key:
            continue
        # Too few is told of whole hours or days, as backends do: a window that begins with the last event is never full.
        few = set(condition) <= {"lt", "lte"}
        for begin in {when - when % span if few else when for when, _ in found}:
            window = [value for when, value in found if begin <= when < begin + span]
            count = len(set(window)) if correlation["type"] == "value_count" else len(window)
            if all(compare[name](count, bound) for name, bound in condition.items()):
                return True
    return False


# Form

def check_common(path, rule, ids):
    allowed = {"title", "id", "name", "status", "description", "references", "author", "date", "tags", "logsource", "detection", "correlation", "fields", "falsepositives", "level"}
    for key in {"title", "id", "name", "status", "description", "author", "date", "tags", "falsepositives", "level"} - set(rule):
        wrong(path, f"no {key}")
    for key in set(rule) - allowed:
        wrong(path, f"unknown key {key}")
    if not re.fullmatch(r"[a-z0-9_]{10,70}\.yml", path.name) or rule["name"] != path.stem:
        wrong(path, "the file is not named as Sigma wants, or not as the rule")
    if uuid.UUID(rule["id"]).version != 4 or rule["id"] in ids:
        wrong(path, "the id is no random UUID, or not the only one")
    ids.add(rule["id"])
    if len(rule["title"]) > 256 or rule["level"] not in ("informational", "low", "medium", "high", "critical") or rule["status"] not in ("stable", "test", "experimental"):
        wrong(path, "title, level or status")
    for tag in rule["tags"]:
        if not re.fullmatch(r"(attack\.t\d{4}(\.\d{3})?|owasp\.mcp\d\d|atlas\.aml\.t\d{4}(\.\d{3})?)", tag):
            wrong(path, f"tag {tag}")
    if path.read_text() != path.read_text().replace("\t", "    ").replace("\r", ""):
        wrong(path, "tabs or CR")


def check_rule(path, rule):
    source = rule["logsource"]
    if source.get("product") != "umbratap" or source.get("service") not in schema["$defs"]:
        wrong(path, "logsource: product is umbratap, service an event type")
        return
    selections = [each for name, value in rule["detection"].items() if name != "condition" for each in (value if isinstance(value, list) else [value])]
    if not any(selection.get("event_type") == source["service"] for selection in selections):
        wrong(path, "no selection by event_type")
    for field in [key.split("|")[0] for selection in selections for key in selection] + rule.get("fields", []):
        if not is_field(field, source["service"]):
            wrong(path, f"{field} is no field of {source['service']} events")


def check_correlation(path, rule, rules):
    correlation = rule["correlation"]
    if not path.name.startswith("mr_") or correlation["type"] not in ("event_count", "value_count"):
        wrong(path, "a correlation is called mr_…; its type is event_count or value_count here")
    if (correlation["type"] == "value_count") != ("field" in correlation["condition"]):
        wrong(path, "value_count, and it alone, has a field")
    for name in correlation["rules"]:
        if name not in rules or "detection" not in rules[name]:
            wrong(path, f"there is no rule {name}")
            continue
        service = rules[name]["logsource"]["service"]
        for field in correlation["group-by"] + [correlation["condition"].get("field", "event_id")]:
            if not is_field(field, service):
                wrong(path, f"{field} is no field of {service} events")


def samples(path, kind):
    file = folder / "samples" / f"{path.stem}.{kind}.ndjson"
    if not file.exists() or not file.read_text().strip():
        wrong(path, f"no samples/{file.name}")
        return []
    events = [json.loads(line) for line in file.read_text().splitlines()]
    for number, event in enumerate(events, 1):
        for error in validator.iter_errors(event):
            wrong(file, f"line {number}: {error.json_path}: {error.message}")
    return events


def main():
    paths = sorted(folder.glob("*.yml"))
    rules = {path.stem: yaml.safe_load(path.read_text()) for path in paths}
    ids = set()
    for path in paths:
        rule = rules[path.stem]
        check_common(path, rule, ids)
        if "correlation" in rule:
            check_correlation(path, rule, rules)
        else:
            check_rule(path, rule)
        for kind in ("match", "spare"):
            events = samples(path, kind)
            if "correlation" in rule:
                if fires(events, rule["correlation"], rules) != (kind == "match"):
                    wrong(path, f"does not do as samples/{path.stem}.{kind}.ndjson says")
                continue
            for number, event in enumerate(events, 1):
                if matches(event, rule["detection"]) != (kind == "match"):
                    wrong(path, f"does not do as line {number} of samples/{path.stem}.{kind}.ndjson says")
    known = {f"{name}.{kind}.ndjson" for name in rules for kind in ("match", "spare")}
    for file in sorted((folder / "samples").iterdir()):
        if file.name not in known:
            wrong(file, "belongs to no rule")
    for line in problems:
        print(line)
    print(f"{len(rules)} Sigma rules, {len(problems)} problems")
    return 1 if problems or not rules else 0


if __name__ == "__main__":
    sys.exit(main())
