#!/usr/bin/env python3
"""The example config has every key that the program knows, and no other, and loads: as it is, and with all that is commented
out in force.

usage: config.py UMBRATAP          Needs python3-yaml; status 77 (skipped) without it.
"""
import pathlib, re, sys, tempfile

from checks import deploy, finish, root, run, same, skip, wrong

try:
    import yaml
except ImportError:
    skip("needs python3-yaml")

program = pathlib.Path(sys.argv[1]).resolve()
example = (deploy / "umbratap.yaml").read_text()
free_form = {"kafka"}  # what stands in there is somebody else's


def known_keys():
    sources = [*(root / "src/engine").glob("config*.cpp"), *(root / "src").glob("*/output*.cpp")]
    text = "\n".join(path.read_text() for path in sources)
    keys = set()
    for allowed in re.findall(r"allow_only\(\s*\{(.*?)\}\)", text, re.S):
        keys.update(re.findall(r'"(\w+)"', allowed))
    for section, key in re.findall(r'\{"(\w+)", "(\w+)",\s*(?:number|seconds)', text):
        keys.update((section, key))
    return keys


def keys_of(node):
    if isinstance(node, dict):
        return set(node).union(*(keys_of(value) for key, value in node.items() if key not in free_form))
    if isinstance(node, list):
        return set().union(*map(keys_of, node))
    return set()


def in_force(text, work, *without):
    """What -T says of this config, without some keys, and with what it refers to in the places of this checkout."""
    lines = [line for line in text.splitlines() if not line.startswith(tuple(f"{key}:" for key in without))]
    config = work / "config.yaml"
    config.write_text("\n".join(lines).replace("/etc/umbratap", str(deploy)).replace("/var/cache/umbratap", str(work)))
    told = run(program, "-T", "-c", config, "--rules", root / "rules")
    if told.returncode != 0:
        wrong(f"-T on the example without {', '.join(without) or 'anything left out'}: {told.stdout.strip()}")
    return dict(line.split(": ", 1) for line in told.stdout.splitlines() if ": " in line)


def everything_in_force(text):
    """All that is commented out; where a key then stands there twice, its second form."""
    lines = re.sub(r"^#( *[a-z_]+:| *- )", r"\1", text, flags=re.M).splitlines(keepends=True)
    keys = [re.match(r"[a-z_]*", line)[0] for line in lines]
    return "".join(line for i, line in enumerate(lines) if not keys[i] or keys[i] not in keys[i + 1:])


everything = everything_in_force(example)
same("deploy/umbratap.yaml", keys_of(yaml.safe_load(everything)), known_keys())
with tempfile.TemporaryDirectory() as directory:
    work = pathlib.Path(directory)
    as_it_is = in_force(example, work)
    in_force(everything, work, "interface")
    in_force(everything, work, "read")
    defaults = in_force("interface: [eth1]", work)
    for key in ("events", "metrics", "workers", "memory", "flows", "texts"):
        if as_it_is.get(key) != defaults.get(key):
            wrong(f"{key}: {as_it_is.get(key)!r} in the example, {defaults.get(key)!r} by default")

    # Rules of the user lie beside those of the package.
    rules = work / "rules"
    rules.mkdir()
    for file in (root / "rules").iterdir():
        (rules / file.name).symlink_to(file)

    def checked(text):
        (rules / "local.yaml").write_text(text)
        told = run(program, "rules", "check", "--rules", rules).stdout.strip()
        if not told.endswith(" 0 wrong"):
            wrong(f"deploy/local-rules.yaml: {told}")
        return told

    local = (deploy / "local-rules.yaml").read_text()
    used = local.replace("evidence: []\n", "").replace("\n# evidence:", "\nevidence:").replace("\n#  ", "\n  ")
    if checked(local) == checked(used):
        wrong("deploy/local-rules.yaml: the rule of its example does not count")
finish("example config and local rules")
