// The secrets of the hash.
#include "flow/flow_key.h"

#include <random>

namespace umbratap::flow {

FlowHash::FlowHash() {
    std::random_device device;
    for (std::uint64_t& secret : secrets_) {
        secret = std::uint64_t{device()} << 32 | device();
    }
}

}  // namespace umbratap::flow
