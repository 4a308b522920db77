// Bytes that come one after the other: from a file, a pipe or a socket, through a buffer of bounded
// size. gzip and zstd are recognised by their first bytes and taken off.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/inflate.h"

namespace umbratap::capture {

class ByteStream {
public:
    /// Compressions that captures come in.
    static std::optional<Coding> coding_of(Bytes head) noexcept;

    explicit ByteStream(Descriptor descriptor);

    /// What was fetched and not dropped. 64 bytes behind it may be read.
    Bytes unread() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
    void drop(std::size_t count) noexcept { begin_ += count; }

    enum class Fetched : std::uint8_t {
        enough,       ///< `unread` holds at least as many bytes as wanted
        waiting,      ///< nothing came for a while
        interrupted,  ///< a signal came while waiting
        ended,        ///< fewer than wanted will ever come; `trouble` may say why
    };
    /// Reads on until at least `wanted` bytes are unread. Moves them: views of them end here.
    Fetched fetch(std::size_t wanted);

    /// What kept the bytes from coming, in words; empty where the input simply ended.
    const std::string& trouble() const noexcept { return trouble_; }
    /// Whether the compressed data ended before its own end.
    bool cut_short() const noexcept { return cut_short_; }
    /// Bytes consumed of the input as it is, compressed where it is.
    std::uint64_t position() const noexcept { return position_; }

private:
    void begin();
    void make_room(std::size_t wanted);
    Fetched read_some(std::uint8_t* to, std::size_t room, std::size_t& came);
    Fetched inflate_some();
    void end(std::string why);

    Descriptor descriptor_;
    bool pollable_ = false;
    bool begun_ = false;  // the first bytes were looked at
    bool ended_ = false;
    bool cut_short_ = false;
    std::uint64_t position_ = 0;
    std::string trouble_;

    struct Free {
        void operator()(std::uint8_t* memory) const noexcept { std::free(memory); }
    };
    std::unique_ptr<std::uint8_t[], Free> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    std::optional<Inflater> inflater_;
    std::vector<std::uint8_t> compressed_;  // read, not yet inflated
    std::size_t compressed_begin_ = 0;
    bool inflated_all_ = true;  // of what was given to the inflater
    std::vector<std::uint8_t> inflated_;
};

}  // namespace umbratap::capture
