// One open capture: finds out what it is, and reads it to its end or to where it breaks.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "capture/byte_stream.h"
#include "capture/pcap.h"
#include "capture/pcapng.h"
#include "capture/source.h"

namespace umbratap::capture {

/// Opens a file, a FIFO, "-" or tcp://HOST:PORT. Throws InputError.
Descriptor open_descriptor(const std::string& name);

class Input {
public:
    /// Reads the head. Throws InputError where that is not of a capture.
    Input(Descriptor descriptor, const Origin& origin);

    enum class State : std::uint8_t { open, waiting, ended };
    /// Appends at most `frames_max` frames, whose views live until the next call. `waiting`: none
    /// came for a while.
    State read(std::size_t frames_max, Batch<Frame>& out);

    std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
    std::vector<std::string> take_secrets();
    /// Bytes consumed of the input as it is, compressed where it is.
    std::uint64_t position() const noexcept { return bytes_.position(); }

private:
    Bytes window() const noexcept { return bytes_.unread(); }
    void drop(std::size_t count) noexcept;
    void fetch_head(std::size_t wanted);
    void choose_decoder();
    Progress decode(std::size_t frames_max, Batch<Frame>& out);
    void finish();
    void end_with(std::string text, bool cut_short);
    [[noreturn]] void refuse(const std::string& why) const;

    const Origin* origin_;
    ByteStream bytes_;
    std::variant<std::monostate, PcapDecoder, PcapngDecoder> decoder_;
    std::uint64_t offset_ = 0;  // of the window, within the capture
    bool ended_ = false;
    std::vector<Notice> notices_;
};

}  // namespace umbratap::capture
