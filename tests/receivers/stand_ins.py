"""Receivers that misbehave on demand, and remember what they were given.

Each has a `mode` that may be changed at any time: 'good', 'down' (nobody listens), 'slow', 'deaf' (accepts and never
reads), 'reset' (breaks off within a message), and over HTTP also 'status' (500), 'junk', 'endless' (1 GiB). They note
(event id, whether it was marked as sent before) in order of arrival.
"""
import gzip, http.server, json, re, socket, ssl, struct, threading, time


class Receiver:
    def __init__(self):
        self.mode = 'down'
        self.arrived = []       # (event id, redelivered)
        self.wrong = []         # what broke the protocol
        self.lock = threading.Lock()

    def note(self, event_id, redelivered):
        with self.lock:
            self.arrived.append((event_id, redelivered))

    def complain(self, what):
        with self.lock:
            if len(self.wrong) < 20:
                self.wrong.append(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def abort(connection):
    """Closes with a reset."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    except OSError:
        pass
    connection.close()


class StreamReceiver(Receiver):
    """A listener that is there or not as the mode says; subclasses read one connection."""

    def __init__(self, tls=None, path=None):
        super().__init__()
        self.tls, self.path = tls, path
        if path is None:
            self.port = free_port()
        threading.Thread(target=self.listen, daemon=True).start()

    def open(self):
        if self.path is not None:
            import os
            if os.path.exists(self.path):
                os.unlink(self.path)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(self.path)
        else:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(('127.0.0.1', self.port))
        listener.listen(16)
        listener.settimeout(0.1)
        return listener

    def listen(self):
        listener = None
        while True:
            if self.mode == 'down':
                if listener:
                    listener.close()
                    listener = None
                time.sleep(0.05)
                continue
            listener = listener or self.open()
            try:
                connection, _ = listener.accept()
            except socket.timeout:
                continue
            threading.Thread(target=self.guard, args=(connection, self.mode), daemon=True).start()

    def guard(self, connection, mode):
        try:
            if mode == 'deaf':
                while self.mode == mode:
                    time.sleep(0.05)
                return
            if self.tls:
                connection.settimeout(5)
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.read(connection, mode)
        except (OSError, ssl.SSLError):
            pass
        finally:
            abort(connection) if mode != 'good' or self.mode != 'good' else connection.close()

    def read(self, connection, mode):
        """Cuts the stream into messages as long as the mode stays."""
        rest = b''
        connection.settimeout(0.1)
        begin = time.time()
        while self.mode == mode:
            if mode == 'reset' and time.time() - begin > 0.3:
                return
            try:
                piece = connection.recv(512 if mode == 'slow' else 65536)
            except socket.timeout:
                continue
            if not piece:
                return
            if mode == 'slow':
                time.sleep(0.005)
            rest = self.take(rest + piece)


class SyslogReceiver(StreamReceiver):
    """RFC 5424 with octet counting."""
    message = re.compile(rb'<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) \[umbratap@32473 eventId="([0-9a-f-]+)"( redelivered="true")?\] (\{.*\})$')

    def take(self, rest):
        while True:
            size, space, content = rest.partition(b' ')
            if not space or len(content) < int(size):
                return rest
            self.one(content[:int(size)])
            rest = content[int(size):]

    def one(self, text):
        found = self.message.match(text)
        if not found:
            return self.complain(f'no RFC 5424: {text[:200]!r}')
        if json.loads(found[9])['event_id'] != found[7].decode():
            self.complain('structured data and event differ')
        self.note(found[7].decode(), bool(found[8]))


class LineReceiver(StreamReceiver):
    """One JSON object a line. Lines cannot carry a mark, so that repetitions are told by their id."""

    def take(self, rest):
        *lines, rest = rest.split(b'\n')
        for line in lines:
            self.note(json.loads(line)['event_id'], None)
        return rest


class HttpReceiver(Receiver):
    """Answers POST requests as the mode says; subclasses understand them."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        receiver = self

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *_):
                pass

            def do_POST(self):
                try:
                    receiver.answer(self)
                except OSError:
                    pass

        server = None
        while True:
            if self.mode == 'down':
                if server:
                    server.shutdown()
                    server.server_close()
                    server = None
            elif server is None:
                http.server.ThreadingHTTPServer.allow_reuse_address = True
                server = http.server.ThreadingHTTPServer(('127.0.0.1', self.port), Answers)
                threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            time.sleep(0.05)

    def answer(self, request):
        mode = self.mode
        if mode == 'down':
            return abort(request.connection)
        if mode == 'deaf':
            while self.mode == mode:
                time.sleep(0.05)
            return abort(request.connection)
        size = int(request.headers['Content-Length'])
        if mode == 'reset':
            request.rfile.read(size // 2)
            return abort(request.connection)
        body = request.rfile.read(size)
        if request.headers.get('Content-Encoding') == 'gzip':
            body = gzip.decompress(body)
        if mode == 'slow':
            time.sleep(0.5)
        if mode == 'status':
            return self.say(request, 500, b'out of order')
        if mode == 'junk':
            return self.say(request, 200, b'\x00\xff<html>\n' * 10)
        if mode == 'endless':
            request.send_response(200)
            request.send_header('Content-Length', str(1 << 30))
            request.end_headers()
            for _ in range(1 << 14):
                request.wfile.write(b'x' * (1 << 16))
            return None
        status, text = self.understand(request, body.decode())
        self.say(request, status, json.dumps(text).encode() if text is not None else b'')

    def say(self, request, status, text):
        request.send_response(status)
        request.send_header('Content-Length', str(len(text)))
        request.end_headers()
        request.wfile.write(text)


class SplunkReceiver(HttpReceiver):
    """After 'Format events for HTTP Event Collector' and 'About HTTP Event Collector Indexer Acknowledgment': the keys an
    envelope may have, a channel, a token; events are acknowledged a little later, some never."""
    keys = {'time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields'}

    def __init__(self):
        super().__init__()
        self.next_id, self.pending, self.lost = 0, {}, 0

    def understand(self, request, body):
        if request.headers['Authorization'] != 'Splunk token-of-test':
            return 403, {'text': 'Invalid token', 'code': 4}
        channel = request.headers.get('X-Splunk-Request-Channel', '')
        if not re.fullmatch(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', channel):
            self.complain('no channel')
            return 400, {'text': 'Data channel is missing', 'code': 10}
        with self.lock:
            if request.path.startswith('/services/collector/ack?channel=' + channel):
                known = {}
                for number in json.loads(body)['acks']:
                    known[str(number)] = time.time() > self.pending.get(number, float('inf'))
                return 200, {'acks': known}
        if request.path not in ('/services/collector', '/services/collector/event'):
            self.complain('path ' + request.path)
        decoder, at, events = json.JSONDecoder(), 0, []
        while at < len(body):
            event, at = decoder.raw_decode(body, at)
            while at < len(body) and body[at].isspace():
                at += 1
            events.append(event)
        for number, event in enumerate(events):
            if set(event) - self.keys or 'event' not in event or not isinstance(event['time'], (int, float)) or \
                    any(not isinstance(value, str) for value in event['fields'].values()):
                self.complain(f'envelope: {str(event)[:200]}')
                return 400, {'text': 'Invalid data format', 'code': 6, 'invalid-event-number': number}
            self.note(event['fields']['event_id'], 'redelivered' in event['fields'])
        with self.lock:
            self.next_id += 1
            self.pending[self.next_id] = time.time() + 0.2
            return 200, {'text': 'Success', 'code': 0, 'ackId': self.next_id}


class ElasticReceiver(HttpReceiver):
    """The bulk API: an action and a document each, an answer for each; what is there already is a conflict. One of
    twenty is put off the first time; a document that says so is refused."""

    def __init__(self):
        super().__init__()
        self.ids, self.put_off = set(), set()

    def understand(self, request, body):
        if not body.endswith('\n'):
            self.complain('the last line has no newline')
        lines = [json.loads(line) for line in body.splitlines()]
        items, errors = [], False
        for action, document in zip(lines[::2], lines[1::2]):
            if list(action) != ['create'] or set(action['create']) != {'_id'} or not isinstance(document, dict):
                self.complain(f'action {action}')
            event_id = action['create']['_id']
            outcome = {'_index': 'mcp', '_id': event_id, 'status': 201, 'result': 'created'}
            with self.lock:
                if document.get('unwanted'):
                    outcome = {'_id': event_id, 'status': 400,
                               'error': {'type': 'document_parsing_exception', 'reason': 'failed to parse'}}
                elif event_id in self.ids:
                    outcome = {'_id': event_id, 'status': 409,
                               'error': {'type': 'version_conflict_engine_exception', 'reason': 'document already exists'}}
                elif hash(event_id) % 20 == 0 and event_id not in self.put_off:
                    self.put_off.add(event_id)
                    outcome = {'_id': event_id, 'status': 429,
                               'error': {'type': 'es_rejected_execution_exception', 'reason': 'queue is full'}}
                else:
                    self.ids.add(event_id)
                    self.arrived.append((event_id, None))
            errors = errors or outcome['status'] >= 400
            items.append({'create': outcome})
        return 200, {'took': 1, 'errors': errors, 'items': items}


class ClickHouseReceiver(HttpReceiver):
    """INSERT … FORMAT JSONEachRow; a deduplication token that is known makes the insert nothing."""

    def __init__(self):
        super().__init__()
        self.tokens = set()

    def understand(self, request, body):
        token = re.search(r'insert_deduplication_token=([0-9a-f-]+)', request.path)
        if 'query=INSERT' not in request.path or not token:
            self.complain('path ' + request.path)
            return 404, None
        rows = [json.loads(line) for line in body.splitlines()]
        with self.lock:
            if token[1] in self.tokens:
                return 200, None
            self.tokens.add(token[1])
        for row in rows:
            self.note(row['event_id'], None)
        return 200, None
