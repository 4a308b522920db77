// Where content comes from.
//
// A table of buckets of one cache line: a fingerprint is looked for in one place, and a new one
// takes that of the oldest there. Who said it lies beside, in order of time; a mark whose end is
// gone is free.
#include "inventory/provenance.h"

#include <algorithm>
#include <bit>

namespace umbratap::inventory {
namespace {

constexpr std::size_t travels_max = 4;  // of a message
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t fingerprints_of_end = 8;  // on average, or ends go first
constexpr std::size_t look_ahead = 8;
constexpr std::uint64_t many = 128;  // fingerprints, for which large pages are worth it

}  // namespace

/// All zero: free.
struct Provenance::Mark {
    std::uint64_t value;
    std::uint32_t end;  // its number
    std::uint32_t position : 30;
    std::uint32_t common : 1;     // nobody's own
    std::uint32_t travelled : 1;  // it was sent on: who returns it then is not its origin
};

struct alignas(64) Provenance::Bucket {
    Mark marks[4];
};

Provenance::Provenance(const ProvenanceLimits& limits)
    : limits_(limits),
      bucket_count_(std::bit_ceil(limits.fingerprints_max / 4 + 1)),
      buckets_(bucket_count_) {}

Provenance::~Provenance() = default;

/// False if there is nothing to note.
bool Provenance::begin(const ContentEnd& end, const detect::Fingerprints& content) {
    if (content.empty() || limits_.fingerprints_max == 0) return false;
    cut_ += content.cut ? 1 : 0;
    end_noted_ = false;
    while (!ends_.empty() && end.time - ends_.front().time > limits_.lifetime) forget_oldest_end();
    return true;
}

void Provenance::forget_oldest_end() {
    ends_.pop_front();
    ++ends_begin_;
}

void Provenance::expect(const detect::Fingerprints& content, std::size_t number) const noexcept {
    if (number + look_ahead < content.all.size())
        __builtin_prefetch(&bucket_of(content.all[number + look_ahead]));
}

bool Provenance::is_live(const Mark& mark) const noexcept {
    return mark.value != 0 && mark.end - ends_begin_ < ends_.size();
}

const Provenance::End& Provenance::end_of(const Mark& mark) const noexcept {
    return ends_[mark.end - ends_begin_];
}

Provenance::Bucket& Provenance::bucket_of(const detect::Fingerprint& one) const noexcept {
    return buckets_[one.place & (bucket_count_ - 1)];
}

Provenance::Mark* Provenance::find(const detect::Fingerprint& one) noexcept {
    for (Mark& mark : bucket_of(one).marks) {
        if (mark.value == one.value) return is_live(mark) ? &mark : nullptr;
    }
    return nullptr;
}

Provenance::Mark& Provenance::make_room(const detect::Fingerprint& one) {
    Mark* oldest = nullptr;
    for (Mark& mark : bucket_of(one).marks) {
        if (mark.value == one.value || !is_live(mark)) return mark;
        if (oldest == nullptr || mark.end - ends_begin_ < oldest->end - ends_begin_) oldest = &mark;
    }
    ++forgotten_early_;
    return *oldest;
}

void Provenance::put(const detect::Fingerprint& fingerprint, Mark* known, const ContentEnd& end,
                     bool returned) {
    if (!end_noted_) {
        end_noted_ = true;
        if (ends_.size() * fingerprints_of_end >= limits_.fingerprints_max) forget_oldest_end();
        End& added = ends_.emplace_back();
        static_cast<ContentEnd&>(added) = end;
        added.tool.resize(std::min(added.tool.size(), name_bytes_max));
        added.method.resize(std::min(added.method.size(), name_bytes_max));
        added.returned = returned;
        added.server_hash = std::hash<std::string>()(end.server);
    }
    if (++noted_ == many) buckets_.make_large(Pages::Filled::at_random);
    Mark& mark = known != nullptr ? *known : make_room(fingerprint);
    mark = {};
    mark.value = fingerprint.value;
    mark.end = ends_begin_ + static_cast<std::uint32_t>(ends_.size() - 1);
    mark.position = fingerprint.position & 0x3fffffff;
}

void Provenance::note_returned(const ContentEnd& end, const detect::Fingerprints& content) {
    if (!begin(end, content)) return;
    const std::size_t hash_of_server = std::hash<std::string>()(end.server);
    for (std::size_t number = 0; number < content.all.size(); ++number) {
        expect(content, number);
        const detect::Fingerprint& one = content.all[number];
        Mark* const mark = find(one);
        if (mark == nullptr) {
            put(one, nullptr, end, true);
            continue;
        }
        if (mark->common || mark->travelled) continue;
        const End& before = end_of(*mark);
        if (before.returned && before.server_hash == hash_of_server) {
            // Half its life is over, and it lives on.
            if (end.time - before.time > limits_.lifetime / 2) put(one, mark, end, true);
        } else if (before.returned) {
            mark->common = 1;
        } else if (before.client != end.client) {
            put(one, mark, end, true);  // what one client gave to a server, another gets from it
        }
    }
}

void Provenance::note_sent(const ContentEnd& end, const detect::Fingerprints& content,
                           Batch<ContentTravel>& out) {
    if (!begin(end, content)) return;
    Run run;
    const std::size_t hash_of_server = std::hash<std::string>()(end.server);
    for (std::size_t number = 0; number < content.all.size(); ++number) {
        expect(content, number);
        const detect::Fingerprint& one = content.all[number];
        Mark* const mark = find(one);
        if (mark == nullptr) {
            put(one, nullptr, end, false);
            continue;
        }
        const End& before = end_of(*mark);
        if (before.returned && !mark->common && before.server_hash != hash_of_server) {
            mark->travelled = 1;
            const bool goes_on = run.from == &before &&
                                 one.position - run.last == mark->position - run.last_there &&
                                 one.position - run.last <= detect::Winnowing::distance_max;
            if (!goes_on) {
                tell(run, content, out);
                run = {&before, one.position, one.position, mark->position, number};
            }
            run.last = one.position;
            run.last_there = mark->position;
        } else if (!before.returned && before.client != end.client) {
            mark->common = 1;
        }
    }
    tell(run, content, out);
}

/// Of each server the longest run.
void Provenance::tell(const Run& run, const detect::Fingerprints& content,
                      Batch<ContentTravel>& out) const {
    const std::uint32_t characters = run.last - run.first + detect::Winnowing::gram;
    if (run.from == nullptr || characters < limits_.characters_min) return;
    const auto told = std::find_if(out.begin(), out.end(), [&](const ContentTravel& travel) {
        return travel.from.server == run.from->server;
    });
    if (told != out.end() && told->characters >= characters) return;
    if (told == out.end() && out.size() >= travels_max) return;
    ContentTravel& travel = told != out.end() ? *told : out.emplace_back();
    travel.from = *run.from;
    travel.characters = characters;
    travel.where = content.place(run.number);
}

}  // namespace umbratap::inventory
