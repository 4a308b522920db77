// A small MCP server of the official SDK: streamable HTTP with sessions, over TLS (HTTP/2 or 1.1) on port 443 and in the
// clear on port 80.
//
// usage: server.mjs ADDRESS CERTIFICATE KEY [LOG]     LOG gets a JSON line for each session that its client ended
import {randomUUID} from 'node:crypto';
import {appendFileSync, readFileSync} from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import {McpServer} from '@modelcontextprotocol/sdk/server/mcp.js';
import {StreamableHTTPServerTransport} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {z} from 'zod';

const [address, certificate, key, log] = process.argv.slice(2);
const transports = new Map();

function tools() {
    const server = new McpServer({name: 'desk-tools', version: '1.4.0'});
    const text = words => ({content: [{type: 'text', text: words}]});
    server.registerTool('room_booking', {description: 'Books a room', inputSchema: {room: z.string()}},
        ({room}) => text(`${room} is yours`));
    server.registerTool('ticket_search', {description: 'Finds tickets', inputSchema: {words: z.string()}},
        ({words}) => text(`two tickets about ${words}`));
    server.registerTool('archive_export', {description: 'Exports the archive'}, () => text('done'));
    return server;
}

// What this session's client asked for, as the server understood it.
function keepLog(server, transport) {
    const heard = {methods: {}, called: {}};
    const count = (counts, name) => counts[name] = (counts[name] ?? 0) + 1;
    const hear = transport.onmessage;
    transport.onmessage = (message, extra) => {
        if (message.method) count(heard.methods, message.method);
        if (message.method === 'tools/call') count(heard.called, message.params.name);
        hear(message, extra);
    };
    transport.onclose = () => appendFileSync(log, JSON.stringify(
        {session: transport.sessionId, client: server.server.getClientVersion(), ...heard}) + '\n');
}

async function answer(request, response) {
    let transport = transports.get(request.headers['mcp-session-id']);
    if (!transport) {
        transport = new StreamableHTTPServerTransport({
            sessionIdGenerator: randomUUID,
            onsessioninitialized: id => transports.set(id, transport),
        });
        const server = tools();
        await server.connect(transport);
        if (log) keepLog(server, transport);
    }
    await transport.handleRequest(request, response);
}

const tls = {allowHTTP1: true, cert: readFileSync(certificate), key: readFileSync(key)};
http2.createSecureServer(tls, answer).listen(443, address);
http.createServer(answer).listen(80, address);
