#!/usr/bin/env python3
"""The Dockerfile and the manifest for Kubernetes, as far as that goes without either.

usage: containers.py UMBRATAP

Fields of the manifest are held against Kubernetes' API by its types for TypeScript, if they are there (npm install in
tests/deploy); promises such as 'no privileged mode' are read off it; its ConfigMap is a config that loads. The Dockerfile
has known instructions, copies what is there, and ends as a user that is not root; what tools/setup installs to build, it
installs, too. Needs python3-yaml; status 77 (skipped) without it.
"""
import json, pathlib, re, sys, tempfile

from checks import deploy, finish, root, run, skip, skip_part, wrong

try:
    import yaml
except ImportError:
    skip("needs python3-yaml")

program = pathlib.Path(sys.argv[1]).resolve()
here = pathlib.Path(__file__).parent


def check(holds, text):
    if not holds:
        wrong(text)


def check_types(objects, text):
    modules = {"Namespace": "core/v1", "ConfigMap": "core/v1", "DaemonSet": "apps/v1"}
    compiler = here / "node_modules/.bin/tsc"
    if not compiler.exists():
        return skip_part("Kubernetes' types: not installed (npm install in tests/deploy)")
    with tempfile.TemporaryDirectory(dir=here, prefix="build-") as directory:
        source = pathlib.Path(directory) / "manifest.ts"
        source.write_text("\n".join(
            f"import {{{one['kind']} as T{i}}} from 'kubernetes-types/{modules[one['kind']]}';\n"
            f"export const o{i}: T{i} = {json.dumps(one)};" for i, one in enumerate(objects)))
        told = run(compiler, "--noEmit", "--strict", "--skipLibCheck", source)
        check((told.returncode == 0) == (text == ""), f"daemonset.yaml{text}: {told.stdout.strip() or 'is taken'}")


def check_manifest(objects):
    check_types(objects, "")
    mistaken = json.loads(json.dumps(objects).replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"))
    check_types(mistaken, " with a slip of the pen")
    by_kind = {one["kind"]: one for one in objects}
    pod = by_kind["DaemonSet"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    rights = container["securityContext"]
    check(rights["privileged"] is False, "a privileged container")
    check(rights["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}, f"capabilities: {rights['capabilities']}")
    check(rights["readOnlyRootFilesystem"], "its file system can be written")
    check(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0, "it runs as root")
    check(pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "no seccomp profile")
    check(not pod["automountServiceAccountToken"], "it has a token for Kubernetes")
    check(pod["hostNetwork"] and not pod.get("hostPID") and not pod.get("hostIPC"), "namespaces of the host")
    check({mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]},
          "volumes and mounts differ")
    check(str(pod["securityContext"]["runAsUser"]) in (deploy / "docker/Dockerfile").read_text(), "not the user of the image")
    check(container["image"].endswith(":" + re.search(r"version: '(.*)'", (root / "meson.build").read_text())[1]),
          f"{container['image']} is not of this version")
    check_config(by_kind["ConfigMap"]["data"], container)


def check_config(files, container):
    config = yaml.safe_load(files["umbratap.yaml"])
    address, port = config["metrics"].rsplit(":", 1)
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        get = container[name]["httpGet"]
        check((get["host"], str(get["port"])) == (address, port), f"{name} asks {get}, metrics are at {config['metrics']}")
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            (pathlib.Path(directory) / name).write_text(
                text.replace("/etc/umbratap", directory).replace("/var/cache/umbratap", directory))
        told = run(program, "-T", "-c", f"{directory}/umbratap.yaml", "--rules", root / "rules")
        check(told.returncode == 0, f"its config: {told.stdout.strip()}")


def check_dockerfile(text):
    known = {"FROM", "RUN", "COPY", "USER", "WORKDIR", "ENV", "ENTRYPOINT", "CMD"}
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).split("\n")
    instructions = [line.split(maxsplit=1) for line in lines if line.strip()]
    for word, *rest in instructions:
        check(word in known, f"Dockerfile: {word}")
        if word in ("ENTRYPOINT", "CMD"):
            check(isinstance(json.loads(rest[0]), list), f"Dockerfile: {word} goes through a shell")
        if word == "RUN":
            script = re.sub(r"--mount=\S+", "", rest[0])
            check(run("bash", "-n", "-c", script).returncode == 0, f"Dockerfile: {script}")
    users = [rest[0] for word, *rest in instructions if word == "USER"]
    check(users and re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]), "Dockerfile: it ends as root")
    setup = (root / "tools/setup").read_text()
    needed = set(re.search(r"packages=\((.*?)\)", setup, re.S)[1].split()) - {"libhyperscan-dev"}
    for package in sorted(needed - set(text.split())):
        wrong(f"Dockerfile: does not install {package}")


check_manifest(list(yaml.safe_load_all((deploy / "kubernetes/daemonset.yaml").read_text())))
check_dockerfile((deploy / "docker/Dockerfile").read_text())
control = (deploy / "debian/control").read_text()
for package in re.search(r"packages=\((.*?)\)", (root / "tools/setup").read_text(), re.S)[1].split():
    if package != "g++" and not re.search(rf"^ {re.escape(package)}\b", control, re.M):
        wrong(f"deploy/debian/control: does not build with {package}")
finish("containers and what they are built with")
