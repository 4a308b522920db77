// Reads the head of an HTTP/1 message that is complete (RFC 9112, 2 to 6), and says how long its
// body is.
#pragma once

#include "base/problem.h"
#include "http/connection.h"
#include "http/items.h"

namespace umbratap::http {

/// Fills method, target, authority, scheme, status, version and fields of `head` from `bytes`,
/// whose first line is a request line or a status line, as `head.is_request` says. What is odd is
/// named and read as most do: http1.bare_line_feed, http1.bare_carriage_return, http1.obs_fold,
/// http1.space_before_colon, http1.nul_in_head, http1.line_without_colon, http1.malformed_head,
/// http1.too_many_fields, http1.several_hosts.
Problem decode_http1_head(Bytes bytes, const Limits& limits, Head& head);

/// How the body behind a head is delimited (RFC 9112, 6.3).
struct BodyLength {
    enum class By : std::uint8_t { none, length, chunks, close };
    By by = By::none;
    std::uint64_t length = 0;  ///< by length; else what Content-Length says besides
    bool ambiguous = false;    ///< it can be read in another way, too
};

/// What of the request decides on the body of its response.
enum class Answers : std::uint8_t { ordinary, head, connect };

/// http1.conflicting_lengths, http1.bad_content_length, http1.strange_transfer_encoding
Problem body_length(const Head& head, Answers answers, BodyLength& out);

/// The content codings of the body, those of Transfer-Encoding included, as they were applied:
/// "gzip, br".
std::string body_codings(const Fields& fields);

}  // namespace umbratap::http
