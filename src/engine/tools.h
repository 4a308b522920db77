// What every conversation of one worker shares: rules, scratch memory, budget, limits. No two
// workers share any of it but what is constant.
#pragma once

#include "base/buffer.h"
#include "detect/names.h"
#include "detect/prefilter.h"
#include "detect/rules.h"
#include "flow/fragments.h"
#include "flow/table.h"
#include "flow/tcp_stream.h"
#include "http/connection.h"
#include "mcp/message.h"
#include "packet/packet.h"

namespace umbratap::engine {

/// Which sightings beside those of MCP are wanted.
struct Wanted {
    bool http = false;
    bool flows = false;
    bool streams = false;  ///< hash the reassembled bytes
    bool payloads = false;
};

struct Limits {
    std::uint64_t memory_bytes_max = 512ULL * 1024 * 1024;  ///< kept per core
    int tunnels_max = 4;                                    ///< CONNECT inside CONNECT
    std::uint32_t tls_start_bytes_max =
        64 * 1024;  ///< from the server, before the client's hello is given up
    packet::DecodeLimits packet;
    flow::FragmentLimits fragments;
    flow::TableLimits table;
    flow::TcpLimits tcp;
    http::Limits http;
    mcp::Limits mcp;
};

struct Tools {
    const Limits& limits;
    const Wanted wanted;
    const detect::Rules& rules;
    const detect::Names& names;
    detect::Prefilter::Scanner scanner;
    mcp::Decoder decoder;
    Budget budget;
    Batch<mcp::Message> messages;  ///< scratch of Dialogue

    Tools(const Limits& l, Wanted w, const detect::Rules& r, const detect::Names& n,
          const detect::Prefilter& prefilter)
        : limits(l),
          wanted(w),
          rules(r),
          names(n),
          scanner(prefilter),
          decoder(l.mcp, r.watch(), mcp::Wanted{w.payloads}),
          budget(l.memory_bytes_max) {}
};

}  // namespace umbratap::engine
