// Finds the heads of HTTP/1 messages in a direction: the first line, then all up to the blank line
// (RFC 9112, 2.1).
//
// Where a head is expected it begins at the next byte that is no blank line. Where the parser has
// lost its place, it may begin at any line start, and also behind the end of a body that is not
// followed by a line feed.
#pragma once

#include "base/buffer.h"
#include "http/shelf.h"

namespace umbratap::http {

class HeadFinder {
public:
    enum class Found : std::uint8_t {
        nothing,        ///< all was taken, more is needed
        head,           ///< a whole head
        head_too_long,  ///< its first `head_bytes_max` bytes
        line,           ///< bytes that belong to no head: a line or a part of one
    };
    struct Wanted {
        bool requests = true;
        bool responses = true;
        bool lost = false;
    };

    HeadFinder(std::uint32_t head_bytes_max, Budget& budget) noexcept
        : head_bytes_max_(head_bytes_max), kept_(budget) {}

    /// Takes bytes from the front of `in`. What was found lives until the next push of the shelf's
    /// owner.
    Found next(Bytes& in, Wanted wanted, Shelf& shelf) noexcept;
    Bytes found() const noexcept { return found_; }
    bool is_request() const noexcept { return is_request_; }
    /// The line that was found is whole, with its line feed.
    bool line_is_whole() const noexcept { return whole_; }

    /// What was taken and is waiting for more. `in_head`: its first line is complete.
    Bytes waiting() const noexcept { return kept_.bytes(); }
    bool in_head() const noexcept { return in_head_; }
    /// Forgets what is waiting; the next byte may begin a line.
    void drop() noexcept;

private:
    Found next_line(Bytes& in, Wanted wanted, Shelf& shelf);
    Found next_head(Bytes& in, std::size_t from, Shelf& shelf);
    Found give_first_byte(Bytes& in, Shelf& shelf);
    Found take_part(Bytes& in, Shelf& shelf);
    Found give(Bytes found, Found as, bool whole) noexcept;

    std::uint32_t head_bytes_max_;
    Buffer kept_;
    Bytes found_;
    bool in_head_ = false;
    bool is_request_ = false;
    bool whole_ = false;
    bool mid_line_ = false;       // the front of this line was given already
    bool at_line_start_ = false;  // in a head
    bool carriage_return_ = false;
};

}  // namespace umbratap::http
