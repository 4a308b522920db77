// Where content comes from: what one server returned and is later sent to another, by this client
// or by another one. Remembers fingerprints (detect/winnowing.h), never text.
//
//     server A ──result──▶ client 1 ──arguments──▶ server B
//              812 characters that A was the first to say
//
// A text is A's as long as A alone returned it and no client sent it before. What several servers
// return, or several clients send, is common and says nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/time.h"
#include "detect/winnowing.h"
#include "inventory/policy.h"
#include "packet/packet.h"

namespace umbratap::inventory {

struct ProvenanceLimits {
    std::size_t fingerprints_max = 500'000;     ///< then the older half goes; 80 bytes each at most
    std::uint32_t characters_min = 48;          ///< in common: less is no evidence
    Duration lifetime = std::chrono::hours(1);  ///< at least half of it
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
    explicit Provenance(const ProvenanceLimits& limits) : limits_(limits) {}

    /// A server said this to a client.
    void note_returned(const ContentEnd& end, const detect::Fingerprints& content);
    /// A client says this to a server. Appends what came from others, the longest of each.
    void note_sent(const ContentEnd& end, const detect::Fingerprints& content,
                   Batch<ContentTravel>& out);

    /// Fingerprints that had to go before half their lifetime was over.
    std::uint64_t forgotten_early() const noexcept { return forgotten_early_; }
    /// Messages that were too long to be noted or compared to their end.
    std::uint64_t cut() const noexcept { return cut_; }

private:
    struct Mark {
        std::uint64_t value = 0;  // 0: free
        std::uint32_t position = 0;
        std::uint32_t end : 31 = 0;       // number in Generation::ends
        std::uint32_t travelled : 1 = 0;  // it was sent on: who returns it then is not its origin
    };
    struct End : ContentEnd {
        bool returned = false, common = false;
    };
    /// What was noted in one stretch of time. Nothing is ever taken out but all of it.
    struct Generation {
        std::vector<Mark> slots;  // as many as a power of two
        std::vector<End> ends;
        std::size_t count = 0;
        Time began{};

        Mark* find(std::uint64_t value) noexcept;
        void put(const Mark& mark);
        void grow();
    };
    /// What is known of one fingerprint.
    struct Known {
        Mark* mark;
        const End* end;
        bool young;
    };
    /// Fingerprints in a row that were in a row there, too.
    struct Run {
        std::uint32_t from = 0;                             // Mark::end
        bool young = false;                                 // of which generation
        std::uint32_t first = 0, last = 0, last_there = 0;  // positions; here, and at the origin
        std::size_t number = 0;                             // of the first fingerprint
    };

    Known find(std::uint64_t value) noexcept;
    void put(const detect::Fingerprint& fingerprint, std::uint32_t end);
    /// The same for an end that is added if it is the first one of it.
    void put(const detect::Fingerprint& fingerprint, const ContentEnd& end, bool returned,
             std::uint32_t& number);
    void pass_time(Time now);
    void next_generation(Time now);
    void tell(const Run& run, const detect::Fingerprints& content, Batch<ContentTravel>& out) const;

    ProvenanceLimits limits_;
    std::array<Generation, 2> generations_;  // the younger one first
    std::uint64_t forgotten_early_ = 0, cut_ = 0;
};

}  // namespace umbratap::inventory
