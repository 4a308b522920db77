// The first arrival wins.
//
// A segment meets up to three kinds of bytes, from left to right:
//
//     handed on          it came again: compared with what is kept of that, and dropped
//     next               what comes in order is handed on as a view of the packet, without a copy
//     early pieces       came before this segment, hence win; compared with it
//
// If it begins behind `next` there is a hole, and it is kept as an early piece itself: appended to
// the piece that it touches on the left; those that it covers are melted into it. So a piece is
// looked at once for each segment that covers it, and not again: however small the segments are,
// work stays in proportion to bytes.
//
// A hole is given up when it was waited for long enough, or when there is no room for more early
// bytes. What comes for it afterwards is too late: it is counted as discarded.
//
// Where a segment disagrees with what came first, receivers differ in what they believe (Ptacek and
// Newsham, 1998; Novak and Sturges, 2007). The stream stays the first reading; the other one is
// handed on beside it as a chunk marked `alternate`, with what surrounds it, once its place in the
// stream is reached.
// One story, hence long.
#include "flow/half_stream.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace umbratap::flow {

namespace {

/// What an early piece costs beside its bytes: node, vector, allocation.
constexpr std::size_t piece_overhead = sizeof(std::pair<std::uint64_t, Stretch>) + 96;
/// Bytes on either side of another reading that are handed on with it.
constexpr std::uint64_t context_bytes = 2048;

}  // namespace

HalfStream::Extras::~Extras() {
    budget.give_back((early.size() + doubtful.size()) * piece_overhead);
}

HalfStream::Extras& HalfStream::extras(Budget& budget) {
    if (!extras_) extras_ = std::make_unique<Extras>(budget, next_);
    return *extras_;
}

void HalfStream::release() noexcept {
    if (!extras_) return;
    extras_->delivered.clear();
    extras_->alternates.clear();
    if (extras_->kept.empty() && extras_->early.empty() && extras_->doubtful.empty())
        extras_.reset();
}

Problem HalfStream::take(const TcpLimits& limits, Budget& budget, Moment moment,
                         std::uint64_t offset, Bytes data, std::uint32_t cut,
                         Batch<StreamChunk>& out) noexcept {
    Push push{limits, budget, moment, out};
    take_payload(push, offset, data, cut);
    end_if_reached(push);
    return push.problem;
}

void HalfStream::take_payload(Push& push, std::uint64_t offset, Bytes data, std::uint32_t cut) {
    push.problem = push.problem.or_else(after_end(push, offset, data, cut));
    counts_.not_captured += cut;
    std::uint64_t cut_end = offset + data.size() + cut;
    while (!data.empty() || cut_end > next_) {
        if (offset < next_) {
            const Bytes again = data.first(std::min<std::uint64_t>(data.size(), next_ - offset));
            data = data.subspan(again.size());
            compare_delivered(push, offset, again, data);
            offset = data.empty() ? std::min(cut_end, next_) : next_;
        }
        if (data.empty() && cut_end <= next_) break;
        if (offset <= next_) {
            deliver(push, data, cut_end);
            break;
        }
        if (data.empty()) break;  // nothing to keep: a hole like any other
        const char* lack = lacks_room(push, data.size());
        if (lack == nullptr) {
            insert_early(push, offset, data,
                         static_cast<std::uint32_t>(cut_end - offset - data.size()));
            break;
        }
        push.problem = push.problem.or_else(Problem(lack));
        if (has_early()) {
            give_up_first_hole(push);
        } else {
            deliver_missing(push, offset - next_);
        }
    }
}

/// What lies behind FIN is no part of the stream.
Problem HalfStream::after_end(Push& push, std::uint64_t offset, Bytes& data, std::uint32_t& cut) {
    const std::uint64_t wire_end = offset + data.size() + cut;
    if (wire_end <= end_) return no_problem;
    if (!ended_ && offset < end_) {
        // Data that came across the place of a FIN that is not reached yet: receivers forget that
        // FIN.
        end_ = unknown;
        return Problem("tcp.conflicting_end");
    }
    const std::uint64_t inside = offset < end_ ? end_ - offset : 0;
    const Bytes behind = data.subspan(std::min<std::uint64_t>(data.size(), inside));
    counts_.discarded += wire_end - std::max(offset, end_);
    data = data.first(data.size() - behind.size());
    cut = static_cast<std::uint32_t>(std::min(wire_end, std::max(offset, end_)) - offset -
                                     data.size());
    // If the FIN never reached the receiver, these are the bytes that did.
    if (!behind.empty()) append_alternate(push, end_, {}, behind, {});
    return Problem("tcp.data_after_end");
}

Problem HalfStream::take_end(Moment moment, std::uint64_t offset,
                             Batch<StreamChunk>& out) noexcept {
    if (ended_ || end_ == offset) return no_problem;
    const std::uint64_t seen = has_early() ? extras_->early.rbegin()->second.bytes.end() : next_;
    if (offset < std::max(seen, next_) || end_ != unknown) return Problem("tcp.conflicting_end");
    end_ = offset;
    if (next_ == end_) {
        ended_ = true;
        StreamChunk& chunk = out.emplace_back();
        chunk.time = moment.time;
        chunk.packet_number = moment.packet_number;
        chunk.direction = direction_;
        chunk.offset = next_;
        chunk.end = true;
    }
    return no_problem;
}

void HalfStream::end_if_reached(Push& push) noexcept {
    if (ended_ || next_ != end_) return;
    ended_ = true;
    append_chunk(push).end = true;
}

void HalfStream::acknowledge(Moment moment, std::uint64_t offset) noexcept {
    one_sided_ = false;
    if (has_early() && offset == next_) extras_->receiver_waits = true;
    if (offset <= acknowledged_) return;
    acknowledged_ = offset;
    if (!extras_) return;
    if (acknowledged_ >= next_) {
        extras_->kept.clear(next_);
    } else if (acknowledged_ > context_bytes) {
        extras_->kept.drop_before(acknowledged_ - context_bytes);
    }
    if (has_early() && acknowledged_ > next_ && !extras_->hole_acknowledged) {
        extras_->hole_acknowledged = true;
        extras_->acknowledged = moment.time;
    }
}

Problem HalfStream::check_wait(const TcpLimits& limits, Budget& budget, Moment moment,
                               Batch<StreamChunk>& out) noexcept {
    if (!extras_) return no_problem;
    Push push{limits, budget, moment, out};
    take_doubtful(push, false);
    while (has_early()) {
        const Time since = std::max(extras_->early.begin()->second.since, extras_->advanced);
        const bool receiver_waits_too = extras_->receiver_waits && acknowledged_ == next_;
        const bool over =
            acknowledged_ > next_ && extras_->hole_acknowledged
                ? moment.time - extras_->acknowledged > limits.hole_wait_acknowledged_max
                : !receiver_waits_too && moment.time - since > limits.hole_wait_max;
        if (!over) break;
        const std::uint64_t next = next_;
        take_doubtful(push, one_sided_);
        if (next_ == next) give_up_first_hole(push);
    }
    end_if_reached(push);
    return push.problem;
}

void HalfStream::finish(const TcpLimits& limits, Budget& budget, Moment moment,
                        Batch<StreamChunk>& out) noexcept {
    Push push{limits, budget, moment, out};
    take_doubtful(push, one_sided_);
    while (extras_ && !extras_->doubtful.empty()) drop_first_doubtful();
    while (has_early()) give_up_first_hole(push);
    end_if_reached(push);
    if (ended_) return;
    if (end_ != unknown && end_ > next_) deliver_missing(push, end_ - next_);
    ended_ = true;
    append_chunk(push).end = true;
}

// What is set aside.

void HalfStream::set_aside(const TcpLimits& limits, Budget& budget, std::uint64_t offset,
                           Bytes data, std::uint32_t cut) noexcept {
    counts_.discarded += data.size() + cut;
    if (offset < next_) {
        data = data.subspan(std::min<std::uint64_t>(data.size(), next_ - offset));
        offset = next_;
    }
    if (data.empty() || ended_) return;
    Extras& extra = extras(budget);
    const auto right = extra.doubtful.lower_bound(offset);
    const bool overlaps =
        (right != extra.doubtful.end() && right->first < offset + data.size()) ||
        (right != extra.doubtful.begin() && std::prev(right)->second.bytes.end() > offset);
    if (overlaps || extra.doubtful_bytes + data.size() > limits.doubtful_bytes_max ||
        extra.doubtful.size() >= limits.early_segments_max || !budget.take(piece_overhead)) {
        return;
    }
    Early piece{Stretch(budget, offset), 0, {}};
    if (!piece.bytes.append(data)) return budget.give_back(piece_overhead);
    extra.doubtful_bytes += data.size();
    extra.doubtful.emplace(offset, std::move(piece));
    counts_.waiting += data.size();
    counts_.discarded -= data.size();
}

void HalfStream::drop_first_doubtful() noexcept {
    const auto first = extras_->doubtful.begin();
    const std::uint64_t size = first->second.bytes.size();
    extras_->doubtful_bytes -= size;
    counts_.waiting -= size;
    counts_.discarded += size;
    extras_->budget.give_back(piece_overhead);
    extras_->doubtful.erase(first);
}

/// What was acknowledged was received; of what was not, the receiver may be out of sight.
void HalfStream::take_doubtful(Push& push, bool without_acknowledgement) {
    while (extras_ && !extras_->doubtful.empty()) {
        const Stretch& first = extras_->doubtful.begin()->second.bytes;
        if (first.end() <= next_) {
            drop_first_doubtful();
            continue;
        }
        if (acknowledged_ < first.end() && !without_acknowledgement) break;
        auto node = extras_->doubtful.extract(extras_->doubtful.begin());
        const Bytes data = node.mapped().bytes.first();
        const std::uint64_t offset = node.key();
        extras_->delivered.push_back(std::move(node));
        extras_->doubtful_bytes -= data.size();
        counts_.waiting -= data.size();
        push.budget.give_back(piece_overhead);
        take_payload(push, offset, data, 0);
    }
}

// What is handed on.

StreamChunk& HalfStream::append_chunk(Push& push) noexcept {
    StreamChunk& chunk = push.out.emplace_back();
    chunk.time = push.moment.time;
    chunk.packet_number = push.moment.packet_number;
    chunk.direction = direction_;
    chunk.offset = next_;
    return chunk;
}

/// `data` is next. Hands it on together with the early pieces that it reaches. What lies between it
/// and `cut_end` is known never to have been captured.
void HalfStream::deliver(Push& push, Bytes data, std::uint64_t cut_end) {
    if (!has_early()) {
        if (!data.empty()) deliver_data(push, data);
        if (next_ < cut_end) deliver_missing(push, cut_end - next_);
        return;
    }
    extras_->advanced = push.moment.time;
    extras_->receiver_waits = false;
    for (;;) {
        const bool piece_left = !extras_->early.empty();
        const std::uint64_t piece_begin = piece_left ? extras_->early.begin()->first : unknown;
        if (piece_begin == next_) {
            Early& piece = extras_->early.begin()->second;
            const Bytes again = data.first(std::min(data.size(), piece.bytes.size()));
            if (!again.empty()) compare_early(push, piece, next_, again);
            data = data.subspan(again.size());
            cut_end = std::max(cut_end, piece.bytes.end() + piece.cut);
            deliver_first_early(push, data);
        } else if (!data.empty()) {
            const Bytes before =
                data.first(std::min<std::uint64_t>(data.size(), piece_begin - next_));
            data = data.subspan(before.size());
            deliver_data(push, before);
        } else if (next_ < cut_end) {
            deliver_missing(push, std::min(cut_end, piece_begin) - next_);
        } else {
            break;
        }
    }
    if (acknowledged_ <= next_ || !has_early()) extras_->hole_acknowledged = false;
}

void HalfStream::deliver_data(Push& push, Bytes data) {
    append_chunk(push).data = data;
    keep(push, data, {});
}

/// `after`: what the segment that reached it says of what follows.
void HalfStream::deliver_first_early(Push& push, Bytes after) {
    auto node = extras_->early.extract(extras_->early.begin());
    const Stretch& bytes = node.mapped().bytes;
    push.budget.give_back(piece_overhead);
    counts_.waiting -= bytes.size();
    append_chunk(push).data = bytes.first();
    if (const Range range = bytes.disagreement(); !range.empty()) {
        const std::uint64_t begin =
            std::max(bytes.begin(), range.from - std::min(range.from, context_bytes));
        append_alternate(
            push, begin,
            extras_->kept.other({bytes.begin() - std::min(bytes.begin(), context_bytes), begin}),
            bytes.other({begin, range.to + context_bytes}),
            after.first(std::min<std::size_t>(after.size(), context_bytes)));
    }
    keep(push, bytes.first(), bytes.other());
    extras_->delivered.push_back(std::move(node));
}

void HalfStream::deliver_missing(Push& push, std::uint64_t count) {
    if (count == 0) return;
    append_chunk(push).missing = count;
    counts_.missing += count;
    next_ += count;
    if (extras_) extras_->kept.clear(next_);
}

void HalfStream::give_up_first_hole(Push& push) {
    deliver_missing(push, extras_->early.begin()->first - next_);
    const Time advanced = extras_->advanced;
    const bool acknowledged = extras_->hole_acknowledged;
    deliver(push, {}, next_);
    // Nothing new came: the next hole is as old as it is.
    extras_->advanced = advanced;
    extras_->hole_acknowledged = acknowledged && acknowledged_ > next_;
}

/// Remembers what is handed on (`other`: its other reading) until it is acknowledged, and moves on.
void HalfStream::keep(Push& push, Bytes first, Bytes other) {
    const std::size_t kept_max = push.limits.overlap_bytes_kept;
    if (acknowledged_ >= next_ + first.size() || kept_max == 0) {
        next_ += first.size();
        if (extras_) extras_->kept.clear(next_);
        return;
    }
    Stretch& kept = extras(push.budget).kept;
    next_ += first.size();
    if (first.size() > kept_max) {
        const std::size_t skipped = first.size() - kept_max;
        first = first.subspan(skipped);
        if (!other.empty()) other = other.subspan(skipped);
        kept.clear(next_ - kept_max);
    } else if (kept.size() + first.size() > kept_max) {
        // Makes room for several segments at once, so that the rest is seldom moved.
        kept.drop_before(next_ - std::max(first.size(), kept_max / 4));
    }
    if (!kept.append(first, other)) kept.clear(next_);
}

// What came twice.

void HalfStream::count_comparison(Push& push, Stretch::Comparison comparison,
                                  std::uint64_t bytes) noexcept {
    counts_.conflicting += comparison.differing;
    counts_.duplicate += bytes - comparison.differing;
    if (comparison.differing != 0)
        push.problem = push.problem.or_else(Problem("tcp.conflicting_overlap"));
}

/// `after`: what the same segment says of what follows.
void HalfStream::compare_delivered(Push& push, std::uint64_t offset, Bytes data, Bytes after) {
    if (data.empty()) return;
    if (!extras_ || extras_->kept.empty() || extras_->kept.begin() >= offset + data.size()) {
        counts_.duplicate += data.size();
        return;
    }
    Stretch& kept = extras_->kept;
    const std::uint64_t unknown_bytes = offset < kept.begin() ? kept.begin() - offset : 0;
    const Bytes known = data.subspan(unknown_bytes);
    const std::uint64_t from = offset + unknown_bytes;
    const auto comparison = kept.compare(from, known);
    count_comparison(push, comparison, data.size());
    if (!comparison.news) return;
    const std::uint64_t to = from + known.size(), begin = from - std::min(from, context_bytes);
    append_alternate(push, std::max(begin, kept.begin()), kept.other({begin, from}), known,
                     after.empty()
                         ? kept.other({to, to + context_bytes})
                         : after.first(std::min<std::size_t>(after.size(), context_bytes)));
}

void HalfStream::compare_early(Push& push, Early& piece, std::uint64_t offset,
                               Bytes data) noexcept {
    count_comparison(push, piece.bytes.compare(offset, data), data.size());
}

/// As one piece, so that a word that exists in the other reading only is found.
void HalfStream::append_alternate(Push& push, std::uint64_t offset, Bytes before, Bytes reading,
                                  Bytes after) {
    std::size_t room = push.limits.alternate_bytes_max -
                       std::min(push.limits.alternate_bytes_max, alternate_bytes_);
    if (room == 0) return;
    std::vector<std::uint8_t> joined;
    joined.reserve(std::min(room, before.size() + reading.size() + after.size()));
    for (Bytes part : {before, reading, after}) {
        part = part.first(std::min(part.size(), room));
        joined.insert(joined.end(), part.begin(), part.end());
        room -= part.size();
    }
    alternate_bytes_ += static_cast<std::uint32_t>(joined.size());
    auto& alternates = extras(push.budget).alternates;
    alternates.push_back(std::move(joined));
    StreamChunk& chunk = append_chunk(push);
    chunk.data = alternates.back();
    chunk.offset = offset;
    chunk.alternate = true;
}

// What came early.

/// The name of the limit that keeping `bytes` would exceed, or null.
const char* HalfStream::lacks_room(const Push& push, std::size_t bytes) const noexcept {
    const std::uint64_t early_bytes = counts_.waiting - (extras_ ? extras_->doubtful_bytes : 0);
    if (early_bytes + bytes > push.limits.early_bytes_max) return "tcp.too_many_early_bytes";
    if (has_early() && extras_->early.size() >= push.limits.early_segments_max) {
        return "tcp.too_many_early_segments";
    }
    if (bytes + piece_overhead > push.budget.bytes_max() - push.budget.used())
        return "tcp.budget_used_up";
    return nullptr;
}

void HalfStream::insert_early(Push& push, std::uint64_t offset, Bytes data, std::uint32_t cut) {
    EarlyPieces& early = extras(push.budget).early;
    auto it = early.upper_bound(offset);
    if (it != early.begin()) {
        Early& left = std::prev(it)->second;
        if (left.bytes.end() > offset) {
            const Bytes again =
                data.first(std::min<std::uint64_t>(data.size(), left.bytes.end() - offset));
            compare_early(push, left, offset, again);
            offset += again.size();
            data = data.subspan(again.size());
            if (data.empty()) return;
        }
    }
    if (it == early.end() || it->first >= offset + data.size())
        return store_early(push, offset, data, {}, cut);

    // Melts what it covers into one piece: their bytes came first; what they were also said to be
    // is kept too.
    std::vector<std::uint8_t> first(data.begin(), data.end()), other = first;
    while (it != early.end() && it->first < offset + first.size()) {
        Early& piece = it->second;
        const std::size_t at = it->first - offset;
        const std::size_t shared = std::min(piece.bytes.size(), first.size() - at);
        compare_early(push, piece, it->first, data.subspan(at, shared));
        if (shared < piece.bytes.size()) {
            first.resize(at);
            other.resize(at);
            cut = 0;
            break;
        }
        std::copy_n(piece.bytes.first().begin(), shared,
                    first.begin() + static_cast<std::ptrdiff_t>(at));
        std::copy_n(piece.bytes.other().begin(), shared,
                    other.begin() + static_cast<std::ptrdiff_t>(at));
        counts_.waiting -= shared;
        push.budget.give_back(piece_overhead);
        if (at + shared == first.size()) cut = std::max(cut, piece.cut);
        it = early.erase(it);
    }
    if (!first.empty()) store_early(push, offset, first, other, cut);
}

/// No early piece lies within.
void HalfStream::store_early(Push& push, std::uint64_t offset, Bytes first, Bytes other,
                             std::uint32_t cut) {
    Extras& extra = *extras_;
    auto it = extra.early.upper_bound(offset);
    if (it != extra.early.begin() && std::prev(it)->second.bytes.end() == offset) {
        Early& left = std::prev(it)->second;
        if (left.bytes.append(first, other)) {
            left.cut = cut;
            counts_.waiting += first.size();
            return;
        }
    }
    Early piece{Stretch(push.budget, offset), cut, push.moment.time};
    if (!push.budget.take(piece_overhead)) {
        counts_.discarded += first.size();
        return;
    }
    if (!piece.bytes.append(first, other)) {
        push.budget.give_back(piece_overhead);
        counts_.discarded += first.size();
        return;
    }
    if (extra.early.empty()) {
        extra.advanced = extra.acknowledged = push.moment.time;
        extra.hole_acknowledged = acknowledged_ > next_;
        extra.receiver_waits = false;
    }
    counts_.waiting += first.size();
    extra.early.emplace(offset, std::move(piece));
}

}  // namespace umbratap::flow
