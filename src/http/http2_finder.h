// Finds where a frame of HTTP/2 begins: in a connection that is seen from its middle, and after a
// hole.
//
// Nothing marks a frame, so several must follow each other without a fault. What weighs: each
// plausible frame one, and one more for HEADERS whose field block is well formed (RFC 7541, 6) and
// begins with a pseudo field, and for DATA that begins like JSON or server-sent events; the end of
// the stream where a frame should begin counts as a frame. Two are enough where HTTP/2 is expected;
// elsewhere three if some content was looked at, else six. Random bytes pass for one frame once in
// 2^30 places.
#pragma once

#include "base/buffer.h"
#include "http/http2_frames.h"
#include "http/shelf.h"

namespace umbratap::http {

/// Whether frames like this are usual. Stricter than the RFC: larger than 16 KiB, of unknown type,
/// or of a pushed stream or one of 2^24 and above are not.
bool plausible(const FrameHeader& frame) noexcept;

class FrameFinder {
public:
    enum class Expects : std::uint8_t { anything, http_2 };

    /// The first frame must begin `within` so many bytes.
    explicit FrameFinder(Budget& budget, std::uint64_t within = UINT64_MAX) noexcept
        : kept_(budget), within_(within) {}

    struct Found {
        Bytes skipped;  ///< no frame begins here; lives until the next push of the shelf's owner
        Bytes frames;   ///< empty, or what begins with a frame; likewise
    };
    /// Takes the next bytes of the direction; `end`: they are the last. What is neither skipped nor
    /// frames waits.
    Found next(Bytes in, Expects expects, bool end, Shelf& shelf);

    /// What waits: it may be frames.
    Bytes waiting() const noexcept { return kept_.bytes(); }
    /// Takes it out.
    Bytes take(Shelf& shelf) { return shelf.keep(kept_); }
    /// Of this many bytes was said that no frame begins there.
    std::uint64_t skipped() const noexcept { return skipped_; }

private:
    enum class Verdict : std::uint8_t { no, unclear, yes };
    class Chain;
    Verdict judge(Bytes at, Expects expects, bool end);

    Buffer kept_;
    std::uint64_t within_;
    std::uint64_t skipped_ = 0;
    std::uint64_t work_ = 0;  // bytes of field blocks read in vain
};

}  // namespace umbratap::http
