"""What the tests of deploy/ share: findings are collected and told at the end, status 77 is a test that cannot run here."""
import pathlib, re, shutil, subprocess, sys

root = pathlib.Path(__file__).resolve().parents[2]
deploy = root / "deploy"
problems = []


def wrong(text):
    problems.append(text)


def same(what, got, wanted):
    """Two sets of names: what is missing, and what is too much."""
    for name in sorted(wanted - got):
        wrong(f"{what}: '{name}' is missing")
    for name in sorted(got - wanted):
        wrong(f"{what}: there is no '{name}'")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def skip_part(reason):
    print(f"skipped: {reason}")


def installed(program):
    return shutil.which(program) is not None


def run(*command, **more):
    """Both streams in one."""
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def settings(unit):
    """Of a unit of systemd: {"User": ["umbratap"], …}"""
    found = {}
    for line in unit.read_text().splitlines():
        if match := re.match(r"([A-Z]\w*)=(.*)", line):
            found.setdefault(match[1], []).append(match[2].strip())
    return found


def finish(what_was_checked):
    for problem in problems:
        print(f"WRONG: {problem}")
    print(f"{what_was_checked}: {len(problems)} wrong")
    sys.exit(1 if problems else 0)
