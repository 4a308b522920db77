// Splits what names the thing a request is about.
#include "http/target.h"

#include <algorithm>
#include <charconv>

namespace umbratap::http {

namespace {

bool is_scheme(std::string_view text) noexcept {
    if (text.empty()) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '-' || c == '.';
    });
}

}  // namespace

Target split_target(std::string_view target) noexcept {
    Target split;
    target = target.substr(0, target.find('#'));
    const std::size_t mark = target.find("://");
    std::string_view rest = target;
    if (mark != std::string_view::npos && is_scheme(target.substr(0, mark))) {
        split.scheme = target.substr(0, mark);
        rest = target.substr(mark + 3);
        const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
        split.authority = rest.substr(0, end);
        const std::size_t at = split.authority.rfind('@');
        if (at != std::string_view::npos) split.authority.remove_prefix(at + 1);
        rest.remove_prefix(end);
    } else if (!target.empty() && target.front() != '/' && target.front() != '?' && target != "*") {
        split.authority = target;
        return split;
    }
    const std::size_t question = std::min(rest.find('?'), rest.size());
    split.path = rest.substr(0, question);
    if (question < rest.size()) split.query = rest.substr(question + 1);
    return split;
}

HostAndPort split_authority(std::string_view authority) noexcept {
    HostAndPort split{authority, std::nullopt};
    // The colon of a port stands behind the bracket of an IPv6 address, and there is only one of it
    // elsewhere.
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.rfind(':');
    if (colon == std::string_view::npos) return split;
    if (bracket != std::string_view::npos && colon < bracket) return split;
    if (bracket == std::string_view::npos && authority.find(':') != colon) return split;
    split.host = authority.substr(0, colon);
    const std::string_view digits = authority.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error == std::errc() && end == digits.data() + digits.size()) split.port = port;
    return split;
}

std::string host_of(std::string_view authority) {
    std::string host(split_authority(authority).host);
    std::transform(host.begin(), host.end(), host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (host.size() > 1 && host.back() == '.') host.pop_back();
    return host;
}

std::string form_decoded(std::string_view query) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < query.size(); ++i) {
        if (query[i] == '%' && i + 2 < query.size() && digit(query[i + 1]) >= 0 &&
            digit(query[i + 2]) >= 0) {
            out += static_cast<char>(digit(query[i + 1]) * 16 + digit(query[i + 2]));
            i += 2;
        } else {
            out += query[i] == '+' ? ' ' : query[i];
        }
    }
    return out;
}

}  // namespace umbratap::http
