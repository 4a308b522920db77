// Where content comes from: what one server returned and is later sent to another, by this client
// or by another one. Remembers fingerprints (detect/winnowing.h), never text.
//
//     server A ──result──▶ client 1 ──arguments──▶ server B
//              812 characters that A was the first to say
//
// A text is A's as long as A alone returned it and no client sent it before. What several servers
// return, or several clients send, is common and says nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/pages.h"
#include "base/time.h"
#include "detect/winnowing.h"
#include "inventory/policy.h"
#include "packet/packet.h"

namespace umbratap::inventory {

struct ProvenanceLimits {
    std::size_t fingerprints_max = 250'000;     ///< 16 bytes each, and as much for who said it
    std::uint32_t characters_min = 40;          ///< in common: less is no evidence
    Duration lifetime = std::chrono::hours(1);  ///< less where there are too many
};

/// One end of a way that content took.
struct ContentEnd {
    packet::Address client;
    std::string server;  ///< names one server for everybody, see server_name_of
    std::string method, tool;
    Verdict verdict = Verdict::shadow;
    Time time;
};

/// Content of one server in what is sent to another.
struct ContentTravel {
    ContentEnd from;
    std::uint32_t characters = 0;  ///< letters and digits in one piece in common, at least
    std::string where;             ///< in what is sent: `params.arguments.body`
};

class Provenance {
public:
    explicit Provenance(const ProvenanceLimits& limits);
    ~Provenance();

    /// A server said this to a client.
    void note_returned(const ContentEnd& end, const detect::Fingerprints& content);
    /// A client says this to a server. Appends what came from others, the longest of each.
    void note_sent(const ContentEnd& end, const detect::Fingerprints& content,
                   Batch<ContentTravel>& out);

    /// Fingerprints that had to go before their time.
    std::uint64_t forgotten_early() const noexcept { return forgotten_early_; }
    /// Messages that were too long to be noted or compared to their end.
    std::uint64_t cut() const noexcept { return cut_; }

private:
    struct Mark;
    struct Bucket;
    struct End : ContentEnd {
        bool returned = false;
        std::size_t server_hash = 0;  // stands for the server: a name is long to compare
    };
    /// Fingerprints in a row that were in a row there, too.
    struct Run {
        const End* from = nullptr;
        std::uint32_t first = 0, last = 0, last_there = 0;  // positions; here, and at the origin
        std::size_t number = 0;                             // of the first fingerprint
    };

    bool begin(const ContentEnd& end, const detect::Fingerprints& content);
    void expect(const detect::Fingerprints& content, std::size_t number) const noexcept;
    bool is_live(const Mark& mark) const noexcept;
    const End& end_of(const Mark& mark) const noexcept;
    Bucket& bucket_of(const detect::Fingerprint& one) const noexcept;
    Mark* find(const detect::Fingerprint& one) noexcept;
    /// The place for a new mark.
    Mark& make_room(const detect::Fingerprint& one);
    void put(const detect::Fingerprint& fingerprint, Mark* known, const ContentEnd& end,
             bool returned);
    void forget_oldest_end();
    void tell(const Run& run, const detect::Fingerprints& content, Batch<ContentTravel>& out) const;

    ProvenanceLimits limits_;
    std::size_t bucket_count_ = 0;  // a power of two
    PagedArray<Bucket> buckets_;
    std::deque<End> ends_;          // oldest first
    std::uint32_t ends_begin_ = 1;  // number of the oldest
    bool end_noted_ = false;        // of the message that is being noted
    std::uint64_t noted_ = 0, forgotten_early_ = 0, cut_ = 0;
};

}  // namespace umbratap::inventory
