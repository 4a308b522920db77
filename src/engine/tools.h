// What every conversation of one worker shares: rules, scratch memory, budget, limits. No two
// workers share any of it but what is constant.
#pragma once

#include <deque>

#include "base/buffer.h"
#include "detect/rule_set.h"
#include "detect/winnowing.h"
#include "engine/counts.h"
#include "flow/fragments.h"
#include "flow/table.h"
#include "flow/tcp_stream.h"
#include "http/connection.h"
#include "mcp/message.h"
#include "packet/packet.h"
#include "tls/secrets.h"
#include "tls/session.h"
#include "tls/workspace.h"

namespace umbratap::engine {

/// Which sightings beside those of MCP are wanted.
struct Wanted {
    bool http = false;
    bool flows = false;
    bool streams = false;  ///< hash the reassembled bytes
    bool payloads = false;
    bool content = true;  ///< look for findings in what messages say
};

struct Limits {
    std::uint64_t memory_bytes_max = 512ULL * 1024 * 1024;  ///< kept per core
    int tunnels_max = 4;                                    ///< CONNECT inside CONNECT
    std::uint32_t rhythms_max = 4096;  ///< TLS connections whose sizes are looked at, per core
    packet::DecodeLimits packet;
    flow::FragmentLimits fragments;
    flow::TableLimits table;
    flow::TcpLimits tcp;
    tls::SessionLimits tls;
    tls::SecretsLimits secrets;
    http::Limits http;
    mcp::Limits mcp;
};

struct Tools {
    const Limits& limits;
    const Wanted wanted;
    const detect::RuleSet* rules;
    detect::Prefilter::Scanner scanner;
    detect::ContentRules::Inspector inspector;
    detect::Mentions::Finder mentions;
    detect::Winnowing winnowing;
    mcp::Decoder decoder;
    Budget budget;
    tls::Secrets secrets;
    TlsCounts tls_counts;
    ExchangeCounts exchange_counts{};
    Batch<mcp::Message> messages;  ///< scratch of Dialogue
    std::uint32_t rhythms = 0;     ///< connections whose sizes are being looked at

    Tools(const Limits& l, Wanted w, const detect::RuleSet& rule_set)
        : limits(l),
          wanted(w),
          rules(&rule_set),
          scanner(rule_set.prefilter),
          inspector(rule_set.content),
          mentions(rule_set.mentions),
          winnowing(rule_set.content_key),
          decoder(l.mcp, rule_set.rules.watch(), mcp_wanted()),
          budget(l.memory_bytes_max),
          secrets(l.secrets) {}

    /// From now on these count, which outlive their replacement. A text that is being scanned is
    /// scanned to its end as it began.
    void adopt(const detect::RuleSet& rule_set) {
        rules = &rule_set;
        scanner = detect::Prefilter::Scanner(rule_set.prefilter);
        inspector = detect::ContentRules::Inspector(rule_set.content);
        mentions = detect::Mentions::Finder(rule_set.mentions);
        decoder = mcp::Decoder(limits.mcp, rule_set.rules.watch(), mcp_wanted());
    }

    /// Tells connections, and tunnelled ones, from each other within the run.
    std::uint64_t next_connection() noexcept { return ++last_connection_; }
    /// Connections of this worker count from its own beginning.
    void count_connections_from(std::uint64_t first) noexcept { last_connection_ = first; }

    /// Of all TLS layers with so many tunnels around them; see tls::Workspace.
    tls::Workspace& workspace(int depth) {
        while (workspaces_.size() <= static_cast<std::size_t>(depth))
            workspaces_.emplace_back(budget);
        return workspaces_[static_cast<std::size_t>(depth)];
    }

private:
    mcp::Wanted mcp_wanted() const noexcept {
        return {.payloads = wanted.payloads, .strings = wanted.content};
    }

    std::uint64_t last_connection_ = 0;
    std::deque<tls::Workspace> workspaces_;  // they never move
};

}  // namespace umbratap::engine
