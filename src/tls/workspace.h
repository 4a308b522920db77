// Memory that all sessions of a worker use in turn, so that an idle session holds none: room for
// plaintext, and spare buffers for records that have not come whole yet.
//
// What a session decrypted lives until the next push to any session of the same workspace. A
// session inside of another (TLS in a tunnel in TLS) hence needs a workspace of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"

namespace umbratap::tls {

class Workspace {
public:
    explicit Workspace(Budget& budget);

    /// A push begins: at most `bytes` of plaintext will be written. False if there is no memory.
    bool begin(std::size_t bytes) noexcept;
    /// Where the next plaintext goes.
    std::uint8_t* room() noexcept { return memory_.get() + used_; }
    std::size_t room_bytes() const noexcept { return capacity_ - used_; }
    /// `bytes` of it are to stay.
    void use(std::size_t bytes) noexcept { used_ += bytes; }

    /// Gives the memory of a spare to `buffer`, which is empty, if there is one.
    void lend(Buffer& buffer) noexcept;
    /// Empties `buffer`; its memory becomes a spare, or is freed.
    void take_back(Buffer& buffer) noexcept;

private:
    static constexpr std::size_t bytes_kept_max = 256 * 1024;
    static constexpr std::size_t spares_max = 4;
    static constexpr std::size_t spare_bytes_max = 64 * 1024;

    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t used_ = 0;
    std::vector<Buffer> spares_;  // `spares_max` of them, the first `spares_count_` with memory
    std::size_t spares_count_ = 0;
};

}  // namespace umbratap::tls
