#!/usr/bin/env python3
"""Checks the recipes in deploy/splunk, deploy/elastic and deploy/sentinel as far as that goes without these products.

usage: recipes.py --bin build/umbratap

The sample events are as the program writes them now, and match the schemas; configuration is well formed; what Splunk
is told of lines and time is right for the samples; every field that a search, query, alias or rule names exists. Needs
python3-jsonschema; status 77 (skipped) without it.
"""
import argparse, datetime, json, pathlib, re, subprocess, sys, tempfile, textwrap

try:
    import jsonschema
except ImportError:
    print("skipped: needs python3-jsonschema")
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parent.parent
deploy = root / "deploy"
schemas = {name: json.loads((deploy / f"schema/{name}.schema.json").read_text()) for name in ("eve", "ecs")}
problems = []


def wrong(text):
    problems.append(text)


def lines(name):
    return (deploy / name).read_text().split("\n")[:-1]


def is_field(path, schema):
    def find(node, steps):
        if node.get("type") == "array":
            node = node["items"]
        if not steps:
            return True
        following = node.get("properties", {}).get(steps[0]) or node.get("additionalProperties") or None
        return bool(following) and find(following, steps[1:])
    return any(find(node, path.split(".")) for node in schema["$defs"].values())


def check_samples(binary):
    if subprocess.run([sys.executable, root / "tools/samples", "--bin", binary, "--check"], stdout=subprocess.DEVNULL).returncode != 0:
        wrong("the samples are not as the program writes them: run tools/samples")
    for name, schema in (("splunk/samples/events.ndjson", "eve"), ("sentinel/samples/events.ndjson", "eve"), ("elastic/samples/events.ndjson", "ecs")):
        validator = jsonschema.Draft202012Validator(schemas[schema])
        for line in lines(name):
            for error in validator.iter_errors(json.loads(line)):
                wrong(f"{name}: {error.json_path}: {error.message}")


# Splunk

def stanzas(name):
    """stanza → {key: value}; a line that ends in a backslash goes on."""
    found, stanza = {}, None
    text = re.sub(r"\\\n", " ", (deploy / "splunk" / name).read_text())
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(.+)\]", line):
            stanza = found.setdefault(heading[1], {})
        elif (pair := re.fullmatch(r"([\w.\-]+) = (.*)", line)) and stanza is not None and pair[1] not in stanza:
            stanza[pair[1]] = pair[2]
        else:
            wrong(f"splunk/{name}: {line}")
    return found


def check_splunk():
    props = stanzas("props.conf")["umbratap:eve"]
    transforms = stanzas("transforms.conf")
    for name in [value for key, value in props.items() if key.startswith("TRANSFORMS-")]:
        if name not in transforms:
            wrong(f"splunk/props.conf: there is no transform {name}")
    time_format = props["TIME_FORMAT"].replace("%6N", "%f")
    for line in lines("splunk/samples/events.ndjson"):
        before = re.match(props["TIME_PREFIX"], line)
        stamp = line[before.end():][:int(props["MAX_TIMESTAMP_LOOKAHEAD"])].split('"')[0] if before else ""
        try:
            datetime.datetime.strptime(stamp, time_format)
        except ValueError:
            wrong(f"splunk/props.conf: no time in {line[:80]}")
        if len(line) > int(props["TRUNCATE"]):
            wrong("splunk/props.conf: TRUNCATE cuts a sample")
    eventtypes = stanzas("eventtypes.conf")
    for stanza in stanzas("tags.conf"):
        if stanza.removeprefix("eventtype=") not in eventtypes:
            wrong(f"splunk/tags.conf: there is no {stanza}")
    stanzas("inputs.conf")
    told = [value for key, value in props.items() if key.startswith(("FIELDALIAS", "EVAL"))]
    told += [stanza["search"] for stanza in eventtypes.values()] + [stanza["search"] for stanza in stanzas("savedsearches.conf").values()]
    check_fields("splunk", " ".join(told), schemas["eve"])


def check_fields(name, text, schema):
    roots = {step for node in schema["$defs"].values() for step in node["properties"]}
    for field in sorted(set(re.findall(r"\b[a-z][a-z_]*(?:\.[a-z_0-9]+)+\b", text))):
        if field.split(".")[0] in roots and not is_field(field, schema):
            wrong(f"{name}: {field} is no field of an event")


# Elastic

def check_elastic():
    template = json.loads((deploy / "elastic/index-template.json").read_text())
    pipeline = json.loads((deploy / "elastic/ingest-pipeline.json").read_text())
    if template["template"]["settings"]["index.default_pipeline"] != "umbratap" or not all(len(step) == 1 for step in pipeline["processors"]):
        wrong("elastic: the template's pipeline")
    properties = template["template"]["mappings"]["properties"]

    def mapped(path, node={"properties": properties}):
        for step in path.split("."):
            if node.get("type") == "flattened":
                return True
            node = node.get("properties", {}).get(step)
            if node is None:
                return False
        return "type" in node

    def leaves(value, before=""):
        for key, inner in value.items():
            yield from leaves(inner, f"{before}{key}.") if isinstance(inner, dict) and inner else [before + key]

    for line in lines("elastic/samples/events.ndjson"):
        for path in leaves(json.loads(line)):
            # An empty object is no value to Elasticsearch.
            if not mapped(path) and not is_empty_object(json.loads(line), path):
                wrong(f"elastic/index-template.json: {path} is not mapped")
    queries = "\n".join(line for line in lines("elastic/queries.esql") if not line.startswith(("//", "FROM")))
    for field in sorted(set(re.findall(r"\b(?:event|rule|source|destination|observer|mcp|gen_ai|umbratap)(?:\.[a-z_]+)+", queries))):
        if not mapped(field):
            wrong(f"elastic/queries.esql: {field} is not mapped")


def is_empty_object(event, path):
    for step in path.split("."):
        event = event[step]
    return event == {}


# Sentinel

def check_sentinel():
    table, rule = (each["properties"] for each in json.loads((deploy / "sentinel/dcr.json").read_text())["resources"])
    stream = [column["name"] for column in rule["streamDeclarations"]["Custom-Umbratap"]["columns"]]
    columns = [column["name"] for column in table["schema"]["columns"]]
    for name in stream:
        if not is_field(name, schemas["eve"]):
            wrong(f"sentinel/dcr.json: {name} is no field of an event")
    projected = re.findall(r"(\w+) = ", rule["dataFlows"][0]["transformKql"])
    if projected != columns:
        wrong(f"sentinel/dcr.json: the rule makes {projected}, the table has {columns}")
    table_queries = "\n".join(lines("sentinel/queries_table.kql"))
    nested = {"Mcp": "mcp", "GenAi": "gen_ai", "Alert": "alert", "Inventory": "inventory", "Anomaly": "anomaly", "Stats": "stats"}
    for column, path in re.findall(r"\b(Mcp|GenAi|Alert|Inventory|Anomaly|Stats)((?:\.[a-z_]+)+)", table_queries):
        if not is_field(nested[column] + path, schemas["eve"]):
            wrong(f"sentinel/queries_table.kql: {column}{path} is no field of an event")
    known = set(re.findall(r"`([A-Z]\w+)`", "\n".join(lines("sentinel/README.md")))) | {"DeviceVendor"}
    known |= {f"DeviceCustomString{i}" for i in range(1, 7)} | {f"DeviceCustomNumber{i}" for i in range(1, 4)}
    for column in set(re.findall(r"\b(?:Device|Source|Destination|Request|Event)\w+", "\n".join(lines("sentinel/queries_cef.kql")))):
        if column not in known:
            wrong(f"sentinel/queries_cef.kql: {column} is not said to be a column")


# Configuration of umbratap

def check_outputs(binary):
    """The output that a recipe says to configure is one."""
    for folder in ("splunk", "elastic", "sentinel"):
        block = re.search(r"^ +output:\n(?: +.*\n)+", (deploy / folder / "README.md").read_text(), re.MULTILINE)
        if not block:
            wrong(f"{folder}/README.md: no output")
            continue
        with tempfile.TemporaryDirectory() as directory:
            config = pathlib.Path(directory, "umbratap.yaml")
            config.write_text(re.sub(r"/(?:etc|var/spool)/umbratap/", directory + "/", textwrap.dedent(block[0])))
            for token in re.findall(r"token_file: (\S+)", config.read_text()):
                pathlib.Path(token).touch(mode=0o600)
                pathlib.Path(token).write_text("token\n")
            done = subprocess.run([binary, "-T", "-c", config, "--rules", root / "rules", "-r", root / "pcaps/rug-pull/traffic.pcapng"], capture_output=True, text=True)
            if done.returncode != 0:
                wrong(f"{folder}/README.md: {done.stderr.strip()}")


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--bin", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    options = parse.parse_args()
    check_samples(options.bin)
    check_splunk()
    check_elastic()
    check_sentinel()
    check_outputs(options.bin)
    for line in problems:
        print(line)
    print(f"recipes: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
