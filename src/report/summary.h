// What a person reads after a run over files: inventory, worst findings,
// what stayed unseen, in about forty lines. It never ends silently: where nothing was found, it
// says why that may be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "inventory/records.h"

namespace umbratap::report {

struct SummaryOptions {
    bool colour = false;
    int columns = 100;  ///< of the terminal
    bool policy_given = false;
};

/// Adds records up as they pass, keeps none of them, and renders at the end. Its memory is bounded
/// by the number of servers and of kinds of findings, both capped.
class Summary {
public:
    void add(const inventory::Record& record);
    /// All text of the wire in it is harmless to a terminal.
    std::string render(const SummaryOptions& options) const;

    /// Clients by address, each with the names it gave itself; a bounded number.
    struct Clients {
        std::map<std::string, std::set<std::string>> names;
        bool more = false;  ///< than are kept

        void add(const std::string& address, const std::string& name, std::size_t count_max);
        /// Two names at one address are two; none and one are one.
        std::uint64_t count() const;
    };
    /// Tokens of a model's context, about: see README.md, "Tokens".
    struct Cost {
        std::uint64_t list = 0, arguments = 0, results = 0;

        void add(const inventory::Session& session) noexcept;
        std::uint64_t sum() const noexcept { return list + arguments + results; }
    };
    /// One server, as far as a person wants to know.
    struct Server {
        std::string place;  ///< "host:port/path"
        inventory::Verdict verdict = inventory::Verdict::approved;
        std::set<std::string> transports, revisions;
        Clients clients;
        std::set<std::string> tools_called, tools_listed;
        std::uint64_t sessions = 0, calls = 0;
        Cost cost;
        bool more_tools = false;  ///< than are kept
    };
    /// Findings of one kind.
    struct Finding {
        std::uint64_t findings = 0, events = 0;
        std::set<std::string> places;  ///< some of them
    };
    struct FindingKind {
        int severity = 4;
        std::string category, signature;
        friend auto operator<=>(const FindingKind&, const FindingKind&) = default;
    };

private:
    void add_session(const inventory::Session& session);
    void add_alert(const inventory::Alert& alert);

    std::map<std::string, Server> servers_;
    std::map<FindingKind, Finding> findings_;
    Clients clients_;
    std::map<std::string, Cost> client_costs_;  ///< by address and name, a bounded number
    std::uint64_t sessions_ = 0, calls_ = 0, unlisted_sessions_ = 0, unlisted_findings_ = 0;
    inventory::Stats stats_;
    std::optional<Time> first_;
};

}  // namespace umbratap::report
