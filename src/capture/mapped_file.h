// A regular file as memory: no byte of it is copied.
//
// Reading 64 bytes behind its end is safe. What was dropped is given back to the system on the way,
// so that a file of any size takes a few MiB. A file that another program cuts while it is mapped
// reads as zeros behind the cut, and `end_now` tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace umbratap::capture {

class MappedFile {
public:
    /// Nothing where the system refuses: a file without memory behind it, no address space left.
    static std::optional<MappedFile> map(int descriptor, std::uint64_t size);

    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    Bytes unread() const noexcept { return {memory_ + position_, size_ - position_}; }
    void drop(std::size_t count) noexcept;
    std::uint64_t position() const noexcept { return position_; }

    /// Where the mapped bytes end by now: before `unread` ends where the file was cut meanwhile.
    const std::uint8_t* end_now() const noexcept;

private:
    MappedFile() = default;
    void swap(MappedFile& other) noexcept;

    int descriptor_ = -1;
    std::uint8_t* memory_ = nullptr;
    std::size_t size_ = 0;
    std::size_t reserved_ = 0;  // with the page behind
    std::size_t position_ = 0;
    std::size_t given_back_ = 0;
    int guard_ = -1;  // its row in the table of the signal handler
};

}  // namespace umbratap::capture
