// Who brings the same credential where.
#include "inventory/credential_watch.h"

#include "base/digest.h"

namespace umbratap::inventory {
namespace {

constexpr std::size_t credential_bytes_min = 16;  // shorter ones are made up by hand, and alike

}  // namespace

std::optional<CredentialWatch::Use> CredentialWatch::note(std::string_view credential,
                                                          const Use& use) {
    if (credential.size() < credential_bytes_min) return std::nullopt;
    Sha256 sum;
    sum.add(key_);
    sum.add(as_bytes(credential));
    std::string digest(as_text(sum.finish()));
    const auto [found, made] = uses_.try_emplace(digest, use);
    if (made) {
        order_.push_back(std::move(digest));
        if (order_.size() > credentials_max_) {
            uses_.erase(order_.front());
            order_.pop_front();
        }
        return std::nullopt;
    }
    Use& first = found->second;
    if (first.told || first.server == use.server) return std::nullopt;
    first.told = true;
    return first;
}

}  // namespace umbratap::inventory
