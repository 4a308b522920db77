// Many IP networks: one ordered set for each length of prefix that occurs.
#include "inventory/network_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace umbratap::inventory {

namespace {

using Octets = std::array<std::uint8_t, 16>;

constexpr Octets v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4(const Octets& octets) noexcept {
    return std::equal(v4_prefix.begin(), v4_prefix.begin() + 12, octets.begin());
}

Octets masked(Octets octets, int length) noexcept {
    for (int i = 0; i < 16; ++i) {
        const int kept = std::clamp(length - 8 * i, 0, 8);
        octets[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept);
    }
    return octets;
}

std::string spelled(const Octets& octets) {
    char text[INET6_ADDRSTRLEN];
    return is_v4(octets) ? inet_ntop(AF_INET, octets.data() + 12, text, sizeof text)
                         : inet_ntop(AF_INET6, octets.data(), text, sizeof text);
}

}  // namespace

bool read_address(const std::string& text, packet::Address& address) noexcept {
    Octets octets = v4_prefix;
    if (inet_pton(AF_INET, text.c_str(), octets.data() + 12) != 1 &&
        inet_pton(AF_INET6, text.c_str(), octets.data()) != 1) {
        return false;
    }
    address.octets = octets;
    return true;
}

bool NetworkSet::add(std::string_view network, std::string& complaint) {
    const std::size_t slash = network.find('/');
    const std::string text(network.substr(0, slash));
    packet::Address address;
    if (text.find('\0') != std::string::npos || !read_address(text, address)) {
        complaint = "expected an IP address or network (10.0.0.0/8, 2001:db8::/32), not '" +
                    std::string(network) + "'";
        return false;
    }
    const bool v4 = is_v4(address.octets);
    const int bits = v4 ? 32 : 128;
    int length = bits;
    if (slash != std::string_view::npos) {
        const std::string_view digits = network.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc{} || end != digits.data() + digits.size() || length < 0 ||
            length > bits) {
            complaint = "expected a prefix length from 0 to " + std::to_string(bits) +
                        " behind the '/' of '" + std::string(network) + "'";
            return false;
        }
    }
    const int length_of_128 = v4 ? length + 96 : length;
    const Octets kept = masked(address.octets, length_of_128);
    if (kept != address.octets) {
        complaint = "'" + std::string(network) + "' has bits behind its prefix, did you mean '" +
                    spelled(kept) + "/" + std::to_string(length) + "'?";
        return false;
    }
    const auto row = static_cast<std::size_t>(length_of_128);
    if (!(v4 ? v4_ : v6_)[row].insert(kept).second) return true;
    (v4 ? v4_lengths_ : v6_lengths_).insert(length_of_128);
    ++count_;
    return true;
}

bool NetworkSet::contains(const packet::Address& address) const noexcept {
    const bool v4 = is_v4(address.octets);
    const auto& lengths = v4 ? v4_lengths_ : v6_lengths_;
    const auto& sets = v4 ? v4_ : v6_;
    return std::any_of(lengths.begin(), lengths.end(), [&](int length) {
        return sets[static_cast<std::size_t>(length)].contains(masked(address.octets, length));
    });
}

}  // namespace umbratap::inventory
