#!/usr/bin/env python3
"""The manual and the completions know every option and verb of --help, and no other option; the manual renders without a
warning, and bash completes.

usage: manual.py UMBRATAP          Says 'skipped: ' for each of mandoc, groff, zsh and fish that is not installed.
"""
import re, sys

from checks import deploy, finish, installed, run, same, skip_part, wrong

program = sys.argv[1]
completion = deploy / "completion"
manual = deploy / "man/umbratap.1"


def options_of_help(text):
    listed = re.findall(r"^ {2}(-.*?)(?: {2}|$)", text, re.M)
    return {word for line in listed for word in re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", line.split(" ")[0])}


def verbs_of_help(text):
    """{"rules": {"check", …}, …}"""
    listed = re.search(r"subcommand: (.*?)\.$", text, re.M | re.S)[1]
    return {words[0]: set(words[1].split("|")) if len(words) > 1 else set()
            for words in (one.split() for one in listed.split(","))}


def options_of_manual(text):
    section = re.search(r"^\.Sh OPTIONS\n(.*?)^\.Sh ", text, re.M | re.S)[1]
    return {"-" + word for line in re.findall(r"^\.It (Fl .*)", section, re.M) for word in re.findall(r"Fl (\S+)", line)}


def completed_by_bash(*words):
    script = f'. "{completion}/umbratap"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _umbratap 2>/dev/null; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return set(run("bash", "-c", script, "bash", "umbratap", *words).stdout.split())


help_text = run(program, "--help").stdout
options, verbs = options_of_help(help_text), verbs_of_help(help_text)
page = manual.read_text()

same("umbratap.1", options_of_manual(page), options)
for verb, subjects in verbs.items():
    for words in [f"{verb} {subject}" for subject in subjects] or [verb]:
        if f".It Cm {words}" not in page:
            wrong(f"umbratap.1: '{words}' is missing")
for tool, command in (("mandoc", ["mandoc", "-T", "lint", "-W", "warning"]), ("groff", ["groff", "-ww", "-mandoc", "-Tutf8", "-z"])):
    if not installed(tool):
        skip_part(f"{tool}: not installed")
    elif complaints := run(*command, manual).stdout:
        wrong(f"{tool}: {complaints.strip()}")

same("bash", {word for word in completed_by_bash("-r", "x", "-") if word.startswith("-")}, options)
for verb, subjects in verbs.items():
    if verb not in completed_by_bash(""):
        wrong(f"bash: the verb {verb} is not completed")
    if not subjects <= completed_by_bash(verb, ""):
        wrong(f"bash: {verb}: {sorted(subjects)} are not completed")
for words, wanted in ((("--payloads", "r"), {"redacted"}), (("--events", "alert,mc"), {"alert,mcp", "alert,mcp_session"}),
                      (("-i", "l"), {"lo"}), (("rules", "ch"), {"check"}), (("inventory", "show", "--form"), {"--format"}),
                      (("-p", str(deploy / "pol")), {str(deploy / "policy.yaml")})):
    if not wanted <= completed_by_bash(*words):
        wrong(f"bash: {' '.join(words)}: {sorted(completed_by_bash(*words))}, and not {sorted(wanted)}")

if installed("fish"):
    script = f"source {completion}/umbratap.fish; complete -C 'umbratap -'; complete -C 'umbratap --'; complete -C 'umbratap '"
    offered = {line.split("\t")[0] for line in run("fish", "--no-config", "-c", script).stdout.splitlines()}
    same("fish", {word for word in offered if word.startswith("-")}, options)
    for verb in verbs.keys() - offered:
        wrong(f"fish: the verb {verb} is not completed")
else:
    skip_part("fish: not installed")

text = (completion / "_umbratap").read_text()
same("zsh", set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*(?=[\[,}])", text.split("options=(")[1].split("\n)")[0])), options)
if installed("zsh"):
    if complaints := run("zsh", "-f", "-n", completion / "_umbratap").stdout:
        wrong(f"zsh: {complaints.strip()}")
else:
    skip_part("zsh: not installed")
finish("manual and completions")
