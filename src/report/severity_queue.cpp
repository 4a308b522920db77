// Events that wait in memory.
#include "report/severity_queue.h"

namespace umbratap::report {

std::uint64_t SeverityQueue::push(unsigned rank, std::uint64_t number, std::string_view bytes) {
    Entry entry{number, std::string(bytes)};
    const std::size_t cost = entry.cost();
    std::size_t staying = bytes_;  // once all of lower rank went
    for (unsigned lower = rank + 1; lower < ranks; ++lower) staying -= lanes_[lower].bytes;
    if (staying + cost > bytes_max_) return 1;
    std::uint64_t given_up = 0;
    for (unsigned lower = ranks - 1; bytes_ + cost > bytes_max_;) {
        if (lanes_[lower].entries.empty()) {
            --lower;
            continue;
        }
        take_from(lower);
        ++given_up;
    }
    bytes_ += cost;
    lanes_[rank].bytes += cost;
    lanes_[rank].entries.push_back(std::move(entry));
    return given_up;
}

unsigned SeverityQueue::oldest_rank() const noexcept {
    unsigned oldest = ranks;
    for (unsigned rank = 0; rank < ranks; ++rank) {
        const auto& entries = lanes_[rank].entries;
        if (entries.empty()) continue;
        if (oldest == ranks || entries.front().number < lanes_[oldest].entries.front().number)
            oldest = rank;
    }
    return oldest;
}

std::uint64_t SeverityQueue::front_number() const noexcept {
    return lanes_[oldest_rank()].entries.front().number;
}

SeverityQueue::Taken SeverityQueue::take() {
    return take_from(oldest_rank());
}

SeverityQueue::Taken SeverityQueue::take_from(unsigned rank) {
    Lane& lane = lanes_[rank];
    Entry& entry = lane.entries.front();
    bytes_ -= entry.cost();
    lane.bytes -= entry.cost();
    Taken taken{rank, std::move(entry.bytes)};
    lane.entries.pop_front();
    return taken;
}

std::uint64_t SeverityQueue::events() const noexcept {
    std::uint64_t events = 0;
    for (const Lane& lane : lanes_) events += lane.entries.size();
    return events;
}

}  // namespace umbratap::report
