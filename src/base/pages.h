// Memory for large tables: all zero, and only what is touched exists.
#pragma once

#include <cstddef>
#include <type_traits>

namespace umbratap {

class Pages {
public:
    /// Out of memory is fatal.
    explicit Pages(std::size_t bytes);
    ~Pages();
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    void* memory() const noexcept { return memory_; }
    std::size_t bytes() const noexcept { return bytes_; }

    enum class Filled { from_its_beginning, at_random };
    /// For a table that will be large: its pages become large ones where the system has them, since
    /// each small page costs a look-up of its own. Not before: a large page is zeroed as a whole
    /// when it is touched first. `at_random`: those that were touched are made large, too.
    void make_large(Filled filled) noexcept;

private:
    void* memory_;
    std::size_t bytes_;
};

/// An array of what all zeros make a sound T.
template <class T>
class PagedArray {
public:
    explicit PagedArray(std::size_t size) : pages_(size * sizeof(T)) {
        static_assert(std::is_trivially_copyable_v<T>);
    }

    T* data() const noexcept { return static_cast<T*>(pages_.memory()); }
    T& operator[](std::size_t i) const noexcept { return data()[i]; }
    std::size_t bytes() const noexcept { return pages_.bytes(); }
    void make_large(Pages::Filled filled) noexcept { pages_.make_large(filled); }

private:
    Pages pages_;
};

}  // namespace umbratap
