// What the kernel says of a network interface (rtnetlink(7)): its name, whether it is up, what it
// lost.
//
// Asked for by index over a socket that is open already, so that it can be asked with no right to
// open anything, goes on when the interface is renamed, and is never answered for an interface of
// the same name in another network namespace, as /sys may do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"

namespace umbratap::capture {

struct InterfaceState {
    int index = 0;
    std::string name;
    std::string kind;  ///< "veth", "bridge", "bond", ...; empty for a physical device
    std::array<std::uint8_t, 6> address{};  ///< MAC address; zeros where it has none
    bool up = false;
    bool carrier = false;         ///< something answers at the other end
    bool promiscuous = false;     ///< set so, or by any program that captures
    bool all_multicast = false;   ///< set so, or promiscuous
    std::uint32_t mtu = 0;        ///< bytes
    std::uint32_t queues_in = 0;  ///< receive queues that the device was made with
    std::uint64_t packets_in = 0;
    /// Frames that the device or the kernel lost before anyone could capture them: no buffer in the
    /// device (rx_missed_errors, rx_fifo_errors) or in the kernel (rx_dropped).
    std::uint64_t lost_in = 0;
};

class InterfaceStates {
public:
    /// Answers nothing, ever, where the kernel gives no socket.
    InterfaceStates() noexcept;

    /// Writes to the socket and reads from it; does not wait.
    std::optional<InterfaceState> find(int index);

private:
    Descriptor socket_;
    std::uint32_t sequence_ = 0;
};

/// "eth0, lo, any", for those who gave a name that is none.
std::string interface_names();

}  // namespace umbratap::capture
