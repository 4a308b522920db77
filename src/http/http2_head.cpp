// The fields of one HTTP/2 message.
#include "http/http2_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "http/http2_hpack.h"

namespace umbratap::http {

namespace {

constexpr std::array<std::string_view, 5> connection_specific = {  // RFC 9113, 8.2.2
    "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"};

bool is_bad_in_name(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte >= 0x7f || (c >= 'A' && c <= 'Z') || c == ':';
}

bool is_bad_in_value(char c) noexcept {
    return c == '\0' || c == '\r' || c == '\n';
}

}  // namespace

void Http2Fields::add(std::string_view name, std::string_view value) {
    if (name == HpackDecoder::unknown_name) return lost();
    if (!fits(name, value)) return;
    check(name, value);
    if (name.starts_with(':')) return add_pseudo(name, value);
    if (name == "cookie") {  // RFC 9113, 8.2.3
        if (!cookie_.empty()) cookie_.append("; ");
        cookie_.append(value);
        return;
    }
    head_.fields.add(name, value);
}

/// Beyond the limits only the first of each field that decides on meaning is taken.
bool Http2Fields::fits(std::string_view name, std::string_view value) {
    bytes_ += name.size() + value.size() + 32;
    const bool too_long = bytes_ > limits_->head_bytes_max;
    if (!too_long && head_.fields.size() < limits_->fields_max) return true;
    found(too_long ? "http2.header_bomb" : "http2.too_many_fields");
    const bool vital = name.starts_with(':') ? name.size() < 16 : is_vital(name);
    if (vital && value.size() < 1024 && !head_.fields.has(name)) return true;
    return false;
}

void Http2Fields::check(std::string_view name, std::string_view value) {
    const std::string_view token = name.starts_with(':') ? name.substr(1) : name;
    if (token.empty() || std::any_of(token.begin(), token.end(), is_bad_in_name))
        found("http2.bad_field_name");
    if (std::any_of(value.begin(), value.end(), is_bad_in_value)) found("http2.bad_field_value");
    if (std::find(connection_specific.begin(), connection_specific.end(), name) !=
            connection_specific.end() ||
        (name == "te" && value != "trailers"))
        found("http2.connection_specific_field");
}

void Http2Fields::add_pseudo(std::string_view name, std::string_view value) {
    if (head_.fields.size() > 0 || !cookie_.empty()) found("http2.misplaced_pseudo_field");
    const auto take = [&](Pseudo field, std::string& into) {
        if (has(field)) return found("http2.repeated_pseudo_field");
        into = value;
        seen_ |= field;
    };
    std::string status_text;
    if (name == ":method") return take(method, head_.method);
    if (name == ":path") return take(path, head_.target);
    if (name == ":authority") return take(authority, head_.authority);
    if (name == ":scheme") return take(scheme, head_.scheme);
    if (name == ":protocol") return take(protocol_field, protocol_);
    if (name != ":status") return found("http2.unknown_pseudo_field");
    take(status, status_text);
    if (status_text.empty()) return;
    const auto [end, error] =
        std::from_chars(status_text.data(), status_text.data() + status_text.size(), head_.status);
    if (error != std::errc() || end != status_text.data() + status_text.size() ||
        status_text.size() != 3)
        found("http2.bad_status");
}

void Http2Fields::check_pseudo(const Head& head) {
    const unsigned wanted = !head.is_request           ? status
                            : head.method != "CONNECT" ? method | path | scheme
                            : has(protocol_field)      ? method | path | scheme | authority
                                                       : method | authority;
    if (!partial_ && (seen_ & wanted) != wanted) found("http2.missing_pseudo_field");
    if (head.is_request && is_response()) found("http2.misplaced_pseudo_field");
}

Problem Http2Fields::move_to(Head& head) {
    if (!cookie_.empty()) head_.fields.add("cookie", cookie_);
    head.version = Version::http_2;
    head.partial = head.partial || partial_;
    if (head.is_request) {
        const std::string_view host = head_.fields.find("host");
        if (!has(authority))
            head_.authority = host;
        else if (!host.empty() && host != head_.authority)
            found("http2.authority_and_host_differ");
        head.method = std::move(head_.method);
        head.target = std::move(head_.target);
        head.authority = std::move(head_.authority);
        head.scheme = std::move(head_.scheme);
        // The target of a plain CONNECT is where it goes (RFC 9113, 8.5).
        if (head.method == "CONNECT" && head.target.empty()) head.target = head.authority;
    } else {
        head.status = head_.status;
    }
    check_pseudo(head);
    head.fields = std::move(head_.fields);
    return problem_;
}

}  // namespace umbratap::http
