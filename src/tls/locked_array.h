// Values in memory that is locked (never swapped out), left out of core dumps, and wiped when it is
// freed. Grows by blocks; values never move.
//
// Locking is best effort: the system allows an unprivileged process little (`ulimit -l`).
#pragma once

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <vector>

namespace umbratap::tls {

template <class T>
class LockedArray {
    static_assert(std::is_copy_constructible_v<T>);

public:
    LockedArray() = default;
    LockedArray(const LockedArray&) = delete;
    LockedArray& operator=(const LockedArray&) = delete;
    ~LockedArray() {
        for (std::size_t i = 0; i < size_; ++i) (*this)[i].~T();
        for (void* block : blocks_) {
            OPENSSL_cleanse(block, block_bytes);
            munmap(block, block_bytes);
        }
    }

    /// False if there is no memory.
    bool push_back(const T& value) {
        if (size_ == blocks_.size() * values_per_block && !add_block()) return false;
        new (place(size_)) T(value);
        ++size_;
        return true;
    }
    T& operator[](std::size_t i) noexcept { return *std::launder(static_cast<T*>(place(i))); }
    const T& operator[](std::size_t i) const noexcept {
        return *std::launder(static_cast<const T*>(place(i)));
    }
    std::size_t size() const noexcept { return size_; }
    bool locked() const noexcept { return locked_; }  ///< all of it, so far

private:
    static constexpr std::size_t block_bytes = 64 * 1024;
    static constexpr std::size_t values_per_block = block_bytes / sizeof(T);

    void* place(std::size_t i) const noexcept {
        return static_cast<std::byte*>(blocks_[i / values_per_block]) +
               i % values_per_block * sizeof(T);
    }
    bool add_block() {
        blocks_.reserve(blocks_.size() + 1);
        void* const block =
            mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) return false;
        blocks_.push_back(block);
        madvise(block, block_bytes, MADV_DONTDUMP);
        if (mlock(block, block_bytes) != 0) locked_ = false;
        return true;
    }

    std::vector<void*> blocks_;
    std::size_t size_ = 0;
    bool locked_ = true;
};

}  // namespace umbratap::tls
