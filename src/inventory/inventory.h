// The memory across flows: requests are paired with their responses, sessions joined over
// connections, verdicts given, findings folded. Fed with sightings in the order of packets by one
// thread; tells records.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/batch.h"
#include "detect/rule_set.h"
#include "inventory/policy.h"
#include "inventory/provenance.h"
#include "inventory/records.h"
#include "inventory/sighting.h"
#include "inventory/store.h"
#include "inventory/suppressions.h"
#include "inventory/tool_watch.h"

namespace umbratap::inventory {

struct Limits {
    Duration session_idle_max =
        std::chrono::minutes(15);  ///< then a session is over (report/README.md, "Sessions")
    Duration session_closing_wait =
        std::chrono::seconds(5);  ///< after DELETE or the end of its only connection
    Duration refusal_wait_max =
        std::chrono::seconds(60);  ///< for the session that a refused probe belongs to
    Duration alert_window = std::chrono::minutes(10);
    std::uint32_t sessions_max = 100'000;    ///< the quietest ends first
    std::uint32_t exchanges_max = 200'000;   ///< open at a time; the oldest is forgotten first
    std::uint32_t calls_waiting_max = 1024;  ///< unanswered, per session
    std::uint32_t tools_listed_max = 4096;   ///< per session
    std::uint32_t distinct_names_max =
        1024;  ///< methods or tools counted by name, per session; others as "…"
    std::uint32_t alerts_open_max = 100'000;
    std::uint32_t credentials_max = 50'000;   ///< of which is known where they were used
    std::uint32_t rhythm_pairs_max = 20'000;  ///< clients and servers whose sizes are held together
    ToolWatchLimits tool_watch;
    ProvenanceLimits provenance;
};

class Inventory {
public:
    /// All references must outlive the inventory, or their replacement.
    Inventory(const Limits& limits, const Policy& policy, const detect::RuleSet& rules,
              Store& store);
    /// Which alerts are not told but counted; nothing is left out before the first call. Both must
    /// outlive the inventory, or their replacement.
    void adopt(const detect::Preset& preset, const Suppressions& suppressions) noexcept;
    ~Inventory();

    /// What counts from now on; what was judged stays as it was.
    void adopt(const Policy& policy, const detect::RuleSet& rules) noexcept;

    void push(const Sighting& sighting, Batch<Record>& out);
    /// Packet time has reached `now`, or was set back to it: ends what was idle too long. Called
    /// about once a second of packet time.
    void tick(Time now, Batch<Record>& out);
    /// Nothing more will come.
    void finish(Batch<Record>& out);

    /// Sums for `stats` and metrics.
    const std::map<std::string, std::uint64_t>& sessions() const noexcept;    ///< by verdict
    const std::map<std::string, std::uint64_t>& alerts() const noexcept;      ///< by category
    const std::map<std::string, std::uint64_t>& suppressed() const noexcept;  ///< see AlertFold
    const Provenance& provenance() const noexcept;
    int worst_severity() const noexcept;  ///< of all alerts raised; 5 if none was

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::inventory
