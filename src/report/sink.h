// Where rendered events go. One of the two virtual interfaces of the house.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace umbratap::report {

/// An output that cannot be opened.
class SinkError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct SinkCounts {
    std::uint64_t events = 0, dropped = 0, queue_bytes = 0;
};

class Sink {
public:
    virtual ~Sink() = default;
    /// Takes one or more whole lines. Never blocks for long; what cannot be written is counted as
    /// dropped.
    virtual void write(std::string_view lines, std::uint64_t events) noexcept = 0;
    /// `sync`: the bytes should survive a crash of this machine, where the sink can do that.
    virtual void flush(bool sync) noexcept = 0;
    virtual void reopen() noexcept {}  ///< HUP
    virtual SinkCounts counts() const noexcept = 0;
    /// The latest trouble, once, as one line; empty where there is none.
    virtual std::string take_trouble() { return {}; }
    virtual std::string_view kind() const noexcept = 0;  ///< "file", "stdout": the label in metrics
};

/// "-" is standard output; everything else a file that is appended to. Throws SinkError.
std::unique_ptr<Sink> open_sink(const std::string& target);

}  // namespace umbratap::report
