// Keeps bytes, and what else they were said to be.
#include "flow/stretch.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace umbratap::flow {

bool Stretch::reserve(std::vector<std::uint8_t>& bytes, std::size_t size) noexcept {
    const std::size_t had = bytes.capacity();
    if (size <= had) return true;
    std::size_t capacity = std::max(size, 2 * had);
    if (!budget_->take(capacity - had)) {
        capacity = size;
        if (!budget_->take(capacity - had)) return false;
    }
    charged_ += capacity - had;
    bytes.reserve(capacity);
    return true;
}

bool Stretch::make_other() noexcept {
    if (has_other_) return true;
    if (!reserve(other_, first_.size())) return false;
    other_ = first_;
    has_other_ = true;
    return true;
}

bool Stretch::append(Bytes first, Bytes other) noexcept {
    assert(other.empty() || other.size() == first.size());
    if (!reserve(first_, first_.size() + first.size())) return false;
    const bool differ = !other.empty() && !std::equal(first.begin(), first.end(), other.begin());
    if (differ) make_other();
    const std::uint64_t at = end();
    first_.insert(first_.end(), first.begin(), first.end());
    if (!has_other_) return true;
    if (!reserve(other_, first_.size())) {  // the other reading is an extra
        other_.clear();
        has_other_ = false;
        disagreement_ = {};
        return true;
    }
    const Bytes more = differ ? other : first;
    other_.insert(other_.end(), more.begin(), more.end());
    if (differ) note_disagreement(at, other);
    return true;
}

void Stretch::drop_before(std::uint64_t offset) noexcept {
    if (offset <= begin_) return;
    if (offset >= end()) return clear(offset);
    front_ += offset - begin_;
    begin_ = offset;
    disagreement_.from = std::max(disagreement_.from, begin_);
    if (front_ < size()) return;  // moving the rest would not yet be paid for by what was dropped
    const auto dropped = static_cast<std::ptrdiff_t>(front_);
    first_.erase(first_.begin(), first_.begin() + dropped);
    if (has_other_) other_.erase(other_.begin(), other_.begin() + dropped);
    front_ = 0;
}

void Stretch::clear(std::uint64_t begin) noexcept {
    if (charged_ != 0) {
        budget_->give_back(charged_);
        std::vector<std::uint8_t>().swap(first_);
        std::vector<std::uint8_t>().swap(other_);
    }
    front_ = charged_ = 0;
    has_other_ = false;
    disagreement_ = {};
    begin_ = begin;
}

Stretch::Comparison Stretch::compare(std::uint64_t offset, Bytes data) noexcept {
    assert(offset >= begin_ && offset + data.size() <= end());
    const Bytes had = first().subspan(offset - begin_, data.size());
    Comparison result;
    if (std::equal(data.begin(), data.end(), had.begin())) return result;
    for (std::size_t i = 0; i < data.size(); ++i) result.differing += data[i] != had[i];
    const Bytes said = other().subspan(offset - begin_, data.size());
    for (std::size_t i = 0; i < data.size() && !result.news; ++i) {
        result.news = data[i] != had[i] && data[i] != said[i];
    }
    if (!result.news || !make_other()) return result;
    // Where the segment repeats the first reading, an earlier other reading stays.
    std::uint8_t* reading = other_.data() + front_ + (offset - begin_);
    for (std::size_t i = 0; i < data.size(); ++i) {
        if (data[i] != had[i]) reading[i] = data[i];
    }
    note_disagreement(offset, data);
    return result;
}

Bytes Stretch::other(Range range) const noexcept {
    const std::uint64_t from = std::max(range.from, begin_), to = std::min(range.to, end());
    return from < to ? other().subspan(from - begin_, to - from) : Bytes();
}

/// `other`, which lies at `at`, differs from what came first.
void Stretch::note_disagreement(std::uint64_t at, Bytes other) noexcept {
    const Bytes had = first().subspan(at - begin_, other.size());
    const auto from = std::mismatch(had.begin(), had.end(), other.begin()).first - had.begin();
    const auto to = had.rend() - std::mismatch(had.rbegin(), had.rend(), other.rbegin()).first;
    const Range range{at + static_cast<std::uint64_t>(from), at + static_cast<std::uint64_t>(to)};
    if (disagreement_.empty()) {
        disagreement_ = range;
    } else {
        disagreement_ = {std::min(disagreement_.from, range.from),
                         std::max(disagreement_.to, range.to)};
    }
}

void Stretch::swap(Stretch& with) noexcept {
    std::swap(budget_, with.budget_);
    std::swap(begin_, with.begin_);
    std::swap(front_, with.front_);
    std::swap(charged_, with.charged_);
    std::swap(first_, with.first_);
    std::swap(other_, with.other_);
    std::swap(has_other_, with.has_other_);
    std::swap(disagreement_, with.disagreement_);
}

}  // namespace umbratap::flow
