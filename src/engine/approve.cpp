// What was seen, as entries of a policy: one entry for each host and port.
#include "engine/approve.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "detect/host_name.h"
#include "detect/yaml.h"
#include "engine/options.h"
#include "inventory/policy.h"
#include "inventory/url_path.h"
#include "report/json.h"

namespace umbratap::engine {

namespace {

using inventory::StoredServer;

/// More paths than these are no list that a person reads: ids in them, most likely.
constexpr std::size_t paths_max = 20;

/// What one entry will cover.
struct Subject {
    std::string host, address;  ///< address: only where it belongs to the name
    std::uint16_t port = 0;
    std::string name;  ///< what it calls itself, last
    std::set<std::string> paths;
    bool any_path = false;  ///< one of them cannot be written into a policy, or there are too many
    bool tls = true;        ///< always
    Time first_seen = Time::max(), last_seen = Time::min();
    std::size_t clients = 0;
};

/// In brackets where it is IPv6 (RFC 3986, 3.2.2), as a policy names it.
std::string authority_of(const std::string& host) {
    const bool bare = host.find(':') != std::string::npos && !host.starts_with('[');
    return bare ? '[' + host + ']' : host;
}

std::string place_of(const std::string& host, const std::string& address, std::uint16_t port) {
    std::string place = authority_of(host.empty() ? address : host);
    if (port != 0) place += ':' + std::to_string(port);
    return place;
}

std::string title_of(const Subject& subject) {
    std::string title = place_of(subject.host, subject.address, subject.port);
    if (!subject.host.empty() && !subject.address.empty()) title += " at " + subject.address;
    return title;
}

bool is_asked_for(const StoredServer& server, const std::string& wanted) {
    return wanted == (server.host.empty() ? server.address : server.host) ||
           wanted == place_of(server.host, server.address, server.port);
}

/// All servers that were asked for.
std::vector<StoredServer> chosen(const std::vector<StoredServer>& servers,
                                 const std::vector<std::string>& wanted) {
    std::vector<StoredServer> all;
    std::set<std::string> met;
    for (const StoredServer& server : servers) {
        bool take = wanted.empty() && server.verdict == "shadow";
        for (const std::string& one : wanted) {
            if (!is_asked_for(server, one)) continue;
            take = true;
            met.insert(one);
        }
        if (take) all.push_back(server);
    }
    for (const std::string& one : wanted) {
        if (met.contains(one)) continue;
        std::vector<std::string> places;
        for (const StoredServer& server : servers)
            places.push_back(server.host.empty() ? server.address : server.host);
        const std::vector<std::string_view> known(places.begin(), places.end());
        throw UsageError("inventory approve: no server '" + one + "' was seen" +
                         detect::suggestion(one, known));
    }
    if (all.empty()) throw UsageError("inventory approve: nothing to approve: no server is shadow");
    return all;
}

void add(const StoredServer& server, Subject& subject) {
    subject.host = server.host;
    subject.address = server.host.empty() ? server.address : server.scope;
    subject.port = server.port;
    subject.tls = subject.tls && !server.tls.empty() && server.tls != "none";
    subject.first_seen = std::min(subject.first_seen, server.first_seen);
    if (server.last_seen >= subject.last_seen) {
        subject.last_seen = server.last_seen;
        subject.name = server.name;
    }
    subject.clients += server.clients.size();
    const auto path = inventory::plain_path(server.path);
    if (path && path->find_first_of("*?#%") == std::string::npos) {
        subject.paths.insert(*path);
    } else {
        subject.any_path = true;
    }
    subject.any_path = subject.any_path || subject.paths.size() > paths_max;
}

class Yaml {
public:
    std::string take() { return std::move(text_); }

    void line(const std::string& words) { text_ += words + '\n'; }
    void comment(const std::string& words) { text_ += "    # " + words + '\n'; }
    void member(const char* key, const std::string& value, const char* before = "    ") {
        if (value.empty()) return;
        text_ += before + std::string(key) + ": ";
        quote(value);
        text_ += '\n';
    }
    template <class Texts>
    void members(const char* key, const Texts& values) {
        text_ += "    " + std::string(key) + ": [";
        for (const std::string& value : values) {
            if (text_.back() != '[') text_ += ", ";
            quote(value);
        }
        text_ += "]\n";
    }
    /// For use in a comment: one line, whatever it holds.
    static std::string quoted(const std::string& value) {
        std::string text;
        report::write_json_string(value, text);
        return text;
    }

private:
    /// A JSON string is a YAML string (YAML 1.2, 1.3).
    void quote(const std::string& value) { report::write_json_string(value, text_); }

    std::string text_;
};

std::string day_of(Time time) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text;
}

void write(const Subject& subject, const Approval& approval, Yaml& yaml) {
    yaml.member("name", title_of(subject), "  - ");
    yaml.comment("seen " + day_of(subject.first_seen) + " to " + day_of(subject.last_seen) +
                 ", clients: " + std::to_string(subject.clients) +
                 (subject.name.empty() ? "" : ", calls itself " + Yaml::quoted(subject.name)));
    if (!subject.host.empty()) yaml.members("hosts", std::array{authority_of(subject.host)});
    if (!subject.address.empty()) yaml.members("addresses", std::array{subject.address});
    if (subject.port != 0) yaml.line("    ports: [" + std::to_string(subject.port) + "]");
    if (subject.any_path) {
        yaml.comment("paths: any; not all that were seen can be listed");
    } else if (!subject.paths.empty()) {
        yaml.members("paths", subject.paths);
    }
    if (!subject.tls) {
        yaml.comment("it was seen without TLS; take the next line out once it is not any more");
        yaml.line("    require_tls: false");
    }
    yaml.member("verdict", approval.verdict);
    yaml.member("owner", approval.owner);
    yaml.member("reason", approval.reason);
    if (!approval.expires.empty()) yaml.member("expires", approval.expires);
}

}  // namespace

std::string policy_for(const std::vector<StoredServer>& servers, const Approval& approval) {
    std::map<std::tuple<std::string, std::string, std::uint16_t>, Subject> subjects;
    for (const StoredServer& server : chosen(servers, approval.servers)) {
        const std::string& address = server.host.empty() ? server.address : server.scope;
        add(server, subjects[{server.host, address, server.port}]);
    }
    Yaml yaml;
    yaml.line("version: 1");
    yaml.line("portals:");
    for (const auto& [place, subject] : subjects) write(subject, approval, yaml);
    std::string text = yaml.take();
    try {
        inventory::Policy::read(detect::YamlNode::parse(text, "entry"));
    } catch (const detect::RuleError& error) {
        throw UsageError(std::string("inventory approve: ") + error.what());
    }
    return text;
}

}  // namespace umbratap::engine
