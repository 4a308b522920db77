// Holds the estimates of tokens against OpenAI's published o200k_base, over what the captures in pcaps/ say.
//
// usage: node tokens.mjs UMBRATAP [--markdown]        after `npm install` in this folder; without it the test is skipped
//
// Each list of tools, argument and result of 50 tokens and more, once. A tenth of them may be off by more than said below.
import {execFileSync} from "node:child_process";
import {existsSync, readdirSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url)), root = resolve(here, "../..");
if (!existsSync(join(here, "node_modules/gpt-tokenizer"))) {
    console.log("skipped: tokens: gpt-tokenizer is not there (npm install in tests/tokens)");
    process.exit(77);
}
const {encode} = await import("gpt-tokenizer/encoding/o200k_base");
const count = text => encode(text, {allowedSpecial: "all"}).length;
const least = 50, bounds = {lists: [0.9, 1.1], results: [0.8, 1.25]};

const umbratap = resolve(process.argv[2]);
function events_of(folder) {
    const given = [["--keylog", "keys.log"], ["--config", "config.yaml"]].filter(([, file]) => existsSync(join(folder, file))).flat();
    const told = execFileSync(umbratap, ["-r", "traffic.pcapng", "--json", "-q", "--rules", join(root, "rules"), "--payloads", "full",
                                         "--events", "mcp,mcp_session", ...given], {cwd: folder, maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"]});
    return told.toString().split("\n").filter(line => line).map(line => JSON.parse(line).mcp);
}

/// What goes before a model: of a result its texts, or all its strings.
function strings_of(value, key, into) {
    if (typeof value === "string") {
        if (key !== "data" && key !== "blob") (key === "text" ? into.texts : into.others).push(value);
    } else if (value && typeof value === "object") {
        for (const [name, inner] of Object.entries(value)) strings_of(inner, Array.isArray(value) ? key : name, into);
    }
    return into;
}

const seen = new Set(), pairs = {lists: [], results: []};
function add(part, texts, estimate) {
    const name = part + texts.join("\0");
    const counted = texts.reduce((sum, text) => sum + count(text), 0);
    if (counted < least || seen.has(name)) return;
    seen.add(name);
    pairs[part].push([estimate, counted, texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 4]);
}

for (const name of readdirSync(join(root, "pcaps"))) {
    const folder = join(root, "pcaps", name);
    if (!existsSync(join(folder, "traffic.pcapng"))) continue;
    const events = events_of(folder), lists = new Map();
    for (const mcp of events.filter(event => event.method)) {
        if (mcp.method.name === "tools/list" && mcp.result?.tools) {
            const key = JSON.stringify([mcp.session?.id, mcp.server, mcp.client]);
            lists.set(key, [...(lists.get(key) ?? []), ...mcp.result.tools.map(tool => JSON.stringify(tool))]);
        }
        if (mcp.result_tokens_estimate) {
            const {texts, others} = strings_of(mcp.result, "", {texts: [], others: []});
            add("results", texts.length ? texts : others, mcp.result_tokens_estimate);
        }
    }
    const sessions = events.filter(event => event.methods && event.list_tokens_estimate);
    if (sessions.length === 1 && lists.size === 1) add("lists", [...lists.values()][0], sessions[0].list_tokens_estimate);
}

let wrong = 0;
const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
const shown = ratios => [0.05, 0.5, 0.95].map(part => quantile(ratios, part).toFixed(2));
console.log(process.argv.includes("--markdown") ? "| | texts | estimate / count: 5 %, median, 95 % | bytes / 4 / count |\n|---|---|---|---|" : "");
for (const [part, some] of Object.entries(pairs)) {
    const ratios = some.map(([estimate, counted]) => estimate / counted).sort((a, b) => a - b);
    const quarters = some.map(([, counted, bytes]) => bytes / counted).sort((a, b) => a - b);
    console.log(`| ${part} | ${some.length} | ${shown(ratios).join(", ")} | ${shown(quarters).join(", ")} |`);
    const off = ratios.filter(ratio => ratio < bounds[part][0] || ratio > bounds[part][1]).length;
    if (some.length < 10 || off > some.length / 10) {
        console.log(`WRONG: ${part}: ${off} of ${some.length} are off`);
        ++wrong;
    }
}
process.exit(wrong ? 1 : 0);
