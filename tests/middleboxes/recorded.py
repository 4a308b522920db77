#!/usr/bin/env python3
"""The conversation of client.mjs and server.mjs, for machines without the SDK: recorded messages, HTTP/1.1, curl.

usage: recorded.py serve ADDRESS CERTIFICATE KEY
       recorded.py talk URL…     through the proxy $PROXY, if there is one; $NODE_EXTRA_CA_CERTS says whom to trust
"""
import http.server, json, os, ssl, subprocess, sys, threading, uuid

version = "2025-11-25"
tools = ["room_booking", "ticket_search", "archive_export"]
requests = [
    {"method": "initialize", "params": {"protocolVersion": version, "capabilities": {},
                                        "clientInfo": {"name": "desk-agent", "version": "0.9.1"}}},
    {"method": "notifications/initialized"},
    {"method": "tools/list"},
    {"method": "tools/call", "params": {"name": "room_booking", "arguments": {"room": "Atrium"}}},
    {"method": "tools/call", "params": {"name": "ticket_search", "arguments": {"words": "printer"}}},
    {"method": "tools/call", "params": {"name": "ticket_search", "arguments": {"words": "badge"}}},
]
results = {
    "initialize": {"protocolVersion": version, "capabilities": {"tools": {}},
                   "serverInfo": {"name": "desk-tools", "version": "1.4.0"}},
    "tools/list": {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in tools]},
    "tools/call": {"content": [{"type": "text", "text": "done"}]},
}


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answered = "id" in request
        body = b""
        if answered:
            body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": results[request["method"]]}).encode()
        self.send_response(200 if answered else 202)
        if request["method"] == "initialize":
            self.send_header("Mcp-Session-Id", str(uuid.uuid4()))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(address, certificate, key):
    secure, clear = (http.server.ThreadingHTTPServer((address, port), Server) for port in (443, 80))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    threading.Thread(target=secure.serve_forever).start()
    clear.serve_forever()


def talk(url):
    session = []
    for number, request in enumerate(requests):
        message = {"jsonrpc": "2.0"} | ({} if "notifications/" in request["method"] else {"id": number}) | request
        command = ["curl", "-sSf", "-D", "-", "-o", "answer", "-x", os.environ.get("PROXY", ""),
                   "--cacert", os.environ["NODE_EXTRA_CA_CERTS"], "-H", "Content-Type: application/json",
                   "-H", "Accept: application/json, text/event-stream", "-d", json.dumps(message), url]
        for value in session:
            command += ["-H", f"Mcp-Session-Id: {value}", "-H", f"Mcp-Protocol-Version: {version}"]
        head = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        session += [line.split()[1] for line in head.splitlines() if line.lower().startswith("mcp-session-id:")]
    return {"session": session[0], "url": url, "listed": tools, "called": {"room_booking": 1, "ticket_search": 2}}


if sys.argv[1] == "serve":
    serve(*sys.argv[2:])
else:
    for one in sys.argv[2:]:
        print(json.dumps(talk(one)))
