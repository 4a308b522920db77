// Memory that outlives a frame.
#include "base/buffer.h"

#include <algorithm>

namespace umbratap {

bool Buffer::reserve(std::size_t wanted) noexcept {
    if (front_ > 0 && wanted <= capacity_) {
        std::memmove(memory_.get(), memory_.get() + front_, size_);
        front_ = 0;
        return true;
    }
    const std::size_t capacity =
        std::max<std::size_t>({256, wanted, std::min(capacity_ * 2, capacity_ + (1U << 20))});
    if (!budget_->take(capacity - capacity_)) return false;
    // In place where it can be: most buffers grow while nobody has taken the memory behind them.
    if (front_ > 0) std::memmove(memory_.get(), memory_.get() + front_, size_);
    front_ = 0;
    auto* memory =
        static_cast<std::uint8_t*>(std::realloc(memory_.get(), capacity + readable_padding));
    if (memory == nullptr) {
        budget_->give_back(capacity - capacity_);
        return false;
    }
    (void)memory_.release();
    std::memset(memory + capacity, 0, readable_padding);
    memory_.reset(memory);
    capacity_ = capacity;
    return true;
}

bool Buffer::append(Bytes more, std::size_t bytes_max) noexcept {
    if (more.size() > bytes_max || size_ > bytes_max - more.size()) return false;
    if (more.empty()) return true;
    if (front_ + size_ + more.size() > capacity_ && !reserve(size_ + more.size())) return false;
    std::memcpy(memory_.get() + front_ + size_, more.data(), more.size());
    size_ += more.size();
    std::memset(memory_.get() + front_ + size_, 0, readable_padding);
    return true;
}

void Buffer::drop_front(std::size_t count) noexcept {
    count = std::min(count, size_);
    front_ += count;
    size_ -= count;
    if (size_ == 0) front_ = 0;
}

void Buffer::clear() noexcept {
    if (capacity_ > 0) budget_->give_back(capacity_);
    memory_.reset();
    capacity_ = front_ = size_ = 0;
}

void Buffer::reset(std::size_t bytes_kept) noexcept {
    if (capacity_ > bytes_kept) {
        clear();
    } else {
        front_ = size_ = 0;
    }
}

}  // namespace umbratap
