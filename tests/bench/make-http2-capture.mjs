// Writes a benchmark capture: MCP over HTTP/2 in TLS 1.3, by Node's own HTTP/2 and OpenSSL, on loopback.
//
// usage: node make-http2-capture.mjs CAPTURE KEYLOG [MEGABYTES]     (root, for tcpdump; needs openssl)
//
// Answers are JSON and event streams half and half, 1 to 24 kB of this machine's own documentation, over 16 connections
// with 8 streams each at a time.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

const [capture, keyLog, megabytes = '100'] = process.argv.slice(2);
if (!keyLog) {
    console.error('usage: node make-http2-capture.mjs CAPTURE KEYLOG [MEGABYTES]');
    process.exit(2);
}
const wanted = Number(megabytes) * 1e6;
const work = mkdtempSync(join(tmpdir(), 'http2-capture-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tools.bench.example',
    '-keyout', join(work, 'key.pem'), '-out', join(work, 'certificate.pem')], { stdio: 'ignore' });

// What a tool says: documentation, without a word of MCP.
let text = '';
const files = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
});
for (const path of files('/usr/include')) {
    if (text.length > 4e6) break;
    if (!path.endsWith('.h') || statSync(path).size < 4096) continue;
    const more = readFileSync(path, 'latin1');
    if (!/json-?rpc|tools\/call/i.test(more)) text += more;
}
let random = 12345;
const below = (n) => Math.floor((random = (random * 1103515245 + 12345) % 2147483648) / 32768) % n;
const passage = () => text.substr(below(text.length - 30000), 1000 + below(23000));

const tools = Array.from({ length: 12 }, (_, i) => ({
    name: `tool_${i}`, description: passage().slice(0, 300), inputSchema: { type: 'object', properties: { query: { type: 'string' } } } }));
const results = {
    initialize: () => ({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1.0.0' } }),
    'tools/list': () => ({ tools }),
    'tools/call': () => ({ content: [{ type: 'text', text: passage() }], isError: false }),
};

const server = http2.createSecureServer({ key: readFileSync(join(work, 'key.pem')), cert: readFileSync(join(work, 'certificate.pem')) });
server.on('stream', (stream) => {
    let body = '';
    stream.on('data', (piece) => (body += piece));
    stream.on('end', () => {
        const message = JSON.parse(body);
        if (message.id === undefined) return stream.respond({ ':status': 202 }, { endStream: true });
        const answer = JSON.stringify({ jsonrpc: '2.0', id: message.id, result: results[message.method]() });
        const events = below(2) === 0;
        stream.respond({ ':status': 200, 'content-type': events ? 'text/event-stream' : 'application/json', 'mcp-session-id': 'bench' });
        stream.end(events ? `event: message\ndata: ${answer}\n\n` : answer);
    });
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const { port } = server.address();

const tcpdump = spawn('tcpdump', ['-i', 'lo', '-w', capture, '-s', '0', '-B', '65536', '-q', `tcp port ${port}`], { stdio: 'ignore' });
await new Promise((later) => setTimeout(later, 1000));
writeFileSync(keyLog, '', { mode: 0o600 });

let received = 0;
const post = (session, id, message) => new Promise((done, failed) => {
    const headers = { ':method': 'POST', ':path': '/mcp', 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    if (id !== 'initialize') headers['mcp-protocol-version'] = '2025-06-18';
    if (id !== 'initialize') headers['mcp-session-id'] = 'bench';
    const stream = session.request(headers);
    stream.on('data', (piece) => (received += piece.length));
    stream.on('end', done);
    stream.on('error', failed);
    stream.end(JSON.stringify({ jsonrpc: '2.0', ...message }));
});
await Promise.all(Array.from({ length: 16 }, async () => {
    const session = http2.connect('https://tools.bench.example', { createConnection: () => {
        const socket = tls.connect({ host: '127.0.0.1', port, servername: 'tools.bench.example', ALPNProtocols: ['h2'], rejectUnauthorized: false });
        socket.on('keylog', (line) => appendFileSync(keyLog, line));
        return socket;
    } });
    await post(session, 'initialize', { id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench-client', version: '1' } } });
    await post(session, '', { method: 'notifications/initialized' });
    await post(session, '', { id: 1, method: 'tools/list' });
    let id = 2;
    await Promise.all(Array.from({ length: 8 }, async () => {
        while (received < wanted)
            await post(session, '', { id: id++, method: 'tools/call', params: { name: `tool_${below(12)}`, arguments: { query: passage().slice(0, 200) } } });
    }));
    session.close();
}));
await new Promise((later) => setTimeout(later, 1500));
tcpdump.kill('SIGINT');
await new Promise((over) => tcpdump.on('exit', over));
server.close();
rmSync(work, { recursive: true });
console.log(`${capture}: ${statSync(capture).size} bytes`);
process.exit(0);
