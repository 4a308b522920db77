// Finds the number of a flow's record by its hash: open addressing, eight bytes a slot.
//
//     slot: │ 32 bits of the hash │ number of the record + 1 │      0: empty
//
// The hash bits say where the search began and tell strangers apart, so that the record itself,
// which is far away, is touched only if it is almost certainly the right one. Half of the slots at
// least are empty.
#pragma once

#include <bit>
#include <cstdint>

#include "base/pages.h"

namespace umbratap::flow {

class FlowSlots {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    explicit FlowSlots(std::uint32_t flows_max)
        : mask_(std::bit_ceil(std::uint64_t{flows_max} * 3 / 2 + 1) - 1), slots_(mask_ + 1) {}

    void prefetch(std::uint64_t hash) const noexcept { __builtin_prefetch(&slots_[hash & mask_]); }

    /// The number that the first slot of this hash with its tag holds, or `none`: what to prefetch
    /// next.
    std::uint32_t likely(std::uint64_t hash) const noexcept {
        const std::uint64_t slot = slots_[hash & mask_];
        return slot >> 32 == tag_of(hash) && slot != 0 ? static_cast<std::uint32_t>(slot) - 1
                                                       : none;
    }

    /// The number for which `is_it` holds, or `none`.
    template <class IsIt>
    std::uint32_t find(std::uint64_t hash, const IsIt& is_it) const noexcept {
        for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
            const std::uint64_t slot = slots_[at];
            if (slot == 0) return none;
            if (slot >> 32 != tag_of(hash)) continue;
            const auto number = static_cast<std::uint32_t>(slot) - 1;
            if (is_it(number)) return number;
        }
    }

    /// There must be room: the caller keeps to `flows_max`.
    void add(std::uint64_t hash, std::uint32_t number) noexcept {
        std::uint64_t at = hash & mask_;
        while (slots_[at] != 0) at = (at + 1) & mask_;
        slots_[at] = tag_of(hash) << 32 | (number + 1);
    }

    /// It must be there. Closes the gap, so that no search stops short.
    void remove(std::uint64_t hash, std::uint32_t number) noexcept {
        const std::uint64_t wanted = tag_of(hash) << 32 | (number + 1);
        std::uint64_t gap = hash & mask_;
        while (slots_[gap] != wanted) gap = (gap + 1) & mask_;
        for (std::uint64_t at = (gap + 1) & mask_; slots_[at] != 0; at = (at + 1) & mask_) {
            const std::uint64_t began = slots_[at] >> 32 & mask_;
            if (((at - began) & mask_) < ((at - gap) & mask_)) continue;
            slots_[gap] = slots_[at];
            gap = at;
        }
        slots_[gap] = 0;
    }

    std::uint64_t bytes() const noexcept { return slots_.bytes(); }
    /// See Pages: many flows are there now.
    void make_large() noexcept { slots_.make_large(Pages::Filled::at_random); }

private:
    /// The low half of the hash: where the search began can be told from it.
    static constexpr std::uint64_t tag_of(std::uint64_t hash) noexcept { return hash & 0xffffffff; }

    std::uint64_t mask_;
    PagedArray<std::uint64_t> slots_;
};

}  // namespace umbratap::flow
