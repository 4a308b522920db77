// Memory for large tables: all zero, and only what is touched exists.
#pragma once

#include <cstddef>

namespace umbratap {

class Pages {
public:
    /// Made of large pages where the system has them, since a table is read at random and each
    /// small page costs a look-up of its own. Out of memory is fatal.
    explicit Pages(std::size_t bytes);
    ~Pages();
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    void* memory() const noexcept { return memory_; }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    void* memory_;
    std::size_t bytes_;
};

}  // namespace umbratap
