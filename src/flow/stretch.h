// Consecutive bytes of a stream that are kept, and the other reading of them where segments
// disagreed.
//
//     begin                                end
//       │ P O S T   / m c p   H T T P / 1 . 1 │   first: what came first; it counts
//       │ P O S T   / f o o   H T T P / 1 . 1 │   other: the same with what came last; made at the
//       first disagreement
//                     └─┬─┘
//                   disagreement
//
// Its memory is charged to a Budget.
#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

namespace umbratap::flow {

/// Offsets [from, to) of a stream.
struct Range {
    std::uint64_t from = 0, to = 0;
    bool empty() const noexcept { return from >= to; }
};

class Stretch {
public:
    Stretch(Budget& budget, std::uint64_t begin) noexcept : budget_(&budget), begin_(begin) {}
    Stretch(Stretch&& from) noexcept { swap(from); }
    Stretch& operator=(Stretch&& from) noexcept {
        Stretch(std::move(from)).swap(*this);
        return *this;
    }
    ~Stretch() { clear(begin_); }

    std::uint64_t begin() const noexcept { return begin_; }
    std::uint64_t end() const noexcept { return begin_ + size(); }
    std::size_t size() const noexcept { return first_.size() - front_; }
    bool empty() const noexcept { return size() == 0; }

    /// Copies `first` behind the end; `other`, of the same length or empty, is its other reading.
    /// False, and nothing appended, where the budget refuses.
    bool append(Bytes first, Bytes other = {}) noexcept;
    /// Forgets what lies before `offset`.
    void drop_before(std::uint64_t offset) noexcept;
    /// Forgets all, gives the memory back, and goes on at `begin`.
    void clear(std::uint64_t begin) noexcept;

    struct Comparison {
        std::uint64_t differing = 0;  ///< bytes
        bool news = false;            ///< neither reading had them
    };
    /// Holds `data`, which lies within at `offset`, against what came first; remembers it as the
    /// other reading where it differs.
    Comparison compare(std::uint64_t offset, Bytes data) noexcept;

    Bytes first() const noexcept { return Bytes(first_).subspan(front_); }
    Bytes other() const noexcept { return has_other_ ? Bytes(other_).subspan(front_) : first(); }
    /// The part of the other reading in `range`, as far as it is kept.
    Bytes other(Range range) const noexcept;
    /// From the first to the last byte where the readings differ.
    Range disagreement() const noexcept { return disagreement_; }

private:
    /// Room for `size` bytes in all, charged. Doubles, so that a byte is copied twice at most on
    /// average; takes just what is needed where that is all there is.
    bool reserve(std::vector<std::uint8_t>& bytes, std::size_t size) noexcept;
    bool make_other() noexcept;
    void note_disagreement(std::uint64_t at, Bytes other) noexcept;
    void swap(Stretch& with) noexcept;

    Budget* budget_ = nullptr;
    std::uint64_t begin_ = 0;
    std::size_t front_ = 0;                    // bytes dropped whose memory is still there
    std::size_t charged_ = 0;                  // capacity of both
    std::vector<std::uint8_t> first_, other_;  // of equal size where has_other_
    bool has_other_ = false;
    Range disagreement_;
};

}  // namespace umbratap::flow
