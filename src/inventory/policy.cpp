// The policy: entries in the order of the file, included lists behind them. The first entry of
// which everything holds decides. An entry that holds in all but its date is told beside the
// verdict.
//
// A name counts only as far as the wire vouches for it. With TLS, SNI and Host must be one name,
// and a certificate, if it was seen, must cover it; in clear, or behind a mirror that took TLS off,
// the Host stands alone; and a Host that the SNI contradicts is no name at all. A Host that is an
// address is vouched for by the address of the server.
#include "inventory/policy.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/digest.h"
#include "detect/glob.h"
#include "detect/host_name.h"
#include "detect/rules.h"
#include "inventory/lookalike.h"
#include "inventory/policy_entry.h"
#include "inventory/url_path.h"

namespace umbratap::inventory {

namespace {

using detect::YamlNode;

/// A contact's name and path in the spelling of the policy.
struct Plain {
    std::optional<std::string> host, server_name, path;
    bool agreed = false;        ///< SNI, Host and certificate are one name (see above)
    bool contradicted = false;  ///< SNI and Host are two names
};

/// RFC 6125, 6.4.3: `*` is the whole first label and stands for one.
bool covers(const std::string& certificate_name, const std::string& host) {
    if (certificate_name.starts_with("*.")) {
        const std::size_t dot = host.find('.');
        const std::optional<std::string> parent =
            detect::host_name(std::string_view(certificate_name).substr(2));
        return parent && dot != std::string::npos && !detect::is_address_literal(host) &&
               host.substr(dot + 1) == *parent;
    }
    const std::optional<std::string> name = detect::host_name(certificate_name);
    // Certificates name IPv6 addresses without brackets.
    return name == host || detect::host_name("[" + certificate_name + "]") == host;
}

bool is_address_of(const std::string& host, const packet::Address& server) {
    packet::Address address;
    const std::string text = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    return read_address(text, address) && address == server;
}

Plain plain(const Contact& contact, bool content_seen) {
    Plain plain;
    if (!contact.server_name.empty()) plain.server_name = detect::host_name(contact.server_name);
    const bool host_seen = content_seen && !contact.host.empty();
    plain.host =
        host_seen ? detect::host_name(detect::without_port(contact.host)) : plain.server_name;
    if (content_seen) plain.path = plain_path(contact.path);

    const bool name_seen = !contact.server_name.empty();
    plain.contradicted = host_seen && name_seen && plain.host != plain.server_name;
    if (plain.host && !contact.server_name.empty()) {
        plain.agreed = !plain.contradicted;
    } else if (plain.host) {
        // Addresses are never sent as SNI (RFC 6066, 3).
        plain.agreed = detect::is_address_literal(*plain.host) && contact.server &&
                       is_address_of(*plain.host, *contact.server);
    } else {
        plain.agreed = !host_seen && !name_seen;  // there is no name to disagree about
    }
    if (plain.agreed && plain.host && !contact.certificate_names.empty()) {
        plain.agreed =
            std::any_of(contact.certificate_names.begin(), contact.certificate_names.end(),
                        [&](const std::string& name) { return covers(name, *plain.host); });
    }
    return plain;
}

bool holds(const PolicyEntry& entry, const Contact& contact, const Plain& plain,
           bool content_seen) {
    if (!entry.hosts.empty() &&
        (plain.contradicted || !plain.host || !entry.hosts.contains(*plain.host)))
        return false;
    if (!entry.addresses.empty()) {
        if (contact.via_proxy || !contact.server) {
            if (!contact.via_proxy || !entry.via_proxy) return false;
        } else if (!entry.addresses.contains(*contact.server)) {
            return false;
        }
    }
    if (!entry.ports.empty() &&
        std::find(entry.ports.begin(), entry.ports.end(), contact.port) == entry.ports.end())
        return false;
    if (!entry.clients.empty() && !entry.clients.contains(contact.client)) return false;
    if (content_seen && !entry.paths.empty()) {
        if (!plain.path ||
            std::none_of(entry.paths.begin(), entry.paths.end(), [&](const std::string& pattern) {
                return path_matches(*plain.path, pattern);
            })) {
            return false;
        }
    }
    if (!entry.require_tls) return true;
    return contact.tls ? plain.agreed : contact.decrypted_mirror && !plain.contradicted;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + text;
    return list;
}

std::string day(std::chrono::sys_days days) {
    const std::chrono::year_month_day date(days);
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// The first few in the order of the alphabet, and how many more there are.
std::string hosts_text(const HostSet& hosts) {
    constexpr std::size_t shown = 5;
    std::set<std::string> all(hosts.names().begin(), hosts.names().end());
    for (const std::string& parent : hosts.parents()) all.insert("*." + parent);
    const auto end = std::next(all.begin(), static_cast<long>(std::min(shown, all.size())));
    std::string text = joined({all.begin(), end});
    if (all.size() > shown) text += " and " + std::to_string(all.size() - shown) + " more";
    return text;
}

/// Names of tools with `*` for any characters.
bool any_matches(const std::vector<std::string>& globs, std::string_view tool) {
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return detect::glob_matches(tool, glob); });
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::approved:
            return "approved";
        case Verdict::tolerated:
            return "tolerated";
        case Verdict::shadow:
            break;
    }
    return "shadow";
}

struct Policy::State {
    bool given = false;
    std::string file, version;
    Verdict unlisted = Verdict::shadow;
    std::vector<PolicyEntry> entries;

    /// Names of the portals, in the order of entries and of the alphabet.
    struct Portal {
        std::size_t entry;
        ApprovedName name;
    };
    std::vector<Portal> portals;

    void prepare_portals();
};

void Policy::State::prepare_portals() {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].included) continue;
        const HostSet& hosts = entries[i].hosts;
        std::set<std::string> names(hosts.names().begin(), hosts.names().end());
        names.insert(hosts.parents().begin(), hosts.parents().end());
        for (const std::string& name : names) portals.push_back({i, ApprovedName(name)});
    }
}

Policy::Policy() : state_(std::make_unique<State>()) {}
Policy::~Policy() = default;
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;

Policy Policy::load(const std::string& file) {
    return read(YamlNode::load(file));
}

Policy Policy::read(const YamlNode& file) {
    if (!file.is_mapping()) file.fail("expected a policy: version, defaults, portals, include");
    file.allow_only({"version", "defaults", "portals", "include"});
    if (const auto version = file.find("version")) version->integer(1, 1);
    Policy policy;
    State& state = *policy.state_;
    state.given = true;
    state.file = file.file();
    if (const auto defaults = file.find("defaults")) {
        defaults->allow_only({"unlisted"});
        if (const auto unlisted = defaults->find("unlisted")) {
            state.unlisted = unlisted->one_of({"shadow", "tolerated"}) == 0 ? Verdict::shadow
                                                                            : Verdict::tolerated;
        }
    }
    const auto add = [&](const YamlNode& node, PolicyEntry entry) {
        for (const PolicyEntry& other : state.entries) {
            if (other.name == entry.name)
                node.fail("the name '" + entry.name + "' is taken by line " +
                          std::to_string(other.line));
        }
        state.entries.push_back(std::move(entry));
    };
    if (const auto portals = file.find("portals")) {
        for (const YamlNode& node : portals->elements()) add(node, read_policy_entry(node));
    }
    if (const auto include = file.find("include")) {
        const std::string directory = std::filesystem::path(file.file()).parent_path().string();
        for (const YamlNode& node : include->elements())
            add(node, read_included_list(node, directory));
    }
    std::string texts = file.source(0);
    for (const PolicyEntry& entry : state.entries) texts += entry.list_digest;
    state.version = to_hex(Bytes(sha256(as_bytes(texts))).first(8));
    state.prepare_portals();
    return policy;
}

bool Policy::given() const noexcept {
    return state_->given;
}

const std::string& Policy::version() const noexcept {
    return state_->version;
}

Judgement Policy::judge(const Contact& contact, Seen seen) const {
    Judgement judgement;
    judgement.verdict = state_->unlisted;
    const bool content_seen = seen == Seen::content;
    const Plain name = plain(contact, content_seen);
    for (const PolicyEntry& entry : state_->entries) {
        if (!holds(entry, contact, name, content_seen)) continue;
        if (entry.expires && contact.time >= Time(*entry.expires + std::chrono::days(1))) {
            if (judgement.expired.empty()) judgement.expired = entry.name;
            continue;
        }
        judgement.verdict = entry.verdict;
        judgement.entry = entry.name;
        break;
    }
    return judgement;
}

std::optional<Lookalike> Policy::lookalike(const Contact& contact) const {
    const Plain name = plain(contact, true);
    const std::string sni = name.server_name.value_or(""), host = name.host.value_or(sni);
    const auto covered = [&](const std::string& candidate) -> const PolicyEntry* {
        for (const PolicyEntry& entry : state_->entries) {
            if (!candidate.empty() && entry.hosts.contains(candidate)) return &entry;
        }
        return nullptr;
    };
    const PolicyEntry *by_host = covered(host), *by_sni = covered(sni);
    if (name.contradicted) {
        // Two names of one entry are one service; a name of ours beside a foreign one is borrowed.
        if (by_host != by_sni && by_host != nullptr)
            return Lookalike{by_host->name, host, contact.server_name, "contradicted"};
        if (by_host != by_sni) return Lookalike{by_sni->name, sni, contact.host, "contradicted"};
    }
    if (by_host != nullptr && !sni.empty() && !name.agreed && !contact.certificate_names.empty() &&
        !name.contradicted) {
        return Lookalike{by_host->name, host, contact.certificate_names.front(), "certificate"};
    }
    for (const std::string& candidate : {host, sni}) {
        if (candidate.empty() || covered(candidate) != nullptr) continue;
        const std::string seen = skeleton(candidate);
        for (const State::Portal& portal : state_->portals) {
            if (const auto why = portal.name.borrowed_by(candidate, seen); !why.empty()) {
                return Lookalike{state_->entries[portal.entry].name, portal.name.name(), candidate,
                                 std::string(why)};
            }
        }
    }
    return std::nullopt;
}

namespace {

const PolicyEntry* find_entry(const std::vector<PolicyEntry>& entries, std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const PolicyEntry& entry) { return entry.name == name; });
    return found == entries.end() ? nullptr : &*found;
}

}  // namespace

bool Policy::tool_allowed(std::string_view name, std::string_view tool) const {
    const PolicyEntry* entry = find_entry(state_->entries, name);
    if (entry == nullptr) return true;
    return any_matches(entry->tools_allowed, tool) && !any_matches(entry->tools_denied, tool);
}

bool Policy::tls_required(std::string_view name) const {
    const PolicyEntry* entry = find_entry(state_->entries, name);
    return entry == nullptr || entry->require_tls;
}

std::vector<std::string> Policy::describe() const {
    std::vector<std::string> lines;
    for (const PolicyEntry& entry : state_->entries) {
        std::string line = std::string(to_string(entry.verdict)) + " '" + entry.name + "': ";
        if (!entry.hosts.empty()) line += hosts_text(entry.hosts);
        if (!entry.addresses.empty()) {
            line += (entry.hosts.empty() ? "" : ", ") +
                    counted(entry.addresses.size(), "network", "networks");
        }
        if (!entry.ports.empty()) line += ", " + counted(entry.ports.size(), "port", "ports");
        if (!entry.paths.empty()) line += ", paths " + joined(entry.paths);
        line += entry.require_tls ? ", TLS required" : ", TLS not required";
        if (entry.via_proxy) line += ", also through a proxy";
        if (!entry.clients.empty())
            line += ", for " + counted(entry.clients.size(), "client network", "client networks");
        if (entry.tools_allowed != std::vector<std::string>{"*"})
            line += ", tools " + joined(entry.tools_allowed);
        if (!entry.tools_denied.empty()) line += ", tools denied " + joined(entry.tools_denied);
        if (entry.expires) line += ", until " + day(*entry.expires);
        if (!entry.owner.empty()) line += ", owner " + entry.owner;
        lines.push_back(line + " (" + entry.file + ":" + std::to_string(entry.line) + ")");
    }
    if (state_->given)
        lines.push_back(std::string(to_string(state_->unlisted)) + ": everything else");
    return lines;
}

std::vector<std::string> Policy::warnings() const {
    std::vector<std::string> lines;
    const auto now = std::chrono::system_clock::now();
    for (const PolicyEntry& entry : state_->entries) {
        if (entry.expires && now >= *entry.expires + std::chrono::days(1)) {
            lines.push_back(entry.file + ":" + std::to_string(entry.line) + ": the entry '" +
                            entry.name + "' expired on " + day(*entry.expires));
        }
    }
    return lines;
}

}  // namespace umbratap::inventory
