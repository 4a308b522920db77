// The inventory as JSON and as CSV. All text in it is an attacker's: nothing of it reaches a
// terminal, a reader or a spreadsheet other than as text.
#include <cstdio>
#include <ctime>

#include "inventory/store.h"
#include "mcp/tokens.h"

namespace umbratap::inventory {

namespace {

std::string to_text(Time time) {
    const std::time_t second =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&second, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

void append_unit(unsigned unit, std::string& out) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", unit & 0xffff);
    out += escape;
}

// Takes the first character off `text`; U+FFFD for a byte that is no UTF-8 (RFC 3629, 4).
char32_t take_character(std::string_view& text) noexcept {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U;
    };
    const unsigned lead = at(0);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    char32_t code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    bool valid = lead < 0x80 || (lead >= 0xc2 && lead < 0xf5);
    for (std::size_t i = 1; i < length; ++i) {
        valid = valid && (at(i) & 0xc0) == 0x80;
        code = code << 6 | (at(i) & 0x3f);
    }
    constexpr char32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    valid = valid && code >= lowest[length] && code < 0x110000 && (code < 0xd800 || code > 0xdfff);
    text.remove_prefix(valid ? length : 1);
    return valid ? code : char32_t{0xfffd};
}

void append_json_string(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        const char32_t code = take_character(text);
        if (code == '"' || code == '\\') {
            out += '\\';
            out += static_cast<char>(code);
        } else if (code >= 0x20 && code < 0x7f) {
            out += static_cast<char>(code);
        } else if (code < 0x10000) {
            append_unit(code, out);
        } else {
            append_unit(0xd800 + ((code - 0x10000) >> 10), out);
            append_unit(0xdc00 + ((code - 0x10000) & 0x3ff), out);
        }
    }
    out += '"';
}

void append_member(const char* key, std::string_view value, std::string& out) {
    if (value.empty()) return;
    out += out.back() == '{' ? "\"" : ",\"";
    out += key;
    out += "\":";
    append_json_string(value, out);
}

void append_member(const char* key, std::uint64_t value, std::string& out) {
    out += out.back() == '{' ? "\"" : ",\"";
    out += key;
    out += "\":" + std::to_string(value);
}

void append_times(Time first_seen, Time last_seen, std::string& out) {
    append_member("first_seen", to_text(first_seen), out);
    append_member("last_seen", to_text(last_seen), out);
}

void append_json(const StoredServer& server, std::string& out) {
    out += '{';
    append_member("host", server.host, out);
    append_member("address", server.address, out);
    if (server.port != 0) append_member("port", server.port, out);
    append_member("path", server.path, out);
    append_member("verdict", server.verdict, out);
    append_member("name", server.name, out);
    append_member("version", server.version, out);
    append_member("transport", server.transport, out);
    append_member("tls", server.tls, out);
    append_member("protocol_version", server.protocol_version, out);
    append_member("sessions", server.sessions, out);
    append_member("calls", server.calls, out);
    append_times(server.first_seen, server.last_seen, out);
    out += ",\"tools\":[";
    for (const StoredTool& tool : server.tools_known) {
        out += out.back() == '[' ? "{" : ",{";
        append_member("name", tool.name, out);
        append_member("fingerprint", tool.fingerprint, out);
        append_member("changes", tool.changes, out);
        if (!tool.definition.empty())
            append_member("tokens_estimate", mcp::tokens_estimate(tool.definition), out);
        append_times(tool.first_seen, tool.last_seen, out);
        out += '}';
    }
    out += "],\"clients\":[";
    for (const StoredClient& client : server.clients_known) {
        out += out.back() == '[' ? "{" : ",{";
        append_member("address", client.address, out);
        append_member("name", client.name, out);
        append_member("version", client.version, out);
        append_member("user_agent", client.user_agent, out);
        append_times(client.first_seen, client.last_seen, out);
        out += '}';
    }
    out += "]}";
}

// A spreadsheet runs what begins so; the apostrophe makes it text.
bool looks_like_formula(std::string_view cell) noexcept {
    return !cell.empty() &&
           std::string_view("=+-@\t\r\n").find(cell.front()) != std::string_view::npos;
}

void append_cell(std::string_view cell, std::string& out) {
    std::string text = looks_like_formula(cell) ? "'" : "";
    while (!cell.empty()) {
        const std::string_view before = cell;
        const char32_t code = take_character(cell);
        const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (code == 0xfffd || (control && code != '\n' && code != '\t')) {
            text += "\uFFFD";
        } else {
            text += before.substr(0, before.size() - cell.size());
        }
    }
    if (text.find_first_of(",\"\n") == text.npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string joined(const std::vector<std::string>& values) {
    std::string all;
    for (const std::string& value : values) {
        if (!all.empty()) all += "; ";
        all += value;
    }
    return all;
}

}  // namespace

std::string to_json(const std::vector<StoredServer>& servers) {
    std::string out = "{\"version\":1,\"servers\":[";
    for (const StoredServer& server : servers) {
        out += out.back() == '[' ? "\n" : ",\n";
        append_json(server, out);
    }
    return out + "\n]}\n";
}

std::string to_csv(const std::vector<StoredServer>& servers) {
    std::string out =
        "host,address,port,path,verdict,name,version,transport,protocol_version,sessions,calls,"
        "first_seen,last_seen,"
        "tools,clients\r\n";
    for (const StoredServer& server : servers) {
        const std::string port = server.port != 0 ? std::to_string(server.port) : "";
        const std::string cells[] = {server.host,
                                     server.address,
                                     port,
                                     server.path,
                                     server.verdict,
                                     server.name,
                                     server.version,
                                     server.transport,
                                     server.protocol_version,
                                     std::to_string(server.sessions),
                                     std::to_string(server.calls),
                                     to_text(server.first_seen),
                                     to_text(server.last_seen),
                                     joined(server.tools),
                                     joined(server.clients)};
        const char* separator = "";
        for (const std::string& cell : cells) {
            out += separator;
            append_cell(cell, out);
            separator = ",";
        }
        out += "\r\n";
    }
    return out;
}

}  // namespace umbratap::inventory
