// The wire between the process that parses and the one that owns the outputs: a Unix stream socket.
//
// Frames, little-endian: size of what follows (4 bytes), kind (1 byte), content.
//
//     to the outputs    E event   S sync   F finish
//     back              C counts of one kind of sink   T trouble   D all is delivered that could be
//
// Either side may die at any byte, and neither waits for the other: what the socket does not take
// stays in a queue that is bounded and gives up the lowest rank first.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "report/severity_queue.h"
#include "report/sink.h"

namespace umbratap::report {

struct ChannelLimits {
    std::size_t queue_bytes_max = 32 << 20;  ///< of events that the other side is slow to take
    unsigned troubles_max = 64;              ///< lines that nobody took yet
};

/// The end of the process that parses. It needs no right but to send and receive on `descriptor`
/// (sendto, recvfrom, poll), which it does not own.
class ChannelSink final : public Sink {
public:
    explicit ChannelSink(int descriptor, ChannelLimits limits = {});

    void write(const Event& event) noexcept override;
    void flush(bool sync) noexcept override;
    /// Asks the other side to finish, and waits for its last counts.
    void finish(std::chrono::steady_clock::time_point deadline) noexcept override;
    /// Of all sinks behind the channel, and what was lost before it.
    SinkCounts counts() const noexcept override;
    void count_into(SinkCountsByKind& all) const override;
    std::string take_trouble() override;
    std::string_view kind() const noexcept override { return "channel"; }

private:
    void send_out() noexcept;
    void receive() noexcept;
    void take_answers();
    void give_up() noexcept;
    void wait(short events, std::chrono::steady_clock::time_point deadline) const noexcept;

    int descriptor_;
    ChannelLimits limits_;
    std::string outgoing_;  // whole frames, the first perhaps sent in part
    std::size_t sent_ = 0;  // bytes of `outgoing_`
    SeverityQueue queue_;   // behind `outgoing_`
    std::uint64_t next_number_ = 0;
    std::string event_bytes_;  // reused
    std::string incoming_;
    std::uint64_t dropped_ = 0;
    SinkCountsByKind behind_;
    std::deque<std::string> troubles_;
    bool gone_ = false;  // the other side
    bool done_ = false;
};

/// The end of the process that owns the outputs. What arrives is another process's word: a frame
/// that makes no sense ends the channel.
class ChannelReader {
public:
    /// Owns neither `descriptor`, a non-blocking socket or not, nor the sinks.
    ChannelReader(int descriptor, Sinks& sinks) : descriptor_(descriptor), sinks_(sinks) {}

    enum class State : std::uint8_t {
        open,
        finished,  ///< the other side is done, and the sinks have all that it said
        ended,     ///< the other side went without a word, perhaps within an event
        broken     ///< what came was no frame
    };
    /// To be called when `descriptor` can be read, and once a second at least: feeds the sinks with
    /// what has come, a bounded share of it, and tells the other side how they are. The sinks are
    /// not finished with it: another channel may follow.
    State serve() noexcept;

private:
    State take_frames();
    void tell();
    void answer(char kind, std::string_view content);
    void send_answers() noexcept;

    int descriptor_;
    Sinks& sinks_;
    std::string incoming_;
    std::string answers_;
    std::chrono::steady_clock::time_point told_{};
};

}  // namespace umbratap::report
