#!/usr/bin/env python3
"""Whether events tell exactly what happened: these sessions, their verdicts, and an alert for each shadow server, each that asks
nobody who he is, and each that is reached without TLS, no more.

usage: expect.py EVENTS TRUTH [--mirror] LEG…

TRUTH is what the client says it did, a JSON line a session. Each session was seen once on each LEG:
CLIENT,SERVER:PORT,HTTP,TLS[,PROXY], for example 10.20.14.37,10.20.90.3:8080,2,1.3,connect. The policy approves
portal.corp.example over TLS; after a decrypting mirror TLS is taken for granted.
"""
import argparse, collections, json, pathlib, sys
from urllib.parse import urlsplit


def expected(truth, leg, mirror):
    client, server, http, tls, *proxy = leg.split(",")
    address, port = server.split(":")
    url = urlsplit(truth["url"])
    secure = mirror or tls != "none"
    return {
        "client": client, "to": f"{address}:{port}", "http": http, "tls": tls, "proxy": proxy[0] if proxy else None,
        "session": truth["session"], "host": url.hostname,
        "port": url.port or {"https": 443, "http": 80}[url.scheme], "path": url.path,
        "listed": sorted(truth["listed"]), "called": truth["called"],
        "verdict": "approved" if secure and url.hostname == "portal.corp.example" else "shadow",
    }


def reported(event):
    mcp, server = event["mcp"], event["mcp"]["server"]
    return {
        "client": event["src_ip"], "to": f"{event['dest_ip']}:{event['dest_port']}", "http": mcp.get("http_version"),
        "tls": mcp.get("tls"), "proxy": mcp.get("proxy", {}).get("kind"),
        "session": mcp["session"].get("id"), "host": server.get("host"), "port": server.get("port"),
        "path": server.get("path"), "listed": sorted(mcp.get("tools_listed", [])),
        "called": mcp.get("tools_called", {}), "verdict": mcp["verdict"],
    }


def differences(what, wanted, got):
    wanted, got = (collections.Counter(json.dumps(one, sort_keys=True) for one in many) for many in (wanted, got))
    return [f"no {what} {one}" for one in (wanted - got).elements()] + \
           [f"unexpected {what} {one}" for one in (got - wanted).elements()]


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("events", type=pathlib.Path)
    parse.add_argument("truth", type=pathlib.Path)
    parse.add_argument("--mirror", action="store_true")
    parse.add_argument("legs", nargs="+")
    options = parse.parse_args()
    events = [json.loads(line) for line in options.events.read_text().splitlines()]
    truths = [json.loads(line) for line in options.truth.read_text().splitlines()]
    if not truths:
        print("WRONG: the client did not finish a session")
        return 1

    sessions = [expected(truth, leg, options.mirror) for truth in truths for leg in options.legs]
    wrong = differences("session", sessions, [reported(e) for e in events if e["event_type"] == "mcp_session"])
    alerts = [("shadow-server", s["client"], s["host"]) for s in sessions if s["verdict"] == "shadow"]
    # The client of these tests brings no credentials; where TLS was there, or was taken off before us, nobody listens.
    alerts += [("unauthenticated-server", s["client"], s["host"]) for s in sessions]
    alerts += [("cleartext-mcp", s["client"], s["host"]) for s in sessions if s["tls"] == "none" and not options.mirror]
    wrong += differences("alert", alerts, [(e["alert"]["category"], e["src_ip"], e["mcp"]["server"].get("host"))
                                            for e in events if e["event_type"] == "alert"])
    stats = events[-1]["stats"]
    payload, blind = stats["payload"], {reason: count for reason, count in stats["blind"].items() if count}
    if blind:
        wrong.append(f"blind: {blind}")
    if payload["inspected"] + payload["shunted"] + sum(blind.values()) != payload["tcp"] + payload["quic"]:
        wrong.append(f"payload does not add up: {payload}")
    for line in wrong:
        print("WRONG:", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
