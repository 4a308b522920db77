// The ClientHello, out of the records that carry it (RFC 8446, 5.1).
#include "tls/hello.h"

#include <algorithm>

#include "tls/client_hello.h"
#include "tls/fingerprint.h"
#include "tls/handshake.h"
#include "tls/record.h"

namespace umbratap::tls {

namespace {

constexpr std::size_t message_header_bytes = 4;

}  // namespace

/// 1 | length 15 bits | 1 | version 2 | cipher suites... (RFC 5246, E.2)
bool can_be_ssl_2(Bytes start) noexcept {
    if (start.size() > 0 && (start[0] & 0x80) == 0) return false;
    if (start.size() > 2 && start[2] != message_type::client_hello) return false;
    if (start.size() > 3 && start[3] != 3 && start[3] != 0) return false;
    return start.size() < 5 || (start[3] == 3 ? start[4] <= 3 : start[4] == 2);
}

bool looks_like_tls(Bytes start) noexcept {
    return can_be_record(start) || can_be_ssl_2(start);
}

Hello summary_of(ClientHello&& sent, bool whole, Transport transport) {
    Hello hello;
    hello.version = highest_version(sent);
    hello.encrypted_client_hello = sent.encrypted_client_hello;
    if (whole) {  // a part has another fingerprint than the whole
        hello.ja3 = ja3(sent);
        hello.ja4 = ja4(sent, transport);
    }
    hello.server_name = std::move(sent.server_name);
    hello.protocols = std::move(sent.protocols);
    return hello;
}

Problem read_client_hello(Bytes body, Transport transport, Hello& hello) noexcept {
    ClientHello sent;
    const Problem problem = decode(body, sent);
    hello = summary_of(std::move(sent), problem != Problem{"tls.bad_hello"}, transport);
    return problem;
}

Problem HelloReader::push(Bytes data) noexcept {
    Problem problem;
    while (!data.empty() && state_ == State::reading) {
        if (remaining_ > 0) {
            const Bytes fragment = data.first(std::min(remaining_, data.size()));
            remaining_ -= fragment.size();
            data = data.subspan(fragment.size());
            problem = problem.or_else(take_fragment(fragment));
            continue;
        }
        header_[header_size_++] = data.front();
        data = data.subspan(1);
        if (header_size_ == header_.size()) problem = problem.or_else(begin_record());
    }
    return problem;
}

Problem HelloReader::begin_record() noexcept {
    header_size_ = 0;
    if (buffer_.empty() && can_be_ssl_2(header_)) {
        hello_.version = big_endian_16(&header_[3]);
        state_ = State::done;
        return no_problem;
    }
    if (!can_be_record(header_) || header_[0] != record_type::handshake) {
        return give_up(buffer_.empty() ? no_problem : Problem{"tls.bad_record"});
    }
    remaining_ = big_endian_16(&header_[3]);
    return remaining_ == 0 ? Problem{"tls.empty_record"} : no_problem;
}

Problem HelloReader::take_fragment(Bytes fragment) noexcept {
    if (buffer_.empty() && fragment.front() != message_type::client_hello)
        return give_up(no_problem);
    // What follows the message in its record is not kept.
    for (;;) {
        const Bytes message = buffer_.bytes();
        std::size_t wanted = message_header_bytes;
        if (message.size() >= message_header_bytes) {
            wanted += big_endian_24(&message[1]);
            if (wanted > hello_bytes_max) return give_up(Problem{"tls.hello_too_long"});
            if (message.size() == wanted) return finish();
        }
        if (fragment.empty()) return no_problem;
        const std::size_t taken = std::min(wanted - message.size(), fragment.size());
        if (!buffer_.append(fragment.first(taken), hello_bytes_max)) {
            return give_up(Problem{"tls.budget_used_up"});
        }
        fragment = fragment.subspan(taken);
    }
}

Problem HelloReader::finish() noexcept {
    const Problem problem =
        read_client_hello(buffer_.bytes().subspan(message_header_bytes), Transport::tcp, hello_);
    buffer_.clear();
    state_ = State::done;
    return problem;
}

Problem HelloReader::give_up(Problem why) noexcept {
    buffer_.clear();
    state_ = State::not_tls;
    return why;
}

}  // namespace umbratap::tls
