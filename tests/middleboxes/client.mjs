// Talks MCP to each server named, one after the other, with the official SDK, and prints what it did: a JSON line a
// session, which expect.py takes.
//
// usage: client.mjs direct|direct-http2|connect|absolute-form URL…     through the proxy $PROXY, unless direct
import {Agent, ProxyAgent, fetch} from 'undici';
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const proxy = process.env.PROXY;

// Sends the whole URL to the proxy, as browsers do for http://.
class AbsoluteForm extends Agent {
    dispatch(options, handler) {
        const {origin, path} = options;
        const headers = {...options.headers, host: new URL(origin).host};
        return super.dispatch({...options, origin: proxy, path: origin + path, headers}, handler);
    }
}

const dispatchers = {
    'direct': () => new Agent(),
    'direct-http2': () => new Agent({allowH2: true}),
    'connect': () => new ProxyAgent({uri: proxy, requestTls: {allowH2: true}}),
    'absolute-form': () => new AbsoluteForm(),
};

async function converse(url, dispatcher) {
    const client = new Client({name: 'desk-agent', version: '0.9.1'});
    const transport = new StreamableHTTPClientTransport(new URL(url), {
        fetch: (to, init) => fetch(to, {...init, dispatcher}),
    });
    const methods = {};
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
        if (message.method) methods[message.method] = (methods[message.method] ?? 0) + 1;
        return send(message, options);
    };
    await client.connect(transport);
    const listed = (await client.listTools()).tools.map(tool => tool.name);
    await client.callTool({name: 'room_booking', arguments: {room: 'Atrium'}});
    await client.callTool({name: 'ticket_search', arguments: {words: 'printer'}});
    await client.callTool({name: 'ticket_search', arguments: {words: 'badge'}});
    const session = transport.sessionId;
    await transport.terminateSession();
    await client.close();
    return {session, url, listed, called: {room_booking: 1, ticket_search: 2}, methods,
        protocol: transport.protocolVersion, server: client.getServerVersion()};
}

const [kind, ...urls] = process.argv.slice(2);
const dispatcher = dispatchers[kind]();
for (const url of urls) console.log(JSON.stringify(await converse(url, dispatcher)));
await dispatcher.destroy();
