// Many IP networks, and whether an address is in one of them.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "packet/packet.h"

namespace umbratap::inventory {

class NetworkSet {
public:
    /// "10.20.0.0/16", "2001:db8::/32", or an address. False if it is neither; `complaint` then
    /// says why.
    bool add(std::string_view network, std::string& complaint);

    /// IPv4 networks hold IPv4 addresses only, IPv6 networks the others: ::/0 is not everything.
    bool contains(const packet::Address& address) const noexcept;
    bool empty() const noexcept { return count_ == 0; }
    std::size_t size() const noexcept { return count_; }

private:
    using Octets = std::array<std::uint8_t, 16>;
    // By length of the prefix, counted in 128 bits; networks with host bits zero. Few lengths,
    // perhaps many networks.
    std::array<std::set<Octets>, 129> v4_, v6_;
    std::set<int> v4_lengths_, v6_lengths_;
    std::size_t count_ = 0;
};

/// "10.0.0.1", "2001:db8::1" as an address; false if it is none.
bool read_address(const std::string& text, packet::Address& address) noexcept;

}  // namespace umbratap::inventory
