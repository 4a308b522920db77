// Tools of many servers, held against each other.
//
// A false alarm is worse than a miss here: many servers have a tool called "search", every portal
// shows tools of others, every server is updated one day. So each oddity asks for what has no
// everyday reason: two definitions at the same time, a trusted name taken by a server that nobody
// approved, most of a catalogue in two places of which one is a portal.
#include "inventory/tool_watch.h"

#include <algorithm>
#include <array>
#include <functional>

#include "mcp/definition.h"

namespace umbratap::inventory {

namespace {

constexpr std::size_t views_kept = 4, view_clients_max = 8, holders_max = 16;
constexpr std::size_t names_searched_max = 512;         // of a client, in one definition
constexpr std::size_t distinctive_content_bytes = 120;  // of a definition without its name
constexpr std::size_t shared_tools_min = 3;
constexpr std::size_t shared_bytes_min = 600;  // where there are fewer tools
constexpr double shared_part_min = 0.8;
constexpr std::size_t near_by = 80;  // bytes around a name in which an order speaks of it
constexpr std::size_t shown_max = 160;

std::string key_of(const packet::Address& address) {
    return {reinterpret_cast<const char*>(address.octets.data()), 16};
}

bool holds(const std::vector<packet::Address>& clients, const packet::Address& client) {
    return std::find(clients.begin(), clients.end(), client) != clients.end();
}

bool is_trusted(Verdict verdict) {
    return verdict != Verdict::shadow;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A name that stands in a text for nothing but the tool: of six letters and more, in several
/// words.
bool is_distinctive(std::string_view name) {
    if (name.size() < 6) return false;
    if (name.find_first_of("_-.") != std::string_view::npos) return true;
    for (std::size_t i = 1; i < name.size(); ++i) {
        if (name[i] >= 'A' && name[i] <= 'Z' && name[i - 1] >= 'a' && name[i - 1] <= 'z')
            return true;
    }
    return false;
}

/// The place of `name` as a whole word; npos if there is none.
std::size_t find_word(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
        const bool begins = at == 0 || !is_letter(text[at - 1]);
        const bool ends = at + name.size() == text.size() || !is_letter(text[at + name.size()]);
        if (begins && ends) return at;
    }
    return std::string_view::npos;
}

/// Words by which a description tells a model what to do with another tool.
bool gives_orders(std::string_view text) {
    constexpr std::array<std::string_view, 12> orders = {
        "instead of", "rather than", "before", "when ", "whenever", "do not use",
        "don't use",  "never use",   "always", "must ", "replaces", "after calling"};
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return std::any_of(orders.begin(), orders.end(), [&](std::string_view order) {
        return lower.find(order) != std::string::npos;
    });
}

std::string_view around(std::string_view text, std::size_t at, std::size_t size) {
    std::size_t first = at > near_by ? at - near_by : 0;
    std::size_t last = std::min(text.size(), at + size + near_by);
    while (first < at && (text[first] & 0xc0) == 0x80) ++first;
    while (last < text.size() && (text[last] & 0xc0) == 0x80) ++last;
    return text.substr(first, last - first);
}

}  // namespace

ToolWatch::Server& ToolWatch::server_of(const ToolList& list) {
    const bool made = servers_.try_emplace(list.server).second;
    if (made) server_order_.emplace_back(list.server, list.time);
    make_room_for(list.server);
    Server& server = servers_[list.server];
    server.verdict = list.verdict;
    server.last = list.time;
    return server;
}

void ToolWatch::make_room_for(const std::string& newest) {
    const auto is_full = [&] {
        return servers_.size() > limits_.servers_max || server_entries_ > limits_.entries_max;
    };
    for (std::size_t looks = 2 * server_order_.size(); looks > 0 && is_full(); --looks) {
        const auto [oldest, then] = server_order_.front();
        server_order_.pop_front();
        const auto known = servers_.find(oldest);
        if (known == servers_.end()) continue;
        if (oldest == newest || known->second.last > then) {  // it listed again
            server_order_.emplace_back(oldest, known->second.last);
        } else {
            forget_server(oldest);
        }
    }
}

void ToolWatch::forget_server(const std::string& name) {
    server_entries_ -= servers_[name].contents.size() + servers_[name].views.size();
    for (const auto& [content, size] : servers_[name].contents) {
        const auto holders = holders_.find(content);
        if (holders == holders_.end()) continue;
        std::erase(holders->second, name);
        if (holders->second.empty()) holders_.erase(holders);
    }
    servers_.erase(name);
}

ToolWatch::Client& ToolWatch::client_of(const ToolList& list) {
    const std::string key = key_of(list.client);
    if (clients_.try_emplace(key).second) client_order_.push_back(key);
    make_room_for_client(key);
    Client& client = clients_[key];
    client.last = list.time;
    return client;
}

void ToolWatch::make_room_for_client(const std::string& newest) {
    while (!client_order_.empty() && client_order_.front() != newest &&
           (clients_.size() > limits_.clients_max || client_entries_ > limits_.entries_max)) {
        const auto oldest = clients_.find(client_order_.front());
        client_entries_ -= oldest->second.tools.size();
        clients_.erase(oldest);
        client_order_.pop_front();
    }
}

ToolWatch::Content ToolWatch::content_of(const std::string& definition) {
    const std::string nameless = mcp::nameless_definition(definition);
    return {std::hash<std::string>()(nameless), nameless.size()};
}

void ToolWatch::add_content(const std::string& name, Server& server, const Content& content) {
    if (content.size < distinctive_content_bytes || server.contents.size() >= limits_.tools_max)
        return;
    if (!server.contents.emplace(content.hash, content.size).second) return;
    ++server_entries_;
    std::vector<std::string>& holders = holders_[content.hash];
    if (holders.size() < holders_max) holders.push_back(name);
}

void ToolWatch::restore(const std::string& name, Verdict verdict, const std::string& definition) {
    ToolList list;
    list.server = name;
    list.verdict = verdict;
    add_content(name, server_of(list), content_of(definition));
}

/// A, then B, then A again, shown to different clients: the server chooses by who asks. A, then B
/// for everybody is an update; several instances behind one name during one say so by their
/// version.
void ToolWatch::look_for_split(const ToolList& list, const ListedTool& tool, Server& server,
                               Batch<ToolOddity>& out) {
    if (server.views.size() >= limits_.tools_max && !server.views.contains(tool.name)) return;
    const auto [found, made] = server.views.try_emplace(tool.name);
    if (made) ++server_entries_;
    std::deque<View>& views = found->second;
    if (!views.empty() && views.back().fingerprint == tool.fingerprint) {
        View& view = views.back();
        view.last = list.time;
        if (!holds(view.clients, list.client) && view.clients.size() < view_clients_max)
            view.clients.push_back(list.client);
        return;
    }
    if (views.size() >= 2) {
        const View& before = views[views.size() - 2];
        const View& between = views.back();
        const bool back_again = before.fingerprint == tool.fingerprint;
        const bool others = std::none_of(
            between.clients.begin(), between.clients.end(), [&](const packet::Address& client) {
                return client == list.client || holds(before.clients, client);
            });
        const bool same_software = before.server_version == list.server_version &&
                                   between.server_version == list.server_version;
        if (back_again && others && same_software &&
            list.time - before.last <= limits_.split_window) {
            ToolOddity& oddity = out.emplace_back();
            oddity.category = "split-view";
            oddity.tool = tool.name;
            oddity.matched = "alternating-definitions";
            oddity.where = "result.tools";
            oddity.metadata["fingerprints"] = {tool.fingerprint, between.fingerprint};
        }
    }
    views.push_back({tool.fingerprint, list.server_version, {list.client}, list.time, list.time});
    if (views.size() > views_kept) views.pop_front();
}

/// A server that nobody approved takes the name of a tool that this client knows from one that is
/// approved, with another content; or speaks of such a tool and gives orders about it.
void ToolWatch::look_for_shadowing(const ToolList& list, const ListedTool& tool,
                                   const Content& content, const Client& client,
                                   Batch<ToolOddity>& out) const {
    const auto same = client.tools.find(tool.name);
    if (same != client.tools.end() && is_distinctive(tool.name) &&
        same->second.server != list.server && is_trusted(same->second.verdict) &&
        !is_trusted(list.verdict) && same->second.content != content.hash) {
        ToolOddity& oddity = out.emplace_back();
        oddity.category = "tool-shadowing";
        oddity.tool = tool.name;
        oddity.matched = "same-name";
        oddity.where = "result.tools[].name";
        oddity.excerpt = tool.name;
        oddity.metadata["shadowed_server"] = {same->second.server};
    }
    std::size_t searched = 0;
    for (const auto& [name, known] : client.tools) {
        if (known.server == list.server || !is_distinctive(name)) continue;
        if (++searched > names_searched_max) break;
        const std::size_t at = find_word(tool.definition, name);
        if (at == std::string::npos || name == tool.name) continue;
        const std::string_view text = around(tool.definition, at, name.size());
        if (!gives_orders(text)) continue;
        ToolOddity& oddity = out.emplace_back();
        oddity.category = "tool-shadowing";
        oddity.tool = tool.name;
        oddity.matched = "speaks-of-another-tool";
        oddity.where = "result.tools[].description";
        oddity.excerpt = text.substr(0, shown_max);
        oddity.metadata["shadowed_server"] = {known.server};
        oddity.metadata["shadowed_tool"] = {name};
        return;
    }
}

void ToolWatch::look_at_pair(const std::string& direct, const std::string& portal,
                             bool about_direct, Batch<ToolOddity>& out) {
    Server& server = servers_[direct];
    const Server& through = servers_[portal];
    std::size_t shared = 0, shared_bytes = 0;
    for (const auto& [content, size] : server.contents) {
        if (!through.contents.contains(content)) continue;
        ++shared;
        shared_bytes += size;
    }
    const bool enough = shared >= shared_tools_min || shared_bytes >= shared_bytes_min;
    const auto part = static_cast<double>(shared) / static_cast<double>(server.contents.size());
    if (!enough || part < shared_part_min) return;
    if (std::find(server.bypassed.begin(), server.bypassed.end(), portal) != server.bypassed.end())
        return;
    server.bypassed.push_back(portal);
    ToolOddity& oddity = out.emplace_back();
    oddity.category = "portal-bypass";
    oddity.matched = "same-catalogue";
    oddity.where = "result.tools";
    oddity.excerpt = std::to_string(shared) + " of " + std::to_string(server.contents.size()) +
                     " tools are also offered by " + portal;
    oddity.metadata["portal"] = {portal};
    if (!about_direct) oddity.about = direct;
}

/// At who else offers what is in this list: what came before was looked at when it came.
void ToolWatch::look_for_bypass(const ToolList& list, const std::vector<Content>& contents,
                                Batch<ToolOddity>& out) {
    std::vector<std::string> others;
    for (const Content& content : contents) {
        const auto holders = holders_.find(content.hash);
        if (holders == holders_.end()) continue;
        for (const std::string& holder : holders->second) {
            if (holder != list.server &&
                std::find(others.begin(), others.end(), holder) == others.end())
                others.push_back(holder);
        }
    }
    std::sort(others.begin(), others.end());
    for (const std::string& other : others) {
        const Verdict verdict = servers_[other].verdict;
        if (list.verdict == Verdict::shadow && verdict == Verdict::approved) {
            look_at_pair(list.server, other, true, out);
        } else if (list.verdict == Verdict::approved && verdict == Verdict::shadow) {
            look_at_pair(other, list.server, false, out);
        }
    }
}

void ToolWatch::push(const ToolList& list, Batch<ToolOddity>& out) {
    Server& server = server_of(list);
    Client& client = client_of(list);
    std::vector<Content> contents;
    for (const ListedTool& tool : list.tools) {
        const Content& content = contents.emplace_back(content_of(tool.definition));
        if (tool.definition.empty()) continue;
        look_for_split(list, tool, server, out);
        look_for_shadowing(list, tool, content, client, out);
        add_content(list.server, server, content);
    }
    for (std::size_t i = 0; i < list.tools.size(); ++i) {
        const ListedTool& tool = list.tools[i];
        if (client.tools.size() >= limits_.client_tools_max && !client.tools.contains(tool.name))
            continue;
        const auto [found, made] = client.tools.try_emplace(tool.name);
        if (made) ++client_entries_;
        Known& known = found->second;
        // Who is trusted keeps the name.
        if (!known.server.empty() && is_trusted(known.verdict) && !is_trusted(list.verdict))
            continue;
        known = {list.server, list.verdict, contents[i].hash};
    }
    look_for_bypass(list, contents, out);
}

}  // namespace umbratap::inventory
