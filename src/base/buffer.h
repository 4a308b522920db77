// Memory that outlives a frame: capped, and charged to the budget of the core that owns it.
//
// A `Budget` is one number per core (`memory_bytes_max`). A `Buffer` takes from it what it keeps
// and gives it back when it is cleared or dies; `append` refuses, rather than exceeds, its own cap
// or the budget. Behind the content of a Buffer there are always `readable_padding` further
// readable bytes, so that simdjson can parse in place.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/bytes.h"

namespace umbratap {

/// simdjson reads this far behind the end of a document.
inline constexpr std::size_t readable_padding = 64;

class Budget {
public:
    explicit Budget(std::uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}

    /// False, and nothing taken, if that would exceed the budget.
    bool take(std::uint64_t bytes) noexcept {
        if (bytes > bytes_max_ - used_) return false;
        used_ += bytes;
        return true;
    }
    void give_back(std::uint64_t bytes) noexcept { used_ -= bytes; }
    std::uint64_t used() const noexcept { return used_; }
    std::uint64_t bytes_max() const noexcept { return bytes_max_; }

private:
    std::uint64_t bytes_max_;
    std::uint64_t used_ = 0;
};

class Buffer {
public:
    explicit Buffer(Budget& budget) noexcept : budget_(&budget) {}
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        Buffer(std::move(other)).swap(*this);
        return *this;
    }
    ~Buffer() { clear(); }

    /// Copies `more` behind what is there. False, and nothing appended, if that would exceed
    /// `bytes_max` or the budget.
    bool append(Bytes more, std::size_t bytes_max) noexcept;
    /// Drops the first `count` bytes.
    void drop_front(std::size_t count) noexcept;
    /// Forgets the content and gives the memory back.
    void clear() noexcept;
    /// Forgets the content and keeps up to `bytes_kept` of memory for the next.
    void reset(std::size_t bytes_kept) noexcept;

    Bytes bytes() const noexcept { return {memory_.get() + front_, size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    void swap(Buffer& other) noexcept {
        std::swap(budget_, other.budget_);
        std::swap(memory_, other.memory_);
        std::swap(capacity_, other.capacity_);
        std::swap(front_, other.front_);
        std::swap(size_, other.size_);
    }

private:
    bool reserve(std::size_t wanted) noexcept;

    struct Free {
        void operator()(std::uint8_t* memory) const noexcept { std::free(memory); }
    };
    Budget* budget_ = nullptr;
    std::unique_ptr<std::uint8_t[], Free> memory_;
    std::size_t capacity_ = 0;  // charged to the budget; the padding comes on top
    std::size_t front_ = 0;
    std::size_t size_ = 0;
};

}  // namespace umbratap
