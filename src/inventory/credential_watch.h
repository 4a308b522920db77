// Who brings the same credential where: a token is meant for one server (MCP, "Token Passthrough";
// RFC 8707), and whoever gets it can use it at all the others. Remembers digests under a key of the
// run, never a credential.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/seal.h"
#include "packet/packet.h"

namespace umbratap::inventory {

class CredentialWatch {
public:
    /// Where a credential was first brought to.
    struct Use {
        std::string server;  ///< its host, or its address
        packet::Address server_address, client;
        bool told = false;
    };

    /// `credentials_max`: the one that came first goes first.
    explicit CredentialWatch(std::size_t credentials_max)
        : key_(Seal::new_key()), credentials_max_(credentials_max) {}

    /// A client brings `credential` to a server. Returns its first use if that was at another one,
    /// once.
    std::optional<Use> note(std::string_view credential, const Use& use);

private:
    Seal::Key key_;
    std::size_t credentials_max_;
    std::unordered_map<std::string, Use> uses_;  // by digest
    std::deque<std::string> order_;
};

}  // namespace umbratap::inventory
