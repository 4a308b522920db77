// Events as NDJSON: one function a record type, the nested objects named as report/README.md
// names them.
#include "report/eve.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "report/eve_mcp.h"
#include "report/url.h"

namespace umbratap::report {

namespace {

using namespace inventory;

template <class... Parts>
struct Choice : Parts... {
    using Parts::operator()...;
};
template <class... Parts>
Choice(Parts...) -> Choice<Parts...>;

void append_two(unsigned value, char*& at) noexcept {
    *at++ = static_cast<char>('0' + value / 10 % 10);
    *at++ = static_cast<char>('0' + value % 10);
}

std::string_view protocol_name(packet::Transport transport) noexcept {
    switch (transport) {
        case packet::Transport::tcp:
            return "TCP";
        case packet::Transport::udp:
            return "UDP";
        case packet::Transport::icmp:
            return "ICMP";
        case packet::Transport::icmp_v6:
            return "IPv6-ICMP";
        case packet::Transport::sctp:
            return "SCTP";
        default:
            return {};
    }
}

void write_address(JsonWriter& json, std::string_view key, const packet::Address& address) {
    std::string& out = json.key(key);
    out.push_back('"');
    append_address(address, out);
    out.push_back('"');
}

void write_timestamp(JsonWriter& json, std::string_view key, Time time) {
    std::string& out = json.key(key);
    out.push_back('"');
    append_timestamp(time, out);
    out.push_back('"');
}

// JavaScript, jq and many stores keep whole numbers up to 2^53 only; as Suricata does, we stay
// below.
constexpr std::uint64_t flow_id_mask = (std::uint64_t{1} << 53) - 1;

void write_flow(JsonWriter& json, const Flow* flow, std::uint64_t packet_number) {
    if (flow == nullptr) return;
    json.number("flow_id", flow->id & flow_id_mask);
    if (flow->origin != nullptr)
        json.text(flow->origin->is_file ? "pcap_filename" : "in_iface", flow->origin->name);
    if (packet_number != 0) json.number("pcap_cnt", packet_number);
    if (!flow->vlans.empty()) {
        std::string& out = json.key("vlan");
        char before = '[';
        for (const std::uint16_t vlan : flow->vlans) {
            out.push_back(before);
            append_number(vlan, out);
            before = ',';
        }
        out.push_back(']');
    }
    write_address(json, "src_ip", flow->client.address);
    json.number("src_port", flow->client.port);
    write_address(json, "dest_ip", flow->server.address);
    json.number("dest_port", flow->server.port);
    json.text("proto", protocol_name(flow->transport));
    json.text("community_id", flow->community_id);
    if (flow->tunnel != packet::Tunnel::none) {
        json.open("tunnel");
        json.text("proto", packet::to_string(flow->tunnel));
        json.close();
    }
}

Time time_of(const Record& record) noexcept {
    return std::visit(Choice{[](const Session& session) { return session.end; },
                             [](const FlowEnd& end) { return end.flow.time; },
                             [](const StreamEnd& end) { return end.flow.time; },
                             [](const auto& other) { return other.time; }},
                      record);
}

struct Place {
    const Flow* flow;
    std::uint64_t packet_number;
};

Place place_of(const Record& record) noexcept {
    const auto own = [](const auto& of) { return Place{of.flow.get(), of.packet_number}; };
    return std::visit(Choice{[&](const Anomaly& anomaly) { return own(anomaly); },
                             [&](const TlsHandshake& tls) { return own(tls); },
                             [&](const FlowEnd& end) { return own(end.flow); },
                             [&](const StreamEnd& end) { return own(end.flow); },
                             [](const HttpExchange& http) {
                                 return Place{http.exchange ? http.exchange->flow.get() : nullptr,
                                              http.packet_number};
                             },
                             [](const Stats&) {
                                 return Place{nullptr, 0};
                             },
                             [](const auto& of) {
                                 return Place{of.parties.flow.get(), of.packet_number};
                             }},
                      record);
}

// Suricata's three kinds, by the first word of a problem's name.
std::string_view anomaly_type(std::string_view event) noexcept {
    constexpr std::string_view stream[] = {"tcp", "stream", "flow"};
    constexpr std::string_view application[] = {
        "tls",     "quic",     "dns",   "http",    "http1",          "http2",
        "http3",   "hpack",    "qpack", "sse",     "websocket",      "json",
        "jsonrpc", "json_rpc", "mcp",   "inflate", "content_coding", "socks"};
    const std::string_view layer = event.substr(0, event.find('.'));
    const auto is = [&](std::string_view name) { return name == layer; };
    if (std::any_of(std::begin(stream), std::end(stream), is)) return "stream";
    if (std::any_of(std::begin(application), std::end(application), is)) return "applayer";
    return "decode";
}

void write_body(JsonWriter& json, const Anomaly& anomaly) {
    json.open("anomaly");
    json.text("type", anomaly_type(anomaly.event));
    json.text("event", anomaly.event);
    json.close();
}

void write_body(JsonWriter& json, const HttpExchange& http) {
    json.open("http");
    const http::Head* request = http.exchange ? http.exchange->request.get() : nullptr;
    const http::Head* response = http.exchange ? http.exchange->response.get() : nullptr;
    if (request != nullptr) {
        json.text("http_method", request->method);
        const std::string_view authority =
            std::string_view(request->authority).substr(request->authority.rfind('@') + 1);
        json.text("hostname", host_of(authority));
        json.text("authority", authority);
        json.text("url", without_credentials(request->target));
        json.text("http_user_agent", request->fields.find("user-agent"));
    }
    if (const http::Head* head = request != nullptr ? request : response; head != nullptr) {
        const std::string_view version = http::to_string(head->version);
        if (!version.empty()) json.text("protocol", std::string("HTTP/").append(version));
        if (head->version == http::Version::http_2 || head->version == http::Version::http_3) {
            json.number("stream_id", head->stream_id);
        }
    }
    if (response != nullptr) {
        json.number("status", response->status);
        const std::string_view type = response->fields.find("content-type");
        json.text("http_content_type", type.substr(0, type.find_first_of("; \t")));
        json.number("length", http.response_bytes);
    }
    json.close();
}

/// As Suricata writes a distinguished name, of which we keep one part.
std::string common_name(const std::string& name) {
    return name.empty() ? std::string() : "CN=" + name;
}

void write_body(JsonWriter& json, const TlsHandshake& tls) {
    json.open("tls");
    json.text("sni", tls.server_name);
    const bool bare = !tls.version.empty() && tls.version[0] >= '0' && tls.version[0] <= '9';
    json.text("version", bare ? std::string("TLS ").append(tls.version) : tls.version);
    json.texts("client_alpns", tls.protocols);
    json.open("ja3");
    json.text("hash", tls.ja3);
    json.close();
    json.open("ja3s");
    json.text("hash", tls.ja3s);
    json.close();
    json.text("ja4", tls.ja4);
    json.text("cipher_suite", tls.cipher_suite);
    if (!tls.protocol.empty()) json.texts("server_alpns", {tls.protocol});
    json.text("subject", common_name(tls.certificate_subject));
    json.text("issuerdn", common_name(tls.certificate_issuer));
    json.texts("subjectaltname", tls.certificate_names);
    if (tls.resumed) json.truth("session_resumed", true);
    if (tls.encrypted_client_hello) json.truth("encrypted_client_hello", true);
    json.close();
}

void write_body(JsonWriter& json, const FlowEnd& end) {
    const FlowSighting& flow = end.flow;
    json.open("flow");
    json.number("pkts_toserver", flow.packets[0]);
    json.number("pkts_toclient", flow.packets[1]);
    json.number("bytes_toserver", flow.bytes[0]);
    json.number("bytes_toclient", flow.bytes[1]);
    if (flow.flow) {
        write_timestamp(json, "start", flow.flow->start);
        write_timestamp(json, "end", flow.time);
        const auto age =
            std::chrono::floor<std::chrono::seconds>(flow.time - flow.flow->start).count();
        json.number("age", static_cast<std::uint64_t>(std::max<std::int64_t>(age, 0)));
    }
    const bool both = flow.packets[0] > 0 && flow.packets[1] > 0;
    json.text("state", flow.reason == "closed" ? "closed" : both ? "established" : "new");
    json.text("reason", flow.reason);
    json.close();
}

void write_stream(JsonWriter& json, std::string_view name,
                  const std::optional<std::array<StreamDirection, 2>>& stream) {
    if (!stream) return;
    json.open(name);
    for (const std::size_t way : {0, 1}) {
        const StreamDirection& direction = (*stream)[way];
        json.open(way == 0 ? "to_server" : "to_client");
        json.number("bytes", direction.bytes);
        json.text("sha256", direction.sha256);
        json.number("missing", direction.missing);
        json.close();
    }
    json.close();
}

void write_body(JsonWriter& json, const StreamEnd& end) {
    json.open("stream");
    write_stream(json, "tcp", end.flow.stream);
    write_stream(json, "tls", end.flow.decrypted);
    json.close();
}

void write_blind(JsonWriter& json, const std::map<std::string, std::uint64_t>& blind) {
    constexpr std::string_view reasons[] = {"no_key", "unsupported",   "midstream", "quic",  "ech",
                                            "gap",    "one_direction", "truncated", "budget"};
    json.open("blind");
    for (const std::string_view reason : reasons) {
        const auto found = blind.find(std::string(reason));
        json.number(reason, found == blind.end() ? 0 : found->second);
    }
    json.close();
}

void write_body(JsonWriter& json, const Stats& stats) {
    json.open("stats");
    json.truth("final", stats.final);
    json.open("capture");
    json.number("packets", stats.packets);
    json.number("bytes", stats.bytes);
    json.truth("cut_short", stats.cut_short);
    if (stats.live) {
        json.number("received", stats.live->received);
        json.number("lost", stats.live->lost);
        json.number("tcp_gaps", stats.live->tcp_gaps);
    }
    json.close();
    json.counts("drops", stats.drops);
    json.open("flows");
    json.number("tcp", stats.flows.tcp);
    json.number("udp", stats.flows.udp);
    json.number("active", stats.flows.active);
    json.number("one_direction", stats.flows.one_direction);
    json.number("midstream", stats.flows.midstream);
    json.number("forgotten", stats.flows.forgotten);
    json.close();
    json.open("payload");
    json.number("tcp", stats.payload.tcp);
    json.number("quic", stats.payload.quic);
    json.number("inspected", stats.payload.inspected);
    json.number("shunted", stats.payload.shunted);
    json.close();
    write_blind(json, stats.blind);
    json.counts("connections", stats.connections);
    json.counts("sessions", stats.sessions);
    json.counts("alerts", stats.alerts);
    if (!stats.suppressed.empty()) json.counts("suppressed", stats.suppressed);
    json.counts("problems", stats.problems);
    json.close();
}

void write_body(JsonWriter& json, const Call& call) {
    write_call(json, call);
}
void write_body(JsonWriter& json, const Session& session) {
    write_session(json, session);
}
void write_body(JsonWriter& json, const Alert& alert) {
    write_alert(json, alert);
}
void write_body(JsonWriter& json, const InventoryChange& change) {
    write_change(json, change);
}

void append_event_id(std::uint64_t id, std::string& out) {
    constexpr char digits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back(digits[id >> shift & 15]);
}

void write_line(const Record& record, const EveOptions& options, std::uint64_t id,
                std::string& out) {
    JsonWriter json(out);
    write_timestamp(json, "timestamp", time_of(record));
    json.text("event_type", event_type(record));
    const Place place = place_of(record);
    write_flow(json, place.flow, place.packet_number);
    std::string& text = json.key("event_id");
    text.push_back('"');
    append_event_id(id, text);
    text.push_back('"');
    json.text("sensor_id", options.sensor_id);
    json.text("sensor_group", options.sensor_group);
    json.text("rules_version", options.rules_version);
    json.text("policy_version", options.policy_version);
    std::visit([&](const auto& of) { write_body(json, of); }, record);
    json.close();
    out.push_back('\n');
}

}  // namespace

void append_timestamp(Time time, std::string& out) {
    // In whole numbers: near the ends of what 64 bits of nanoseconds hold (1677 and 2262),
    // std::chrono::floor overflows.
    constexpr std::int64_t second_length = 1'000'000'000, day_length = 86'400;
    const std::int64_t count = time.time_since_epoch().count();
    std::int64_t seconds = count / second_length, below_second = count % second_length;
    if (below_second < 0) {
        below_second += second_length;
        --seconds;
    }
    const std::int64_t day = (seconds >= 0 ? seconds : seconds - day_length + 1) / day_length;
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    const auto second = static_cast<unsigned>(seconds - day * day_length);
    const auto fraction = static_cast<unsigned>(below_second / 1000);
    char text[] = "0000-00-00T00:00:00.000000+0000";
    char* at = text;
    append_two(year / 100, at);
    append_two(year % 100, at);
    append_two(static_cast<unsigned>(date.month()), ++at);
    append_two(static_cast<unsigned>(date.day()), ++at);
    append_two(second / 3600, ++at);
    append_two(second / 60 % 60, ++at);
    append_two(second % 60, ++at);
    append_two(fraction / 10'000, ++at);
    append_two(fraction / 100 % 100, at);
    append_two(fraction % 100, at);
    out.append(text, sizeof text - 1);
}

std::string to_timestamp(Time time) {
    std::string text;
    append_timestamp(time, text);
    return text;
}

std::string_view event_type(const Record& record) noexcept {
    constexpr std::string_view names[] = {"mcp",  "mcp_session", "alert", "inventory", "anomaly",
                                          "http", "tls",         "flow",  "stream",    "stats"};
    static_assert(std::size(names) == std::variant_size_v<Record>);
    return names[record.index()];
}

void write_eve(const Record& record, const EveOptions& options, std::string& out) {
    write_line(record, options, event_id(record), out);
}

void Eve::write(const Record& record, std::string& out) {
    write_line(record, options_, ids_.next(record), out);
}

Event Eve::event(const Record& record) {
    const std::uint64_t id = ids_.next(record);
    line_.clear();
    id_.clear();
    write_line(record, options_, id, line_);
    append_event_id(id, id_);
    Event event;
    event.line = line_;
    event.timestamp = event.line.substr(std::string_view(R"({"timestamp":")").size(), 31);
    event.type = event_type(record);
    event.id = id_;
    if (const auto* alert = std::get_if<inventory::Alert>(&record))
        event.severity = static_cast<std::uint8_t>(std::clamp(alert->severity, 1, 4));
    if (const auto flow = place_of(record).flow) event.community_id = flow->community_id;
    return event;
}

}  // namespace umbratap::report
