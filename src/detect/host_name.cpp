// Names of hosts in one spelling.
#include "detect/host_name.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

namespace umbratap::detect {

namespace {

constexpr std::size_t name_bytes_max = 253;  // RFC 1035, 2.3.4, without the trailing dot
constexpr std::size_t label_bytes_max = 63;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Letters, digits, hyphens; underscores too, which some internal names have.
bool is_label(std::string_view label) noexcept {
    return !label.empty() && label.size() <= label_bytes_max &&
           std::all_of(label.begin(), label.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
           });
}

bool is_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > name_bytes_max) return false;
    while (true) {
        const std::size_t dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

/// To A-labels; checks A-labels that are there already.
std::optional<std::string> to_a_labels(const std::string& name) {
    char* converted = nullptr;
    const int flags = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT;
    if (idn2_to_ascii_8z(name.c_str(), &converted, flags) != IDN2_OK) return std::nullopt;
    const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
    return std::string(converted);
}

std::optional<std::string> v6_name(std::string_view text) {
    if (text.size() < 4 || text.size() > 64 || text.back() != ']') return std::nullopt;
    const std::string inside(text.substr(1, text.size() - 2));
    std::array<unsigned char, 16> octets;
    if (inet_pton(AF_INET6, inside.c_str(), octets.data()) != 1) return std::nullopt;
    char spelled[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, octets.data(), spelled, sizeof spelled);
    return "[" + std::string(spelled) + "]";
}

}  // namespace

std::optional<std::string> host_name(std::string_view text) {
    if (text.empty() || text.size() > 4 * name_bytes_max ||
        text.find('\0') != std::string_view::npos)
        return std::nullopt;
    if (text.front() == '[') return v6_name(text);
    std::string name(text);
    const bool ascii = std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (!ascii) {
        std::optional<std::string> converted = to_a_labels(name);
        if (!converted) return std::nullopt;
        name = std::move(*converted);
    }
    if (name.ends_with('.')) name.pop_back();
    if (!is_name(name)) return std::nullopt;
    return name;
}

std::string to_letters(const std::string& name) {
    char* converted = nullptr;
    if (idn2_to_unicode_8z8z(name.c_str(), &converted, 0) != IDN2_OK) return name;
    const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
    return std::string(converted);
}

bool is_address_literal(std::string_view name) noexcept {
    if (name.starts_with('[')) return true;
    const std::string text(name);
    in_addr octets;
    return inet_pton(AF_INET, text.c_str(), &octets) == 1;
}

std::string_view without_port(std::string_view authority) noexcept {
    const std::size_t colon = authority.rfind(':');
    if (colon == std::string_view::npos || authority.size() - colon > 6) return authority;
    const std::string_view port = authority.substr(colon + 1), host = authority.substr(0, colon);
    if (!std::all_of(port.begin(), port.end(), is_digit)) return authority;
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return bracketed || host.find(':') == std::string_view::npos ? host : authority;
}

}  // namespace umbratap::detect
