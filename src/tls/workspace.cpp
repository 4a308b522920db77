// Memory that all sessions of a worker use in turn.
#include "tls/workspace.h"

#include <algorithm>
#include <new>

namespace umbratap::tls {

Workspace::Workspace(Budget& budget) {
    spares_.reserve(spares_max);
    for (std::size_t i = 0; i < spares_max; ++i) spares_.emplace_back(budget);
}

bool Workspace::begin(std::size_t bytes) noexcept {
    used_ = 0;
    const bool too_large = capacity_ > bytes_kept_max && bytes <= bytes_kept_max;
    if (bytes <= capacity_ && !too_large) return true;
    memory_.reset();
    capacity_ = 0;
    const std::size_t capacity = std::max<std::size_t>(bytes, 32 * 1024);
    memory_.reset(new (std::nothrow) std::uint8_t[capacity]);
    if (!memory_) return false;
    capacity_ = capacity;
    return true;
}

void Workspace::lend(Buffer& buffer) noexcept {
    if (spares_count_ > 0) buffer.swap(spares_[--spares_count_]);
}

void Workspace::take_back(Buffer& buffer) noexcept {
    buffer.reset(spare_bytes_max);
    if (spares_count_ < spares_max) {
        spares_[spares_count_++].swap(buffer);
    } else {
        buffer.clear();
    }
}

}  // namespace umbratap::tls
