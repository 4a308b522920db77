// The config file. One table says all limits: a row a field.
#include "engine/config.h"

#include <functional>
#include <limits>

#include "detect/yaml.h"
#include "engine/output_config.h"

namespace umbratap::engine {

namespace {

using detect::YamlNode;

struct LimitKey {
    const char* section;
    const char* key;
    std::function<void(Options&, const YamlNode&)> set;
};

Duration seconds_of(const YamlNode& node, double min, double max) {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(node.number(min, max)));
}

template <class Field>
std::function<void(Options&, const YamlNode&)> number(Field field, std::int64_t min,
                                                      std::int64_t max) {
    return [=](Options& options, const YamlNode& node) {
        auto& place = field(options);
        place = static_cast<std::decay_t<decltype(place)>>(node.integer(min, max));
    };
}

template <class Field>
std::function<void(Options&, const YamlNode&)> seconds(Field field, double max) {
    return
        [=](Options& options, const YamlNode& node) { field(options) = seconds_of(node, 0, max); };
}

constexpr std::int64_t gibibyte = 1LL << 30;

#define FIELD(path)            \
    [](Options & o) -> auto& { \
        return o.path;         \
    }

const std::vector<LimitKey>& limit_keys() {
    static const std::vector<LimitKey> keys = {
        {"memory", "bytes_max", number(FIELD(limits.memory_bytes_max), 1 << 20, 1024 * gibibyte)},
        {"packet", "wrappers_max", number(FIELD(limits.packet.wrappers_max), 0, 32)},
        {"packet", "extension_headers_max",
         number(FIELD(limits.packet.extension_headers_max), 0, 64)},
        {"fragments", "bytes_max", number(FIELD(limits.fragments.bytes_max), 0, 16 * gibibyte)},
        {"fragments", "datagrams_max", number(FIELD(limits.fragments.datagrams_max), 0, 1 << 24)},
        {"fragments", "wait_max", seconds(FIELD(limits.fragments.wait_max), 3600)},
        {"flows", "flows_max", number(FIELD(limits.table.flows_max), 16, 1 << 28)},
        {"tcp", "early_bytes_max", number(FIELD(limits.tcp.early_bytes_max), 0, gibibyte)},
        {"tcp", "early_segments_max", number(FIELD(limits.tcp.early_segments_max), 0, 1 << 20)},
        {"tcp", "hole_wait_max", seconds(FIELD(limits.tcp.hole_wait_max), 3600)},
        {"tcp", "hole_wait_acknowledged_max",
         seconds(FIELD(limits.tcp.hole_wait_acknowledged_max), 3600)},
        {"tcp", "overlap_bytes_kept", number(FIELD(limits.tcp.overlap_bytes_kept), 0, gibibyte)},
        {"tcp", "alternate_bytes_max", number(FIELD(limits.tcp.alternate_bytes_max), 0, gibibyte)},
        {"tls", "waiting_bytes_max", number(FIELD(limits.tls.waiting_bytes_max), 0, gibibyte)},
        {"tls", "key_wait_max", seconds(FIELD(limits.tls.key_wait_max), 3600)},
        {"tls", "handshake_message_bytes_max",
         number(FIELD(limits.tls.handshake_message_bytes_max), 1024, 1 << 24)},
        {"tls", "key_changes_max", number(FIELD(limits.tls.key_changes_max), 1, 1 << 20)},
        {"tls", "trial_bytes_max", number(FIELD(limits.tls.trial_bytes_max), 0, gibibyte)},
        {"tls", "rhythms_max", number(FIELD(limits.rhythms_max), 0, 1 << 24)},
        {"tls", "secrets_max", number(FIELD(limits.secrets.secrets_max), 1, 1 << 28)},
        {"http", "head_bytes_max", number(FIELD(limits.http.head_bytes_max), 256, gibibyte)},
        {"http", "fields_max", number(FIELD(limits.http.fields_max), 1, 1 << 20)},
        {"http", "text_bytes_max", number(FIELD(limits.http.text_bytes_max), 1024, gibibyte)},
        {"http", "line_bytes_max", number(FIELD(limits.http.line_bytes_max), 1024, gibibyte)},
        {"http", "inflated_bytes_max",
         number(FIELD(limits.http.inflated_bytes_max), 1024, 64 * gibibyte)},
        {"http", "inflate_ratio_max", number(FIELD(limits.http.inflate_ratio_max), 1, 1 << 20)},
        {"http", "content_codings_max", number(FIELD(limits.http.content_codings_max), 0, 8)},
        {"http", "requests_waiting_max",
         number(FIELD(limits.http.requests_waiting_max), 1, 1 << 20)},
        {"http", "http2_streams_max", number(FIELD(limits.http.http2_streams_max), 1, 1 << 20)},
        {"http", "http2_continuations_max",
         number(FIELD(limits.http.http2_continuations_max), 0, 1 << 20)},
        {"http", "http2_resets_max", number(FIELD(limits.http.http2_resets_max), 1, 1 << 20)},
        {"http", "http2_settings_max", number(FIELD(limits.http.http2_settings_max), 1, 1 << 20)},
        {"http", "http2_pings_max", number(FIELD(limits.http.http2_pings_max), 1, 1 << 20)},
        {"json", "depth_max", number(FIELD(limits.mcp.depth_max), 4, 1024)},
        {"json", "batch_messages_max", number(FIELD(limits.mcp.batch_messages_max), 1, 1 << 20)},
        {"json", "tools_max", number(FIELD(limits.mcp.tools_max), 1, 1 << 20)},
        {"inventory", "session_idle_max", seconds(FIELD(inventory_limits.session_idle_max), 86400)},
        {"inventory", "sessions_max", number(FIELD(inventory_limits.sessions_max), 1, 1 << 28)},
        {"inventory", "exchanges_max", number(FIELD(inventory_limits.exchanges_max), 1, 1 << 28)},
        {"inventory", "calls_waiting_max",
         number(FIELD(inventory_limits.calls_waiting_max), 1, 1 << 20)},
        {"inventory", "alert_window", seconds(FIELD(inventory_limits.alert_window), 86400)},
        {"inventory", "alerts_open_max",
         number(FIELD(inventory_limits.alerts_open_max), 1, 1 << 28)},
        {"inventory", "tool_servers_max",
         number(FIELD(inventory_limits.tool_watch.servers_max), 1, 1 << 28)},
        {"inventory", "tool_clients_max",
         number(FIELD(inventory_limits.tool_watch.clients_max), 1, 1 << 28)},
        {"inventory", "tool_entries_max",
         number(FIELD(inventory_limits.tool_watch.entries_max), 1, 1 << 28)},
        {"inventory", "split_view_window",
         seconds(FIELD(inventory_limits.tool_watch.split_window), 30 * 86400)},
        {"inventory", "credentials_max",
         number(FIELD(inventory_limits.credentials_max), 1, 1 << 28)},
        {"inventory", "rhythm_pairs_max",
         number(FIELD(inventory_limits.rhythm_pairs_max), 1, 1 << 28)},
        {"inventory", "fingerprints_max",
         number(FIELD(inventory_limits.provenance.fingerprints_max), 0, 1 << 28)},
        {"inventory", "fingerprint_lifetime",
         seconds(FIELD(inventory_limits.provenance.lifetime), 30 * 86400)},
        {"inventory", "common_characters_min",
         number(FIELD(inventory_limits.provenance.characters_min), 39, 1 << 20)},
    };
    return keys;
}

#undef FIELD

std::string suggested(std::string_view word, const std::vector<std::string_view>& candidates) {
    return "there is no key '" + std::string(word) + "' here" +
           detect::suggestion(word, candidates);
}

void read_limits(const YamlNode& limits, Options& options) {
    std::vector<std::string_view> sections;
    for (const LimitKey& key : limit_keys()) sections.emplace_back(key.section);
    for (const auto& section : limits.members()) {
        bool known = false;
        std::vector<std::string_view> keys;
        for (const LimitKey& key : limit_keys()) {
            if (section.key != key.section) continue;
            known = true;
            keys.emplace_back(key.key);
        }
        if (!known) section.key_node.fail(suggested(section.key, sections));
        for (const auto& member : section.value.members()) {
            bool set = false;
            for (const LimitKey& key : limit_keys()) {
                if (section.key != key.section || member.key != key.key) continue;
                key.set(options, member.value);
                set = true;
            }
            if (!set) member.key_node.fail(suggested(member.key, keys));
        }
    }
}

/// Names, or mappings that say more of one.
void read_interfaces(const YamlNode& interfaces, Options& options) {
    for (const YamlNode& node : interfaces.elements_or_one()) {
        if (!node.is_mapping()) {
            options.interfaces.push_back(node.text("the name of an interface"));
            continue;
        }
        node.allow_only({"name", "decrypted_mirror"});
        options.interfaces.push_back(node.at("name").text());
        const auto mirror = node.find("decrypted_mirror");
        if (mirror && mirror->boolean())
            options.capture.decrypted.push_back(options.interfaces.back());
    }
}

void read_capture(const YamlNode& capture, Options& options) {
    capture.allow_only(
        {"snap_length", "ring_bytes", "promiscuous", "block_wait", "spread", "cpus"});
    if (const auto node = capture.find("snap_length"))
        options.capture.snap_length = static_cast<std::uint32_t>(node->integer(64, 262144));
    if (const auto node = capture.find("ring_bytes")) {
        options.capture.ring_bytes =
            static_cast<std::uint64_t>(node->integer(1 << 20, 16 * gibibyte));
    }
    if (const auto node = capture.find("promiscuous"))
        options.capture.promiscuous = node->boolean();
    if (const auto node = capture.find("block_wait"))
        options.capture.block_wait = seconds_of(*node, 0.001, 10);
    if (const auto node = capture.find("spread"))
        options.spread = static_cast<Spread>(node->one_of({"automatic", "kernel", "reader"}));
    if (const auto node = capture.find("cpus")) {
        for (const YamlNode& cpu : node->elements_or_one())
            options.cpus.push_back(static_cast<unsigned>(cpu.integer(0, 4095)));
    }
}

/// An address, or that and who may ask.
void read_metrics(const YamlNode& metrics, Options& options) {
    if (!metrics.is_mapping()) {
        options.metrics = metrics.text("ADDRESS:PORT");
        return;
    }
    metrics.allow_only({"address", "user", "password_file"});
    options.metrics = metrics.at("address").text("ADDRESS:PORT");
    const auto user = metrics.find("user"), password_file = metrics.find("password_file");
    if (user.has_value() != password_file.has_value())
        (user ? *user : *password_file).fail("expected both user and password_file, or neither");
    if (!user) return;
    options.metrics_user = user->text();
    options.metrics_password_file = password_file->text("the path of a file");
    if (options.metrics_user.empty() || options.metrics_user.find(':') != std::string::npos)
        user->fail("expected a name without colon (RFC 7617, 2)");
}

}  // namespace

void read_config(const std::string& file, Options& options) {
    const YamlNode config = YamlNode::load(file);
    options.config = file;
    config.allow_only({"read",    "interface",      "filter",        "policy",  "suppressions",
                       "preset",  "keylog",         "keylog_strict", "tls_key", "decrypted_mirror",
                       "output",  "json",           "content",       "events",  "payloads",
                       "metrics", "workers",        "fail_on",       "quiet",   "verbose",
                       "rules",   "cache",          "inventory",     "sensor",  "limits",
                       "capture", "stats_interval", "user"});
    const auto text = [&](const char* key, std::string& place) {
        if (const auto node = config.find(key)) place = node->text();
    };
    const auto texts = [&](const char* key, std::vector<std::string>& place) {
        if (const auto node = config.find(key)) place = node->texts();
    };
    const auto flag = [&](const char* key, bool& place) {
        if (const auto node = config.find(key)) place = node->boolean();
    };
    texts("read", options.read);
    if (const auto node = config.find("interface")) read_interfaces(*node, options);
    text("filter", options.filter);
    text("policy", options.policy);
    text("suppressions", options.suppressions);
    text("preset", options.preset);
    texts("keylog", options.keylogs);
    flag("keylog_strict", options.keylog_strict);
    texts("tls_key", options.tls_keys);
    flag("decrypted_mirror", options.decrypted_mirror);
    if (const auto node = config.find("output")) {
        for (const YamlNode& one : node->elements_or_one())
            options.outputs.push_back(read_output(one));
    }
    flag("json", options.json);
    flag("content", options.content);
    texts("events", options.events);
    if (const auto node = config.find("payloads")) {
        options.payloads = static_cast<Payloads>(node->one_of({"none", "redacted", "full"}));
    }
    if (const auto node = config.find("metrics")) read_metrics(*node, options);
    if (const auto node = config.find("workers"))
        options.workers = static_cast<unsigned>(node->integer(0, 256));
    if (const auto node = config.find("stats_interval"))
        options.stats_interval = seconds_of(*node, 1, 86400);
    text("user", options.user);
    if (const auto node = config.find("capture")) read_capture(*node, options);
    if (const auto node = config.find("fail_on"))
        options.fail_on = static_cast<int>(node->integer(1, 4));
    flag("quiet", options.quiet);
    if (const auto node = config.find("verbose"))
        options.verbose = static_cast<int>(node->integer(0, 4));
    text("rules", options.rules);
    text("cache", options.cache);
    text("inventory", options.inventory);
    if (const auto sensor = config.find("sensor")) {
        sensor->allow_only({"id", "group", "versions"});
        if (const auto node = sensor->find("id")) options.sensor_id = node->text();
        if (const auto node = sensor->find("group")) options.sensor_group = node->text();
        if (const auto node = sensor->find("versions")) options.sensor_versions = node->boolean();
    }
    if (const auto limits = config.find("limits")) read_limits(*limits, options);
}

}  // namespace umbratap::engine
