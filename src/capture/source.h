// Where frames come from. One of the two virtual interfaces of the house, since the set is open:
// files, interfaces, PCAP-over-IP; tests have their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/bytes.h"
#include "capture/frame.h"

namespace umbratap::capture {

/// An input that cannot be read at all (exit status 4). `what()` is one line: where, what was
/// expected, what to do.
class InputError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Numbers that a source knows at any moment.
struct SourceCounts {
    std::uint64_t packets = 0;      ///< frames read from the input, before the filter
    std::uint64_t bytes = 0;        ///< captured bytes of these
    std::uint64_t filtered = 0;     ///< frames that the BPF filter left out
    std::uint64_t input_bytes = 0;  ///< bytes of input consumed so far (compressed, where it is)
    std::uint64_t input_total = 0;  ///< bytes of input in all; 0 where nobody knows (a pipe)
    std::uint64_t ring_bytes = 0;   ///< memory that the kernel fills with frames

    SourceCounts& operator+=(const SourceCounts& other) noexcept {
        packets += other.packets;
        bytes += other.bytes;
        filtered += other.filtered;
        input_bytes += other.input_bytes;
        input_total += other.input_total;
        ring_bytes += other.ring_bytes;
        return *this;
    }
};

/// What became of the frames that reached a live capture. Never goes back.
/// received = packets (SourceCounts) + kernel_dropped, exactly, once a stopped source was read to
/// its end; before that the difference waits in the ring.
struct LossCounts {
    std::uint64_t received = 0;           ///< passed the kernel's filter
    std::uint64_t kernel_dropped = 0;     ///< of these: the ring was full, we were too slow
    std::uint64_t interface_dropped = 0;  ///< beside these: no buffer in the device or the kernel

    LossCounts& operator+=(const LossCounts& other) noexcept {
        received += other.received;
        kernel_dropped += other.kernel_dropped;
        interface_dropped += other.interface_dropped;
        return *this;
    }
};

/// Something that the user should hear once: a file cut short, a block that made no sense, a link
/// type without decoder.
struct Notice {
    std::string text;  ///< one line, beginning with the file name
    /// The file ends within a packet; all before it was read (`stats.capture.cut_short`).
    bool cut_short = false;
};

class Source {
public:
    virtual ~Source() = default;

    /// Appends the next frames (at most a few hundred) and returns true; false at the end. Views in
    /// frames live until the next call. None are appended where a pipe or connection was silent for
    /// a fifth of a second, or a signal came, so that the caller can look at its clock and whether
    /// it shall stop. Trouble in the middle of an input ends that input with a Notice.
    virtual bool read(Batch<Frame>& out) = 0;

    virtual SourceCounts counts() const = 0;

    /// As of now. A file loses nothing.
    virtual LossCounts losses() { return {}; }

    /// Names of inputs that are gone and may come back, when all should be opened anew.
    virtual std::vector<std::string> gone() const { return {}; }

    /// Lets nothing more in; what was let in is still read. For an end without loss.
    virtual void stop() {}

    /// Notices since the last call.
    virtual std::vector<Notice> take_notices() = 0;

    /// TLS secrets found in the capture since the last call (pcapng Decryption Secrets Blocks, key
    /// log format).
    virtual std::vector<std::string> take_secrets() { return {}; }
};

struct FileOptions {
    /// Files, directories (read in order of name), "-", "tcp://HOST:PORT".
    std::vector<std::string> inputs;
    std::string filter;      ///< BPF filter; empty takes all
    bool decrypted = false;  ///< see Origin
};

/// Opens all inputs in the order given; directories are expanded. Throws InputError where an input
/// is missing, is not a capture, or a directory cannot be read or holds no capture, and
/// std::invalid_argument where the filter is wrong.
std::unique_ptr<Source> open_files(const FileOptions& options);

}  // namespace umbratap::capture
