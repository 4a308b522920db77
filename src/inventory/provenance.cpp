// Where content comes from.
//
// Two generations of fingerprints: the younger one takes what is new; once it is full, or half a
// lifetime old, the older one is dropped and the younger takes its place.
#include "inventory/provenance.h"

#include <algorithm>

namespace umbratap::inventory {
namespace {

constexpr std::uint32_t common_end = 0;         // number of the end of what is nobody's own
constexpr std::size_t fingerprints_of_end = 8;  // on average, or a generation is full of ends
constexpr std::size_t slots_first = 1'024;
constexpr std::size_t travels_max = 4;  // of a message
constexpr std::size_t name_bytes_max = 256;

}  // namespace

Provenance::Mark* Provenance::Generation::find(std::uint64_t value) noexcept {
    if (slots.empty()) return nullptr;
    const std::size_t mask = slots.size() - 1;
    for (std::size_t i = value & mask;; i = (i + 1) & mask) {
        if (slots[i].value == value) return &slots[i];
        if (slots[i].value == 0) return nullptr;
    }
}

void Provenance::Generation::put(const Mark& mark) {
    if (Mark* known = find(mark.value)) {
        *known = mark;
        return;
    }
    if (slots.empty() || 4 * (count + 1) > 3 * slots.size()) grow();
    const std::size_t mask = slots.size() - 1;
    std::size_t i = mark.value & mask;
    while (slots[i].value != 0) i = (i + 1) & mask;
    slots[i] = mark;
    ++count;
}

void Provenance::Generation::grow() {
    std::vector<Mark> before(slots.empty() ? slots_first : 2 * slots.size());
    before.swap(slots);
    count = 0;
    for (const Mark& mark : before) {
        if (mark.value != 0) put(mark);
    }
}

Provenance::Known Provenance::find(std::uint64_t value) noexcept {
    for (Generation& generation : generations_) {
        if (Mark* mark = generation.find(value))
            return {mark, &generation.ends[mark->end], &generation == generations_.data()};
    }
    return {nullptr, nullptr, false};
}

void Provenance::put(const detect::Fingerprint& fingerprint, std::uint32_t end) {
    generations_[0].put({fingerprint.value, fingerprint.position, end});
}

void Provenance::put(const detect::Fingerprint& fingerprint, const ContentEnd& end, bool returned,
                     std::uint32_t& number) {
    std::vector<End>& ends = generations_[0].ends;
    if (number == common_end) {
        number = static_cast<std::uint32_t>(ends.size());
        End& added = ends.emplace_back();
        static_cast<ContentEnd&>(added) = end;
        added.tool.resize(std::min(added.tool.size(), name_bytes_max));
        added.method.resize(std::min(added.method.size(), name_bytes_max));
        added.returned = returned;
    }
    put(fingerprint, number);
}

void Provenance::pass_time(Time now) {
    Generation& young = generations_[0];
    if (young.ends.empty()) return next_generation(now);
    if (now - young.began > limits_.lifetime) generations_[0] = {};
    if (now - young.began > limits_.lifetime / 2) return next_generation(now);
    const std::size_t most = limits_.fingerprints_max / 2;
    if (young.count < most && young.ends.size() * fingerprints_of_end < most) return;
    forgotten_early_ += generations_[1].count;
    next_generation(now);
}

void Provenance::next_generation(Time now) {
    std::swap(generations_[0], generations_[1]);
    Generation& young = generations_[0];
    young = {};
    young.began = now;
    young.ends.emplace_back().common = true;
}

void Provenance::note_returned(const ContentEnd& end, const detect::Fingerprints& content) {
    if (content.empty() || limits_.fingerprints_max == 0) return;
    pass_time(end.time);
    cut_ += content.cut ? 1 : 0;
    std::uint32_t number = common_end;  // of `end`, once it is noted
    for (const detect::Fingerprint& one : content.all) {
        const auto [mark, before, young] = find(one.value);
        if (mark == nullptr) {
            put(one, end, true, number);
        } else if (before->common || mark->travelled) {
            continue;
        } else if (before->returned && before->server == end.server) {
            if (!young) put(one, end, true, number);
        } else if (before->returned) {
            put(one, common_end);
        } else if (before->client != end.client) {
            put(one, end, true, number);  // what one client gave to a server, another gets from it
        }
    }
}

void Provenance::note_sent(const ContentEnd& end, const detect::Fingerprints& content,
                           Batch<ContentTravel>& out) {
    if (content.empty() || limits_.fingerprints_max == 0) return;
    pass_time(end.time);
    cut_ += content.cut ? 1 : 0;
    std::uint32_t number_of_end = common_end;
    Run run;
    for (std::size_t number = 0; number < content.all.size(); ++number) {
        const detect::Fingerprint& one = content.all[number];
        const auto [mark, before, young] = find(one.value);
        if (mark == nullptr) {
            put(one, end, false, number_of_end);
        } else if (before->returned && before->server != end.server) {
            mark->travelled = 1;
            const bool goes_on = run.from == mark->end && run.young == young &&
                                 one.position - run.last == mark->position - run.last_there &&
                                 one.position - run.last <= detect::Winnowing::window;
            if (!goes_on) {
                tell(run, content, out);
                run = {mark->end, young, one.position, one.position, mark->position, number};
            }
            run.last = one.position;
            run.last_there = mark->position;
        } else if (!before->returned && !before->common && before->client != end.client) {
            put(one, common_end);
        }
    }
    tell(run, content, out);
}

/// Of each server the longest run.
void Provenance::tell(const Run& run, const detect::Fingerprints& content,
                      Batch<ContentTravel>& out) const {
    const std::uint32_t characters = run.last - run.first + detect::Winnowing::gram;
    if (run.from == common_end || characters < limits_.characters_min) return;
    const End& from = generations_[run.young ? 0 : 1].ends[run.from];
    const auto told = std::find_if(out.begin(), out.end(), [&](const ContentTravel& travel) {
        return travel.from.server == from.server;
    });
    if (told != out.end() && told->characters >= characters) return;
    if (told == out.end() && out.size() >= travels_max) return;
    ContentTravel& travel = told != out.end() ? *told : out.emplace_back();
    travel.from = from;
    travel.characters = characters;
    travel.where = content.place(run.number);
}

}  // namespace umbratap::inventory
