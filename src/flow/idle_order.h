// Which flow has been quiet for longest, without moving anything when a packet comes.
//
//     base                                          times of last packets, in slots of equal width
//      │ 0 │ 1 │ 2 │ … │ 255 │                      each slot is a list of flows
//
// A packet only writes the time into its flow's record. The flow stays where it was last put, which
// is at or before the slot where it belongs; it is put right when its slot comes up, at most once
// in a slot's time. So what was taken as idle is exact, and the quietest is exact to a slot.
#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

#include "base/batch.h"
#include "base/time.h"

namespace umbratap::flow {

/// Neighbours of a flow in the one list that it is in. The lists of all orders share one array of
/// them.
struct IdleLink {
    std::uint32_t previous = 0, next = 0;
};

class IdleOrder {
public:
    static constexpr std::uint32_t slots = 256;
    static constexpr std::uint32_t none = 0xffffffff;

    /// `heads` is the index of the first of `slots` links that belong to this order; links before
    /// are the flows'.
    IdleOrder(Duration idle_max, std::uint32_t heads, IdleLink* links) noexcept;

    /// `index` is in no list.
    void add(std::uint32_t index, Time last) noexcept {
        if (size_ == 0) base_ = last - idle_max_;
        insert(index, slot_of(last));
        ++size_;
    }
    void remove(std::uint32_t index) noexcept {
        unlink(index);
        --size_;
    }
    std::uint32_t size() const noexcept { return size_; }

    bool is_idle(Time last, Time now) const noexcept { return now - last > idle_max_; }

    /// Takes out all that are idle at `now`, in no particular order.
    template <class LastTime>
    void take_idle(Time now, const LastTime& last_of, Batch<std::uint32_t>& out) {
        if (size_ == 0) return;
        const Time due = now - idle_max_;
        if (now < base_) begin_at(due, last_of);  // time stepped back: another capture file
        for (std::uint32_t turns = 0; base_ + width_ <= due && turns < slots; ++turns) {
            sift(due, last_of, out);
            first_ = (first_ + 1) % slots;
            base_ += width_;
        }
        if (base_ + width_ <= due) begin_at(due, last_of);
        sift(due, last_of, out);
    }

    /// Takes out the flow that was quiet for longest, to a slot's width. There must be one.
    template <class LastTime>
    std::uint32_t take_quietest(const LastTime& last_of) noexcept {
        assert(size_ != 0);
        for (std::uint32_t i = 0;; i = (i + 1) % slots) {
            const std::uint32_t slot = (first_ + i) % slots;
            while (links_[heads_ + slot].next != heads_ + slot) {
                const std::uint32_t index = links_[heads_ + slot].next;
                const std::uint32_t belongs = slot_of(last_of(index));
                if (belongs == slot) {
                    remove(index);
                    return index;
                }
                unlink(index);
                insert(index, belongs);
            }
        }
    }

private:
    std::uint32_t slot_of(Time last) const noexcept {
        if (last <= base_) return first_;
        const std::int64_t distance = (last - base_) / width_;
        const std::uint32_t ahead =
            distance < slots - 1 ? static_cast<std::uint32_t>(distance) : slots - 1;
        return (first_ + ahead) % slots;
    }
    void insert(std::uint32_t index, std::uint32_t slot) noexcept {
        const std::uint32_t head = heads_ + slot, last = links_[head].previous;
        links_[index] = {last, head};
        links_[last].next = index;
        links_[head].previous = index;
    }
    void unlink(std::uint32_t index) noexcept {
        const IdleLink link = links_[index];
        links_[link.previous].next = link.next;
        links_[link.next].previous = link.previous;
    }

    /// Takes from the first slot what is idle, and puts what belongs elsewhere there.
    template <class LastTime>
    void sift(Time due, const LastTime& last_of, Batch<std::uint32_t>& out) {
        const std::uint32_t head = heads_ + first_;
        for (std::uint32_t index = links_[head].next; index != head;) {
            const std::uint32_t next = links_[index].next;
            const Time last = last_of(index);
            if (last < due) {
                remove(index);
                out.push_back(index);
            } else if (const std::uint32_t belongs = slot_of(last); belongs != first_) {
                unlink(index);
                insert(index, belongs);
            }
            index = next;
        }
    }

    /// Time made a leap: puts all in order anew.
    template <class LastTime>
    void begin_at(Time base, const LastTime& last_of) {
        Batch<std::uint32_t> all;
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            const std::uint32_t head = heads_ + slot;
            for (std::uint32_t i = links_[head].next; i != head; i = links_[i].next)
                all.push_back(i);
            links_[head] = {head, head};
        }
        base_ = base;
        first_ = 0;
        for (const std::uint32_t index : all) insert(index, slot_of(last_of(index)));
    }

    IdleLink* links_;
    std::uint32_t heads_;
    std::uint32_t first_ = 0;  // the slot that begins at base_
    std::uint32_t size_ = 0;
    Time base_{};
    Duration idle_max_, width_;
};

}  // namespace umbratap::flow
