// What goes from a thread that reads to the workers: packets with their bytes, dealt out by the
// inner flow, and what concerns all workers alike.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/unwrapper.h"
#include "flow/bounded_time.h"

namespace umbratap::engine {

/// The same for both directions of a flow.
inline std::uint64_t symmetric_hash(const packet::Packet& packet) {
    const auto mixed = [](const packet::Address& address, std::uint16_t port) {
        std::uint64_t halves[2];
        std::memcpy(halves, address.octets.data(), sizeof halves);
        std::uint64_t value = halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15U) ^ port;
        value ^= value >> 29;
        value *= 0xbf58476d1ce4e5b9U;
        return value ^ value >> 32;
    };
    return mixed(packet.source, packet.source_port) + mixed(packet.target, packet.target_port);
}

/// Lines of a key log on their way to several workers; wiped when all have taken them.
struct SecretText {
    explicit SecretText(std::string_view lines) : text(lines) {}
    ~SecretText() { explicit_bzero(text.data(), text.size()); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    std::string text;
};

/// Memory for the bytes of packets that must outlive their frames.
class PacketCopies {
public:
    /// The same packet, its bytes here.
    Placed keep(const Placed& placed) {
        const Bytes network = placed.packet.network;
        if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < network.size())
            blocks_.emplace_back().reserve(std::max(network.size(), block_bytes));
        std::vector<std::uint8_t>& block = blocks_.back();
        const std::uint8_t* copy = block.data() + block.size();
        block.insert(block.end(), network.begin(), network.end());
        Placed kept = placed;
        packet::Packet& packet = kept.packet;
        packet.network = Bytes(copy, network.size());
        packet.segment = Bytes(copy + (placed.packet.segment.data() - network.data()),
                               placed.packet.segment.size());
        return kept;
    }

private:
    static constexpr std::size_t block_bytes = 256 * 1024;
    std::vector<std::vector<std::uint8_t>> blocks_;
};

/// Packet time, which passes in ticks of a second. Packets come a little out of order; a time that
/// is much older means that the clock of whoever captured them was set back, or that another
/// capture begins, and time goes on from there.
class PacketClock {
public:
    explicit PacketClock(Duration step_back_min) : step_back_min_(step_back_min) {}

    /// True if `time` begins a new second, or is that much older.
    bool advance(Time time) {
        time = flow::bounded(time);
        const Time before = std::exchange(now_, time);
        went_back_ = !first_ && before - time > step_back_min_;
        if (std::exchange(first_, false) || went_back_) return went_back_;
        now_ = std::max(before, time);
        return std::chrono::floor<std::chrono::seconds>(now_) !=
               std::chrono::floor<std::chrono::seconds>(before);
    }
    Time now() const noexcept { return now_; }
    bool went_back() const noexcept { return went_back_; }  ///< with the last advance

private:
    Duration step_back_min_;
    Time now_{};
    bool first_ = true, went_back_ = false;
};

}  // namespace umbratap::engine
