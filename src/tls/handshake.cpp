// Handshake messages out of the records that carry them.
#include "tls/handshake.h"

#include <algorithm>

namespace umbratap::tls {

namespace {

bool is_read(std::uint8_t type) noexcept {
    switch (type) {
        case message_type::client_hello:
        case message_type::server_hello:
        case message_type::new_session_ticket:
        case message_type::encrypted_extensions:
        case message_type::certificate:
        case message_type::server_key_exchange:
        case message_type::server_hello_done:
        case message_type::client_key_exchange:
        case message_type::key_update:
        case message_type::compressed_certificate:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::optional<Message> MessageReader::next(Bytes& fragment, std::size_t bytes_max, bool keep_all,
                                           Problem& problem) noexcept {
    if (handed_out_) clear();
    while (header_size_ < header_.size()) {
        if (fragment.empty()) return std::nullopt;
        header_[header_size_++] = fragment.front();
        fragment = fragment.subspan(1);
        if (header_size_ < header_.size()) continue;
        remaining_ = big_endian_24(&header_[1]);
        const bool too_long = remaining_ + header_.size() > bytes_max;
        skipping_ = too_long || (!keep_all && !is_read(header_[0]));
        if (too_long) problem = problem.or_else(Problem{"tls.message_too_long"});
        if (!skipping_ && !kept_.append(header_, bytes_max)) {
            problem = problem.or_else(Problem{"tls.budget_used_up"});
            skipping_ = true;
        }
    }
    const Bytes taken = fragment.first(std::min(remaining_, fragment.size()));
    fragment = fragment.subspan(taken.size());
    remaining_ -= taken.size();
    if (!skipping_ && !kept_.append(taken, bytes_max)) {
        problem = problem.or_else(Problem{"tls.budget_used_up"});
        kept_.clear();
        skipping_ = true;
    }
    if (remaining_ > 0) return std::nullopt;
    handed_out_ = true;
    return Message{header_[0], skipping_ ? Bytes() : kept_.bytes()};
}

void MessageReader::clear() noexcept {
    kept_.clear();
    header_size_ = 0;
    remaining_ = 0;
    skipping_ = handed_out_ = false;
}

}  // namespace umbratap::tls
