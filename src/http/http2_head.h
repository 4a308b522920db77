// The fields of one HTTP/2 message as they come out of a field block, and the head they make
// (RFC 9113, 8.2 and 8.3).
//
// What breaks the rules is named and read all the same: another end may do so, too.
#pragma once

#include <string>
#include <string_view>

#include "http/connection.h"
#include "http/items.h"

namespace umbratap::http {

class Http2Fields {
public:
    explicit Http2Fields(const Limits& limits) noexcept : limits_(&limits) {}

    /// Takes the next field. Names and values are those of the wire, and need not live on.
    void add(std::string_view name, std::string_view value);
    /// Something of it is not known.
    void lost() noexcept { partial_ = true; }

    bool partial() const noexcept { return partial_; }
    bool is_response() const noexcept { return has(status); }
    /// Neither a request nor a response, as far as is known: trailers.
    bool has_no_pseudo_field() const noexcept { return seen_ == 0; }
    bool is_request() const noexcept { return !is_response() && !has_no_pseudo_field(); }
    /// Of an extended CONNECT (RFC 8441, 4): "websocket".
    std::string_view protocol() const noexcept { return protocol_; }

    /// Moves everything into `head`, whose `is_request` is set. http2.header_bomb,
    /// .too_many_fields, .repeated_pseudo_field, .misplaced_pseudo_field, .unknown_pseudo_field,
    /// .missing_pseudo_field, .bad_status, .bad_field_name, .bad_field_value,
    /// .connection_specific_field, .authority_and_host_differ
    Problem move_to(Head& head);

private:
    enum Pseudo : unsigned {
        method = 1,
        path = 2,
        authority = 4,
        scheme = 8,
        status = 16,
        protocol_field = 32
    };

    bool has(Pseudo field) const noexcept { return (seen_ & field) != 0; }
    void found(const char* name) noexcept { problem_ = problem_.or_else(Problem{name}); }
    bool fits(std::string_view name, std::string_view value);
    void add_pseudo(std::string_view name, std::string_view value);
    void check(std::string_view name, std::string_view value);
    void check_pseudo(const Head& head);

    const Limits* limits_;
    Problem problem_;
    bool partial_ = false;
    unsigned seen_ = 0;
    std::uint64_t bytes_ = 0;  // name, value and 32 for each field (RFC 9113, 10.5.1)
    Head head_;
    std::string protocol_;
    std::string cookie_;
};

}  // namespace umbratap::http
