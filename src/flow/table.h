// The flow table: what is remembered of the flow that a packet belongs to, found in one step.
//
// Both directions of a 5-tuple are one record (and VLANs: see FlowRecord::Fit). Capacity is fixed;
// when it is reached, closed flows are forgotten first, then half-open ones, then datagrams, and
// connections last; among each, the one that was quiet for longest. The client is who sent SYN or
// received SYN-ACK; of a flow that was met midway, the side with the higher port, or the first
// sender where they are equal.
//
// A connection on the ports of an earlier one is a new flow: at its SYN, if the earlier one has
// ended or fell idle; else at the SYN-ACK that acknowledges that SYN. A SYN alone does not end a
// connection, since anybody may send one.
//
// Order and content of what is told hang on the packets alone, never on the hash.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/batch.h"
#include "base/pages.h"
#include "base/time.h"
#include "flow/bounded_time.h"
#include "flow/flow_key.h"
#include "flow/flow_record.h"
#include "flow/flow_slots.h"
#include "flow/idle_order.h"
#include "packet/packet.h"

namespace umbratap::flow {

struct TableLimits {
    std::uint32_t flows_max = 200'000;
    bool vlan_in_key = true;  ///< off: the same addresses and ports in two VLANs are one flow
    // Packet time without a packet after which a flow is handed out by expire():
    Duration closed_idle_max = std::chrono::seconds(60);
    Duration half_open_idle_max = std::chrono::seconds(10);
    Duration datagram_idle_max = std::chrono::seconds(60);
    Duration open_idle_max =
        std::chrono::hours(1);  ///< event streams stay open for hours, with keep-alives
};

enum class Found : std::uint8_t {
    found,
    made,
    reused,  ///< the record is still that of an earlier flow: finish it, then call restart()
};

template <class Value>
class Table {
public:
    struct alignas(32) Record
        : FlowRecord {                 // what a packet touches lies in as few cache lines as can be
        std::unique_ptr<Value> value;  ///< the engine's; empty at first
    };
    struct Lookup {
        Record*
            record;  ///< lives until the flow was handed out by forgotten(), expire() or take_all()
        Direction direction;  ///< of the packet; of the new flow where `reused`
        Found outcome;
    };

    explicit Table(const TableLimits& limits)
        : limits_(limits),
          capacity_(std::max<std::uint32_t>(limits.flows_max, 1)),
          slots_(capacity_),
          pages_((capacity_ + std::size_t{1}) * sizeof(Record)),
          records_(static_cast<Record*>(pages_.memory())),
          links_(capacity_ + 1 + standings * IdleOrder::slots),
          orders_{order(Standing::closed, limits.closed_idle_max),
                  order(Standing::half_open, limits.half_open_idle_max),
                  order(Standing::datagram, limits.datagram_idle_max),
                  order(Standing::open, limits.open_idle_max)} {}
    ~Table() { std::destroy_n(records_, made_); }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    /// Brings the flow of a packet that will be looked up soon into the cache: first its slot; its
    /// record when the eighth packet after it is announced, by when the slot will have come.
    void prefetch(const packet::Packet& packet) const noexcept {
        const std::uint64_t hash = hash_(key_of(packet).key);
        slots_.prefetch(hash);
        std::uint64_t& earlier = announced_[announced_at_++ % announced_.size()];
        if (const std::uint32_t number = slots_.likely(earlier); number != FlowSlots::none) {
            const auto* record = reinterpret_cast<const char*>(&records_[number]);
            __builtin_prefetch(record, 1);
            __builtin_prefetch(record + 64, 1);
            __builtin_prefetch(record + 127, 1);
        }
        earlier = hash;
    }

    /// The record of the packet's flow; the packet is counted, unless its flow is `reused`.
    /// `sequence` is the packet's place in the run. Where a flow had to be forgotten for the new
    /// one, forgotten() has it.
    Lookup find_or_make(const packet::Packet& packet, std::uint64_t sequence) {
        release();
        const DirectedKey directed = key_of(packet);
        const std::uint64_t hash = hash_(directed.key);
        const std::uint32_t number = find(directed, hash, packet);
        if (number == FlowSlots::none) return make(directed, hash, packet, sequence);
        Record& record = records_[number];
        if (order_of(record).is_idle(record.last_time, bounded(packet.time)) ||
            record.is_reused_by(packet, directed.source_is_low)) {
            FlowRecord next;
            next.begin(directed, packet);
            return {&record, next.direction_of(directed.source_is_low), Found::reused};
        }
        const Direction direction = record.direction_of(directed.source_is_low);
        count(record, packet, direction, sequence);
        return {&record, direction, Found::found};
    }

    /// Begins a new flow with `packet` in a record that find_or_make() called reused.
    Record* restart(Record& record, const packet::Packet& packet, std::uint64_t sequence) {
        order_of(record).remove(number_of(record));
        begin(record, key_of(packet), packet, sequence);
        return &record;
    }

    /// The flow that the last find_or_make() pushed out, or null. It lives until the next call of
    /// find_or_make(), expire() or take_all().
    Record* forgotten() noexcept { return forgotten_; }

    /// The connection has ended, as the one who looks into it knows: no need to wait for more for
    /// long, and a SYN is a new one.
    void close(Record& record) noexcept {
        record.ended = true;
        stand(record, Standing::closed);
    }

    /// Appends the flows that are idle at `now`, in the order of their last packets. They are out
    /// of the table, and live until the next call of find_or_make(), expire() or take_all(). `now`
    /// may step back.
    void expire(Time now, Batch<Record*>& out) {
        release();
        gone_.clear();
        for (IdleOrder& order : orders_) order.take_idle(bounded(now), last_of(), gone_);
        hand_out(out);
    }

    /// Appends all flows that remain, in the order of their last packets.
    void take_all(Batch<Record*>& out) {
        release();
        gone_.clear();
        for (IdleOrder& order : orders_) {
            while (order.size() != 0) gone_.push_back(order.take_quietest(last_of()));
        }
        hand_out(out);
    }

    std::uint32_t size() const noexcept {
        std::uint32_t sum = 0;
        for (const IdleOrder& order : orders_) sum += order.size();
        return sum;
    }
    /// Bytes that the table takes when it is full, without values.
    std::uint64_t bytes_max() const noexcept {
        return slots_.bytes() + links_.bytes() + pages_.bytes();
    }
    /// Bytes that were ever written to, likewise.
    std::uint64_t bytes_used() const noexcept {
        return slots_.bytes() + links_.bytes() + made_ * sizeof(Record);
    }

private:
    std::uint32_t find(const DirectedKey& directed, std::uint64_t hash,
                       const packet::Packet& packet) const noexcept {
        std::uint32_t best = FlowSlots::none;
        auto best_fit = FlowRecord::Fit::none;
        slots_.find(hash, [&](std::uint32_t number) {
            const Record& record = records_[number];
            if (!record.key.same_ends(directed.key)) return false;
            const auto fit = limits_.vlan_in_key ? record.fit(packet, directed.source_is_low)
                                                 : FlowRecord::Fit::exactly;
            if (fit > best_fit) {
                best = number;
                best_fit = fit;
            }
            return fit == FlowRecord::Fit::exactly;
        });
        return best;
    }
    IdleOrder order(Standing standing, Duration idle_max) {
        const auto heads = static_cast<std::uint32_t>(
            capacity_ + 1 + static_cast<std::size_t>(standing) * IdleOrder::slots);
        return {idle_max, heads, links_.data()};
    }
    IdleOrder& order_of(const Record& record) noexcept {
        return orders_[static_cast<std::size_t>(record.standing)];
    }
    std::uint32_t number_of(const Record& record) const noexcept {
        return static_cast<std::uint32_t>(&record - records_);
    }
    auto last_of() const noexcept {
        return [this](std::uint32_t number) { return records_[number].last_time; };
    }

    Lookup make(const DirectedKey& directed, std::uint64_t hash, const packet::Packet& packet,
                std::uint64_t sequence) {
        if (size() == capacity_) forget_quietest();
        std::uint32_t number = made_;
        if (!free_.empty()) {
            number = free_.back();
            free_.pop_back();
        } else {
            new (&records_[made_++]) Record;
            if (made_ == many) make_large();
        }
        Record& record = records_[number];
        slots_.add(hash, number);
        const Direction direction = begin(record, directed, packet, sequence);
        return {&record, direction, Found::made};
    }

    void make_large() noexcept {
        slots_.make_large();
        pages_.make_large(Pages::Filled::from_its_beginning);
        links_.make_large(Pages::Filled::from_its_beginning);
    }

    Direction begin(Record& record, const DirectedKey& directed, const packet::Packet& packet,
                    std::uint64_t sequence) {
        record.value.reset();
        record.begin(directed, packet);
        const Direction direction = record.direction_of(directed.source_is_low);
        record.standing = record.count(packet, direction, sequence, false);
        order_of(record).add(number_of(record), record.last_time);
        return direction;
    }

    void count(Record& record, const packet::Packet& packet, Direction direction,
               std::uint64_t sequence) noexcept {
        stand(record, record.count(packet, direction, sequence, record.value != nullptr));
    }

    void stand(Record& record, Standing standing) noexcept {
        if (standing == record.standing) return;
        order_of(record).remove(number_of(record));
        record.standing = standing;
        order_of(record).add(number_of(record), record.last_time);
    }

    void forget_quietest() {
        for (IdleOrder& order : orders_) {  // in the order of Standing
            if (order.size() == 0) continue;
            gone_.push_back(order.take_quietest(last_of()));
            forgotten_ = &records_[gone_.back()];
            slots_.remove(hash_(forgotten_->key), gone_.back());
            return;
        }
    }

    void hand_out(Batch<Record*>& out) {
        std::sort(gone_.begin(), gone_.end(), [this](std::uint32_t a, std::uint32_t b) {
            return records_[a].last_sequence < records_[b].last_sequence;
        });
        for (const std::uint32_t number : gone_) {
            slots_.remove(hash_(records_[number].key), number);
            out.push_back(&records_[number]);
        }
    }

    /// Takes back the records of flows that were handed out by the last call.
    void release() noexcept {
        forgotten_ = nullptr;
        for (const std::uint32_t number : gone_) {
            records_[number].value.reset();
            free_.push_back(number);
        }
        gone_.clear();
    }

    static constexpr std::uint32_t many = 4096;  // flows, for which large pages are worth it

    TableLimits limits_;
    std::uint32_t capacity_;
    FlowHash hash_;
    FlowSlots slots_;
    Pages pages_;
    Record* records_;  // one more than capacity_: a forgotten flow outlives the making of the next
    std::uint32_t made_ = 0;  // records that were ever used; memory behind them was never touched
    PagedArray<IdleLink> links_;
    std::array<IdleOrder, standings> orders_;
    std::vector<std::uint32_t> free_, gone_;
    Record* forgotten_ = nullptr;
    mutable std::array<std::uint64_t, 8> announced_{};
    mutable std::size_t announced_at_ = 0;
};

}  // namespace umbratap::flow
