// What one worker counted. Summed by the reporter; no one else writes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "capture/source.h"
#include "engine/fate.h"
#include "http/items.h"
#include "tls/secrets.h"

namespace umbratap::engine {

/// Problems by name: few distinct ones, so a short list in order of frequency beats a map.
class ProblemCounts {
public:
    void add(Problem problem) { add(problem.name(), 1); }
    void add(const ProblemCounts& other) {
        for (const auto& [name, count] : other.counts_) add(name, count);
    }
    void add_to(std::map<std::string, std::uint64_t>& sums) const {
        for (const auto& [name, count] : counts_) sums[std::string(name)] += count;
    }

private:
    void add(std::string_view name, std::uint64_t times) {
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i].first != name) continue;
            counts_[i].second += times;
            if (i > 0 && counts_[i].second > counts_[i - 1].second)
                std::swap(counts_[i], counts_[i - 1]);
            return;
        }
        counts_.emplace_back(name, times);
    }

    std::vector<std::pair<std::string_view, std::uint64_t>> counts_;
};

/// TLS connections, by what became of them.
struct TlsCounts {
    std::uint64_t decrypted = 0, no_key = 0, ech = 0, unsupported = 0, midstream = 0, broken = 0;
    std::array<std::uint64_t, 5> why_no_key{};  ///< of no_key, by tls::WhyNoKey
    std::uint64_t rhythms_left_out = 0;         ///< there were Limits::rhythms_max already
    std::uint32_t labels_missing = 0;           ///< bit n: tls::Label n was sought and not found

    TlsCounts& operator+=(const TlsCounts& other) noexcept {
        decrypted += other.decrypted;
        no_key += other.no_key;
        ech += other.ech;
        unsupported += other.unsupported;
        midstream += other.midstream;
        broken += other.broken;
        for (std::size_t i = 0; i < why_no_key.size(); ++i) why_no_key[i] += other.why_no_key[i];
        rhythms_left_out += other.rhythms_left_out;
        labels_missing |= other.labels_missing;
        return *this;
    }
};

/// HTTP exchanges that ended, by http::Version.
using ExchangeCounts = std::array<std::uint64_t, 5>;

struct Counts {
    capture::SourceCounts source;
    capture::LossCounts losses;
    std::uint64_t ring_dropped = 0;  ///< packets that came while their worker was behind
    std::uint64_t tunnelled = 0;     ///< packets out of a tunnel
    std::uint64_t packets = 0, bytes = 0;
    std::uint64_t tcp_payload = 0, quic_payload = 0;
    Fates fates;
    ProblemCounts problems;
    std::uint64_t tcp_flows = 0, udp_flows = 0, active_flows = 0, one_direction = 0, midstream = 0,
                  forgotten = 0;
    std::uint64_t bad_checksums = 0, ignored_checksums = 0, bad_checksum_bytes = 0;
    std::uint64_t truncated_packets = 0, gaps = 0, fragments = 0;
    TlsCounts tls;
    tls::SecretsCounts secrets;  ///< the same for all workers, save `late`
    ExchangeCounts http_exchanges{};
    std::uint64_t quic_flows = 0;
    std::uint64_t memory_bytes = 0;  ///< kept for conversations, as of the last tick
    std::uint64_t flow_bytes = 0, secret_bytes = 0;  ///< likewise: flow table, TLS secrets

    /// Of another worker, or of the thread that reads.
    Counts& operator+=(const Counts& other) {
        source += other.source;
        losses += other.losses;
        ring_dropped += other.ring_dropped;
        tunnelled += other.tunnelled;
        packets += other.packets;
        bytes += other.bytes;
        tcp_payload += other.tcp_payload;
        quic_payload += other.quic_payload;
        fates += other.fates;
        problems.add(other.problems);
        tcp_flows += other.tcp_flows;
        udp_flows += other.udp_flows;
        active_flows += other.active_flows;
        one_direction += other.one_direction;
        midstream += other.midstream;
        forgotten += other.forgotten;
        bad_checksums += other.bad_checksums;
        ignored_checksums += other.ignored_checksums;
        bad_checksum_bytes += other.bad_checksum_bytes;
        truncated_packets += other.truncated_packets;
        gaps += other.gaps;
        fragments += other.fragments;
        tls += other.tls;
        // All workers are given the same secrets, but each misses its own.
        const std::uint64_t late = secrets.late + other.secrets.late;
        if (other.secrets.good + other.secrets.bad >= secrets.good + secrets.bad)
            secrets = other.secrets;
        secrets.late = late;
        quic_flows += other.quic_flows;
        for (std::size_t i = 0; i < http_exchanges.size(); ++i)
            http_exchanges[i] += other.http_exchanges[i];
        memory_bytes += other.memory_bytes;
        flow_bytes += other.flow_bytes;
        secret_bytes += other.secret_bytes;
        return *this;
    }
};

}  // namespace umbratap::engine
