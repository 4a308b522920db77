// How a network device is set up, as far as it matters to those who listen to it: what `ethtool`
// would say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "capture/interface_state.h"

namespace umbratap::capture {

/// How frames are spread over the receive queues of a device (RSS).
struct QueueHash {
    std::vector<std::uint8_t> key;  ///< of the Toeplitz function
    bool is_toeplitz = false;
    bool folds_both_ways = false;   ///< the device makes its input symmetric (symmetric-xor)
    std::uint32_t queues_used = 0;  ///< that the indirection table names; 0: unknown

    /// Whether both directions of a flow come in through one queue. A Toeplitz hash does that if
    /// its key repeats after 16 bits.
    bool is_symmetric() const noexcept;
};

struct Feature {
    bool on = false;
    bool fixed = false;  ///< cannot be changed
};

struct InterfaceFacts {
    InterfaceState state;
    std::string driver;                       ///< empty: unknown
    std::uint32_t speed = 0;                  ///< Mbit/s; 0: unknown
    std::map<std::string, Feature> features;  ///< by the kernel's names: "rx-gro"
    std::uint32_t ring_frames = 0;            ///< of the device, for receiving; 0: unknown
    std::uint32_t ring_frames_max = 0;
    std::uint32_t queues = 0;  ///< receive queues in use; 0: unknown
    std::optional<QueueHash> hash;

    /// A feature that the kernel does not know is off and fixed.
    Feature feature(const std::string& name) const;
};

/// Nothing where there is no such interface. What a driver does not tell stays unknown.
std::optional<InterfaceFacts> find_interface_facts(const std::string& name);

}  // namespace umbratap::capture
