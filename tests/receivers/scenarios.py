#!/usr/bin/env python3
"""Outputs against receivers that fail: everything arrives in the end, in order within each flow, and what arrives twice
is marked.

usage: scenarios.py FEED FOLDER [NAME…]

FOLDER has ca.pem, server.pem, server.key, client.pem and client.key. Kafka's cluster is beside FEED; where the real
rsyslog and syslog-ng are is told by the environment (RSYSLOG_ROOT, SYSLOG_NG_ROOT: '/' or a folder with an unpacked
package and what it needs).
"""
import json, os, pathlib, random, re, signal, ssl, subprocess, sys, threading, time

import stand_ins

feed, folder = sys.argv[1], pathlib.Path(sys.argv[2])
flows = 23
results = []


def event(number, **more):
    severity = {0: 1, 1: 3}.get(number % 10)
    body = {'timestamp': f'2026-10-01T12:00:00.{number:06d}+0000', 'event_type': 'alert' if severity else 'mcp',
            'event_id': f'{number:016x}', 'community_id': f'1:flow{number % flows}=', 'n': number, **more}
    if severity:
        body['alert'] = {'severity': severity}
    return json.dumps(body, separators=(',', ':')) + '\n'


def config(name, text):
    path = folder / f'{name}.yaml'
    path.write_text(text)
    return path


class Feed:
    def __init__(self, name, text, seconds=10):
        self.path = config(name, text)
        self.log = open(folder / f'{name}.log', 'ab')
        self.process = subprocess.Popen([feed, self.path, str(seconds)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log)

    def give(self, lines):
        self.process.stdin.write(''.join(lines).encode())
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def check(name, receiver, expected, marks=True, order=True, given_twice=()):
    """`expected` ids have arrived, in order within a flow; what came twice is marked where that can be seen."""
    wrong = list(receiver.wrong)
    seen, last = set(), {}
    unmarked = duplicates = disorder = 0
    for event_id, redelivered in receiver.arrived:
        number = int(event_id, 16)
        if event_id in seen:
            duplicates += 1
            unmarked += redelivered is False and number not in given_twice
            continue
        seen.add(event_id)
        disorder += number < last.get(number % flows, -1)
        last[number % flows] = number
    missing = set(expected) - seen
    if missing:
        wrong.append(f'{len(missing)} events are missing, {sorted(missing)[:3]}')
    if marks and unmarked:
        wrong.append(f'{unmarked} of {duplicates} duplicates are not marked')
    if order and disorder:
        wrong.append(f'{disorder} events out of order')
    results.append(not wrong)
    print(('WRONG: ' if wrong else 'ok: ') + f'{name}: {len(seen)} events, {duplicates} duplicates; ' + '; '.join(wrong),
          flush=True)


def until(condition, seconds):
    end = time.time() + seconds
    while not condition() and time.time() < end:
        time.sleep(0.1)


def outage(name, receiver, modes, text, **how):
    """Events flow all the time, while the receiver goes through its modes; then it is well."""
    numbers = iter(range(10**9))
    expected = []
    running = Feed(name, text)
    for mode in ['down', 'good', *modes, 'good']:
        receiver.mode = mode
        for _ in range(20):
            batch = [next(numbers) for _ in range(25)]
            expected += [f'{number:016x}' for number in batch]
            running.give(event(number) for number in batch)
            time.sleep(0.1)
    until(lambda: len({event_id for event_id, _ in receiver.arrived}) == len(expected), 60)
    running.end()
    check(name, receiver, expected, **how)


def killed(name, receiver, text):
    """The process is killed at random times; what it had told to have is delivered by the next ones."""
    random.seed(7)
    receiver.mode = 'down'
    safe = given = 0
    given_twice = set()     # the process did not tell that it has them
    for attempt in range(20):
        if attempt == 8:
            receiver.mode = 'good'
        running = Feed(name, text)
        end = time.time() + random.uniform(0.2, 1.2)
        try:
            while time.time() < end:
                running.give(event(number) for number in range(given, given + 10))
                given += 10
                time.sleep(random.uniform(0, 0.02))
        except OSError:
            pass
        running.process.send_signal(signal.SIGKILL)
        told = running.process.stdout.read().split()
        running.process.wait()
        safe += int(told[-1] if told else 0)
        given_twice.update(range(safe, given))
        given = safe
    running = Feed(name, text)
    expected = [f'{number:016x}' for number in range(safe)]
    until(lambda: set(expected) <= {event_id for event_id, _ in receiver.arrived}, 60)
    running.end()
    check(name + ', killed 20 times', receiver, expected, given_twice=given_twice)


def flood(name, receiver, text):
    """A receiver that is down, a spool that is too small: alerts of high severity are there in the end."""
    receiver.mode = 'down'
    running = Feed(name, text)
    high = []
    for begin in range(0, 100_000, 10_000):
        running.give([event(begin)])
        running.give(event(number, padding='x' * 200) for number in range(begin + 1, begin + 10_000) if number % 10)
        high.append(f'{begin:016x}')
    receiver.mode = 'good'
    until(lambda: set(high) <= {event_id for event_id, _ in receiver.arrived}, 60)
    running.end()
    check(name + ', flooded', receiver, high)


def full_disk(name, receiver, text, disk):
    """The spool's disk of 1 MiB fills up, and is emptied: what finds no room waits in memory."""
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', disk], stderr=subprocess.DEVNULL).returncode:
        print('skipped: full disk: tmpfs cannot be mounted (needs root)')
        return results.append(True)
    try:
        receiver.mode = 'down'
        running = Feed(name, text)
        for begin in range(0, 10_000, 500):
            running.give(event(number) for number in range(begin, begin + 500))
            time.sleep(0.05)
        time.sleep(1)
        receiver.mode = 'good'
        expected = [f'{number:016x}' for number in range(10_000)]
        until(lambda: len(receiver.arrived) >= len(expected), 60)
        running.end()
        if 'No space left on device; events wait in memory' not in (folder / f'{name}.log').read_text():
            receiver.complain('the full disk is not told')
        check(name, receiver, expected)
    finally:
        subprocess.run(['umount', disk])


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / 'server.pem', folder / 'server.key')
    context.load_verify_locations(folder / 'ca.pem')
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def spool(name):
    return f'spool: {{directory: {folder}/spool-{name}, bytes_max: 100000000}}'


stream_modes = ['slow', 'deaf', 'reset', 'down']
http_modes = ['slow', 'deaf', 'reset', 'down', 'status', 'junk', 'endless']
token = folder / 'token'
token.write_text('token-of-test\n')
tls = f'tls: {{ca: {folder}/ca.pem, certificate: {folder}/client.pem, key: {folder}/client.key}}'


def syslog_tcp(name):
    receiver = stand_ins.SyslogReceiver()
    outage(name, receiver, stream_modes, f'output:\n  - to: syslog+tcp://127.0.0.1:{receiver.port}\n    {spool(name)}\n')


def syslog_memory(name):
    receiver = stand_ins.SyslogReceiver()
    outage(name, receiver, stream_modes, f'output: ["syslog+tcp://127.0.0.1:{receiver.port}"]\n')


def syslog_tls(name):
    receiver = stand_ins.SyslogReceiver(tls_context())
    outage(name, receiver, stream_modes,
           f'output:\n  - to: syslog+tls://localhost:{receiver.port}\n    {tls}\n    {spool(name)}\n')


def unix(name):
    receiver = stand_ins.LineReceiver(path=str(folder / 'socket'))
    outage(name, receiver, stream_modes, f'output:\n  - to: unix:{folder}/socket\n    {spool(name)}\n', marks=False)


def splunk(name):
    receiver = stand_ins.SplunkReceiver()
    outage(name, receiver, http_modes, f'output:\n  - to: http://127.0.0.1:{receiver.port}/services/collector\n'
           f'    token_file: {token}\n    {spool(name)}\n')


def elasticsearch(name):
    receiver = stand_ins.ElasticReceiver()
    outage(name, receiver, http_modes, f'output:\n  - to: http://127.0.0.1:{receiver.port}/mcp/_bulk\n    {spool(name)}\n',
           order=False)     # a document that is put off comes later


def clickhouse(name):
    receiver = stand_ins.ClickHouseReceiver()
    outage(name, receiver, http_modes, 'output:\n  - to: "http://127.0.0.1:'
           f'{receiver.port}/?query=INSERT+INTO+mcp+FORMAT+JSONEachRow"\n    {spool(name)}\n')


class Daemon(stand_ins.Receiver):
    """A real syslog daemon over TLS that wants a client certificate, and writes a line a message: structured data and
    text. It is stopped for 'deaf', and killed for 'down'."""
    line = re.compile(r'\[umbratap@32473 eventId="([0-9a-f]+)"( redelivered="true")?\].* ?(\{.*\})$')

    def __init__(self, name, root, command, text):
        super().__init__()
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        self.out = self.folder / 'out'
        self.out.touch()
        self.port = stand_ins.free_port()
        libraries = f'{root}/usr/lib/x86_64-linux-gnu:{root}/usr/lib/x86_64-linux-gnu/syslog-ng'
        self.environment = dict(os.environ) if root == '/' else {**os.environ, 'LD_LIBRARY_PATH': libraries}
        self.command = [part.format(root=root, folder=self.folder) for part in command]
        (self.folder / 'conf').write_text(text % {'port': self.port, 'pem': folder, 'out': self.out, 'folder': self.folder})
        self.process = None

    def __setattr__(self, key, value):
        super().__setattr__(key, value)
        if key != 'mode' or not hasattr(self, 'process'):
            return
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if value in ('good', 'deaf'):
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=subprocess.DEVNULL,
                                            stderr=open(self.folder / 'log', 'ab'))
        if value == 'deaf':
            time.sleep(1)
            self.process.send_signal(signal.SIGSTOP)

    @property
    def arrived(self):
        found = (self.line.search(line) for line in self.out.read_text().splitlines())
        return [(match[1], bool(match[2])) for match in found if match]

    @arrived.setter
    def arrived(self, _):
        pass


RSYSLOG = """
global(workDirectory="%(folder)s" maxMessageSize="64k" DefaultNetstreamDriver="ossl"
       DefaultNetstreamDriverCAFile="%(pem)s/ca.pem" DefaultNetstreamDriverCertFile="%(pem)s/server.pem"
       DefaultNetstreamDriverKeyFile="%(pem)s/server.key")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
input(type="imtcp" port="%(port)d")
template(name="line" type="string" string="%%structured-data%% %%msg%%\\n")
action(type="omfile" file="%(out)s" template="line")
"""
SYSLOG_NG = """
@version: 3.35
source receiver { syslog(transport("tls") port(%(port)d) tls(
    key-file("%(pem)s/server.key") cert-file("%(pem)s/server.pem") ca-file("%(pem)s/ca.pem") peer-verify(required-trusted))); };
destination lines { file("%(out)s" template("${SDATA} ${MSG}\\n")); };
log { source(receiver); destination(lines); };
"""


def daemon(name, root, command, text):
    receiver = Daemon(name, root, command, text)
    outage(name, receiver, ['deaf', 'down'],
           f'output:\n  - to: syslog+tls://localhost:{receiver.port}\n    {tls}\n    {spool(name)}\n')
    receiver.mode = 'down'


def rsyslog(name):
    modules = '{root}/usr/lib/x86_64-linux-gnu/rsyslog'
    daemon(name, os.environ['RSYSLOG_ROOT'],
           ['{root}/usr/sbin/rsyslogd', '-n', '-f', '{folder}/conf', '-i', '{folder}/pid', '-M', modules], RSYSLOG)


def syslog_ng(name):
    modules = '{root}/usr/lib/syslog-ng/3.38'
    daemon(name, os.environ['SYSLOG_NG_ROOT'],
           ['{root}/usr/sbin/syslog-ng', '-F', '--no-caps', '-f', '{folder}/conf', '-p', '{folder}/pid', '-c', '{folder}/ctl',
            '-R', '{folder}/persist', '--module-path', modules], SYSLOG_NG)


class KafkaCluster(stand_ins.Receiver):
    """librdkafka's mock cluster, in a process of its own."""
    commands = {'down': 'down', 'good': 'up', 'slow': 'slow', 'errors': 'errors'}

    def __init__(self, name):
        super().__init__()
        self.process = subprocess.Popen([pathlib.Path(feed).parent / 'kafka_cluster', name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.brokers = self.process.stdout.readline().strip()
        threading.Thread(target=self.consume, daemon=True).start()

    def __setattr__(self, key, value):
        super().__setattr__(key, value)
        if key == 'mode' and hasattr(self, 'process'):
            self.process.stdin.write(self.commands[value] + '\n')
            self.process.stdin.flush()

    def consume(self):
        for line in self.process.stdout:
            _, key, event_id, mark, value = line.split(' ', 4)
            if json.loads(value)['community_id'] != key or json.loads(value)['event_id'] != event_id:
                self.complain('key or header differs from the event')
            self.note(event_id, mark == 'true')


def kafka(name):
    cluster = KafkaCluster(name)
    outage(name, cluster, ['slow', 'down', 'good', 'errors', 'down'],
           f'output:\n  - to: kafka://{cluster.brokers}/{name}\n    {spool(name)}\n'
           # The mock does not know the numbers by which real brokers drop what comes twice, and refuse what comes too early: one
           # request at a time, or what it takes out of turn passes for what it refused before.
           '    kafka: {reconnect.backoff.max.ms: "500", max.in.flight: "1"}\n',
           marks=False)
    cluster.process.stdin.close()


def kills(name):
    receiver = stand_ins.SyslogReceiver()
    killed(name, receiver, f'output:\n  - to: syslog+tcp://127.0.0.1:{receiver.port}\n    {spool(name)}\n')


def disk_is_full(name):
    receiver = stand_ins.SyslogReceiver()
    full_disk(name, receiver, f'output:\n  - to: syslog+tcp://127.0.0.1:{receiver.port}\n'
              f'    spool: {{directory: {folder}/disk/spool, bytes_max: 100000000}}\n', folder / 'disk')


def floods(name):
    receiver = stand_ins.SyslogReceiver()
    flood(name, receiver, f'output:\n  - to: syslog+tcp://127.0.0.1:{receiver.port}\n    queue_bytes_max: 100000\n'
          f'    spool: {{directory: {folder}/spool-{name}, bytes_max: 2000000}}\n')


scenarios = {'syslog over TCP': syslog_tcp, 'syslog over TCP, in memory': syslog_memory, 'syslog over TLS': syslog_tls,
             'Unix socket': unix, 'Splunk HEC': splunk, 'Elasticsearch': elasticsearch, 'ClickHouse': clickhouse, 'Kafka': kafka,
             'spool': kills, 'small spool': floods,
             'full disk': disk_is_full}
if not (pathlib.Path(feed).parent / 'kafka_cluster').exists():
    del scenarios['Kafka']
for name, variable, scenario in (('rsyslog', 'RSYSLOG_ROOT', rsyslog), ('syslog-ng', 'SYSLOG_NG_ROOT', syslog_ng)):
    if variable in os.environ:
        scenarios[name] = scenario
chosen = sys.argv[3:] or list(scenarios)
threads = [threading.Thread(target=scenarios[name], args=(name.replace(' ', '-').replace(',', ''),)) for name in chosen]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(0 if all(results) and len(results) == len(chosen) else 1)
