// A bounded queue from one thread to another. No lock; whoever has to wait sleeps in the kernel.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

namespace umbratap::engine {

template <class T>
class Ring {
public:
    explicit Ring(std::uint32_t places) : slots_(places) {}

    /// By the one producer. Waits while the ring is full.
    void push(T value) {
        const std::uint32_t written = written_.load(std::memory_order_relaxed);
        for (std::uint32_t read = read_.load(std::memory_order_acquire);
             written - read == slots_.size(); read = read_.load(std::memory_order_acquire)) {
            read_.wait(read, std::memory_order_acquire);
        }
        slots_[written % slots_.size()] = std::move(value);
        written_.store(written + 1, std::memory_order_release);
        written_.notify_one();
    }

    /// The same without waiting: false, and `value` as it was, where the ring is full.
    bool try_push(T& value) {
        const std::uint32_t written = written_.load(std::memory_order_relaxed);
        if (written - read_.load(std::memory_order_acquire) == slots_.size()) return false;
        push(std::move(value));
        return true;
    }

    /// By the one consumer, without waiting: false where the ring is empty.
    bool try_pop(T& value) {
        if (written_.load(std::memory_order_acquire) == read_.load(std::memory_order_relaxed))
            return false;
        value = pop();
        return true;
    }

    /// By the one consumer. Waits while the ring is empty.
    T pop() {
        const std::uint32_t read = read_.load(std::memory_order_relaxed);
        for (std::uint32_t written = written_.load(std::memory_order_acquire); written == read;
             written = written_.load(std::memory_order_acquire)) {
            written_.wait(written, std::memory_order_acquire);
        }
        T value = std::move(slots_[read % slots_.size()]);
        read_.store(read + 1, std::memory_order_release);
        read_.notify_one();
        return value;
    }

private:
    std::vector<T> slots_;
    alignas(64) std::atomic<std::uint32_t> written_ = 0;
    alignas(64) std::atomic<std::uint32_t> read_ = 0;
};

}  // namespace umbratap::engine
