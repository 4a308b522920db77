// An entry of `output` in the config file.
#include "engine/output_config.h"

#include <array>

namespace umbratap::engine {

namespace {

using detect::YamlNode;

constexpr std::int64_t gibibyte = 1LL << 30;

constexpr std::array<std::string_view, 24> facilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog",   "lpr",     "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "security", "console", "solaris-cron",
    "local0", "local1", "local2",   "local3", "local4", "local5",   "local6",  "local7"};

void read_text(const YamlNode& node, std::string_view key, std::string& place) {
    if (const auto found = node.find(key)) place = found->text();
}

template <class Number>
void read_number(const YamlNode& node, std::string_view key, Number& place, std::int64_t min,
                 std::int64_t max) {
    if (const auto found = node.find(key)) place = static_cast<Number>(found->integer(min, max));
}

void read_spool(const YamlNode& node, report::Output::Spool& spool) {
    node.allow_only({"directory", "bytes_max"});
    spool.directory = node.at("directory").text("a directory");
    read_number(node, "bytes_max", spool.bytes_max, 1 << 20, 1024 * gibibyte);
}

void read_rotate(const YamlNode& node, report::Output::Rotate& rotate) {
    node.allow_only({"bytes_max", "interval", "keep"});
    read_number(node, "bytes_max", rotate.bytes_max, 4096, 1024 * gibibyte);
    if (const auto interval = node.find("interval"))
        rotate.interval = std::chrono::seconds(interval->integer(60, 366 * 86'400));
    read_number(node, "keep", rotate.keep, 0, 1000);
}

void read_tls(const YamlNode& node, report::Output::Tls& tls) {
    node.allow_only({"ca", "certificate", "key", "verify_name"});
    read_text(node, "ca", tls.ca);
    read_text(node, "certificate", tls.certificate);
    read_text(node, "key", tls.key);
    read_text(node, "verify_name", tls.verify_name);
    if (!tls.key.empty() && tls.certificate.empty())
        node.fail("expected the certificate that the key belongs to");
}

void read_syslog(const YamlNode& node, report::Output::Syslog& syslog) {
    node.allow_only({"facility", "app_name"});
    if (const auto facility = node.find("facility"))
        syslog.facility = static_cast<int>(facility->one_of(facilities));
    read_text(node, "app_name", syslog.app_name);
}

/// Settings that make no sense for this kind of output are mistakes, not decoration.
void check(const YamlNode& node, const report::Output& output) {
    const auto only_for = [&](std::string_view key, std::string_view prefix) {
        const auto found = node.find(key);
        if (found && !output.to.starts_with(prefix)) {
            found->fail("'" + std::string(key) + "' is for outputs " + std::string(prefix) +
                        "…, and this is " + output.to);
        }
    };
    only_for("kafka", "kafka://");
    only_for("kind", "http");
    only_for("token_file", "http");
    only_for("token_environment", "http");
    only_for("syslog", "syslog");
    const bool network = output.to.find("://") != std::string::npos;
    for (const std::string_view key : {"spool", "queue_bytes_max"}) {
        const auto found = node.find(key);
        if (found && !network && !output.to.starts_with("unix:"))
            found->fail("'" + std::string(key) + "' is for outputs over a network");
    }
    if (const auto rotate = node.find("rotate"); rotate && (network || output.to == "-"))
        rotate->fail("'rotate' is for files");
    const auto tls = node.find("tls");
    if (!tls) return;
    if (output.to.starts_with("kafka://"))
        tls->fail("'tls' is not for kafka://…: give ssl.ca.location and the like in 'kafka'");
    if (!output.to.starts_with("https://") && !output.to.starts_with("syslog+tls://"))
        tls->fail("'tls' is for outputs over TLS, and this is " + output.to);
    if (const auto name = tls->find("verify_name"); name && !output.to.starts_with("syslog+tls://"))
        name->fail("'verify_name' is for outputs syslog+tls://…; others check the host of the URL");
}

report::Output parse(const YamlNode& target) {
    try {
        return report::parse_output(target.text("a file, '-' or a URL"));
    } catch (const report::SinkError& error) {
        target.fail(error.what());
    }
}

}  // namespace

report::Output read_output(const YamlNode& node) {
    if (!node.is_mapping()) return parse(node);
    node.allow_only({"to", "format", "events", "severity_max", "queue_bytes_max", "spool", "rotate",
                     "tls", "syslog", "token_file", "token_environment", "kafka", "kind"});
    report::Output output = parse(node.at("to"));
    if (const auto format = node.find("format")) {
        constexpr std::string_view names[] = {"eve", "ecs", "ocsf", "cef", "leef", "zeek"};
        output.format = *report::rendering_of(names[format->one_of(names)]);
    }
    if (const auto events = node.find("events")) output.events = events->texts("event types");
    read_number(node, "severity_max", output.severity_max, 1, 4);
    read_number(node, "queue_bytes_max", output.queue_bytes_max, 64 << 10, 64 * gibibyte);
    if (const auto spool = node.find("spool")) read_spool(*spool, output.spool);
    if (const auto rotate = node.find("rotate")) read_rotate(*rotate, output.rotate);
    if (const auto tls = node.find("tls")) read_tls(*tls, output.tls);
    if (const auto syslog = node.find("syslog")) read_syslog(*syslog, output.syslog);
    read_text(node, "token_file", output.token_file);
    read_text(node, "token_environment", output.token_environment);
    if (const auto kafka = node.find("kafka")) {
        for (const auto& member : kafka->members())
            output.kafka[member.key] = member.value.text("a setting of librdkafka");
    }
    if (const auto kind = node.find("kind")) {
        output.kind = static_cast<report::HttpKind>(
            1 + kind->one_of({"splunk-hec", "elasticsearch", "clickhouse"}));
    }
    check(node, output);
    return output;
}

}  // namespace umbratap::engine
