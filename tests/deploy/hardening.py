#!/usr/bin/env python3
"""The program was built hardened, and its bill of materials names everything that it consists of.

usage: hardening.py UMBRATAP          Status 77 (skipped) with sanitizers, or where there is no dpkg-query.

Position independent, all relocations read-only from the start, no executable stack, stack protector, fortified functions of
the C library, landing pads of control flow protection (amd64; the mark that switches it on is lost, since Debian 12 starts
programs with code that has none), assertions of the C++ library.
"""
import hashlib, json, pathlib, platform, re, sys

from checks import finish, installed, root, run, same, skip, skip_part, wrong

program = pathlib.Path(sys.argv[1]).resolve()
landing_pads_min = 1000  # there are thousands of functions; the code that every program starts with has three


def read(*options):
    return run("readelf", "--wide", *options, program).stdout


def check_build():
    symbols = read("--dyn-syms")
    if "__asan_" in symbols or "__tsan_" in symbols:
        skip("built with sanitizers")
    headers, dynamic = read("--file-header", "--program-headers"), read("--dynamic")
    landing_pads = run("objdump", "-d", "--no-show-raw-insn", program).stdout.count("endbr64")
    for holds, what in (
            (re.search(r"Type:\s+DYN", headers), "position independent"),
            ("GNU_RELRO" in headers, "read-only relocations"),
            (re.search(r"FLAGS.*\bNOW\b", dynamic), "bound at start"),
            (re.search(r"GNU_STACK.*\sRW\s", headers), "a stack that is not executable"),
            (not re.search(r"LOAD.*RWE", headers), "no segment that can be written and executed"),
            ("__stack_chk_fail" in symbols, "stack protector"),
            (re.search(r"__(memcpy|memmove|read|snprintf|vsnprintf|fprintf|recv)_chk", symbols), "fortified functions"),
            ("__glibcxx_assert_fail" in symbols, "assertions of the C++ library"),
            (platform.machine() != "x86_64" or landing_pads >= landing_pads_min, "control flow protection"),
            (not re.search(r"\((RPATH|RUNPATH)\)", dynamic), "no search path of its own")):
        if not holds:
            wrong(f"not built with: {what}")


def check_bill_of_materials():
    if not installed("dpkg-query"):
        return skip_part("bill of materials: no dpkg-query")
    told = run(root / "deploy/sbom", program)
    if told.returncode != 0:
        return wrong(f"deploy/sbom: {told.stdout.strip()}")
    bill = json.loads(told.stdout)
    components = {one["name"]: one for one in bill["components"]}
    linked = {}
    for line in run("ldd", program).stdout.splitlines():
        if path := re.search(r"(?:=> )?(/\S+) \(0x", line):
            linked[pathlib.Path(path[1]).name] = pathlib.Path(path[1]).read_bytes()
    required = {name for name, one in components.items() if one["scope"] == "required"}
    same("bill of materials", required - {"CLI11", "llhttp"}, set(linked))
    opened = {name for source in (root / "src").rglob("*.cpp") for name in re.findall(r'Library \w+\{"(lib[^"]+)"', source.read_text())}
    same("bill of materials, opened by outputs", opened - (set(components) - required), set())
    if not opened:
        wrong("bill of materials: no library that is opened was found in the sources")
    for name, content in linked.items():
        if name in components and components[name]["hashes"][0]["content"] != hashlib.sha256(content).hexdigest():
            wrong(f"bill of materials: {name}: another hash")
    for one in components.values():
        if not re.fullmatch(r"pkg:deb/debian/[^@]+@.+\?arch=\w+&distro=bookworm", one["purl"]):
            wrong(f"bill of materials: {one['name']}: {one['purl']}")
    version = re.search(r"version: '(.*)'", (root / "meson.build").read_text())[1]
    if bill["metadata"]["component"]["version"] != version:
        wrong(f"bill of materials: version {bill['metadata']['component']['version']}, and not {version}")
    return None


check_build()
check_bill_of_materials()
finish("hardening and bill of materials")
