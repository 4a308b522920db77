#!/usr/bin/env python3
"""Whether src/report/problem_names.cpp lists the names of all problems, so that each has its series from the start.

usage: problem_names.py [--update]

A problem's name is a literal "layer.what" in a folder where packets go.
"""
import pathlib, re, sys

src = pathlib.Path(__file__).resolve().parent.parent / "src"
list_file = src / "report/problem_names.cpp"
folders = ["base", "capture", "packet", "flow", "tls", "dns", "proxy", "http", "mcp", "detect", "engine"]
readers_of_events = ["explain", "suppress", "policy_test"]  # they name fields
no_problem = re.compile(r'"(\w+\.(yaml|name|method|sni|question|host|uri|version)|(request|response|params|text)\.\w+)"')


def names_used():
    names = set()
    for folder in folders:
        for path in sorted((src / folder).rglob("*")):
            if path.suffix in (".h", ".cpp") and path.stem not in readers_of_events:
                code = re.sub(r"//.*", "", no_problem.sub("", path.read_text()))
                names.update(re.findall(r'"([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)"', code))
    return sorted(names)


def main():
    text = list_file.read_text()
    head, rest = text.split("std::to_array<std::string_view>({\n", 1)
    tail = rest[rest.index("});"):]
    used, listed = names_used(), re.findall(r'"([\w.]+)"', rest[:rest.index("});")])
    if "--update" in sys.argv:
        body = "".join(f'    "{name}",\n' for name in used)
        list_file.write_text(head + "std::to_array<std::string_view>({\n" + body + tail)
        return 0
    for name in sorted(set(used) ^ set(listed)):
        print(f"src/report/problem_names.cpp: {name} is {'missing' if name in used else 'listed, and no problem has that name'}")
    print(f"{len(used)} names of problems")
    return 0 if used == listed else 1


if __name__ == "__main__":
    sys.exit(main())
