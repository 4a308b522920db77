// How the body behind a head is delimited (RFC 9112, 6.3).
//
// Where lengths contradict each other, chunks win over Content-Length, and of several
// Content-Lengths the largest: it covers what the others cover. The body is then `ambiguous`, and
// its bytes as sent are handed on, too.
#include <algorithm>
#include <charconv>

#include "http/http1_head.h"

namespace umbratap::http {

namespace {

std::string lower_without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' || c == '\t') continue;
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    return out;
}

/// Calls `take` with each element of each field of that name.
template <class Take>
void for_each_element(const Fields& fields, std::string_view name, Take take) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields.name(i) != name) continue;
        std::string_view list = fields.value(i);
        while (true) {
            const std::size_t comma = std::min(list.find(','), list.size());
            take(list.substr(0, comma));
            if (comma == list.size()) break;
            list.remove_prefix(comma + 1);
        }
    }
}

struct Lengths {
    bool any = false;
    bool bad = false;
    bool differ = false;
    std::uint64_t largest = 0;
};

Lengths content_lengths(const Fields& fields) {
    Lengths lengths;
    for_each_element(fields, "content-length", [&](std::string_view element) {
        const std::string digits = lower_without_blanks(element);
        std::uint64_t length = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc() || length > std::uint64_t{1} << 62) {
            lengths.bad = true;
            return;
        }
        if (end != digits.data() + digits.size()) lengths.bad = true;  // "42abc": some read 42
        lengths.differ = lengths.differ || (lengths.any && length != lengths.largest);
        lengths.largest = std::max(lengths.largest, length);
        lengths.any = true;
    });
    return lengths;
}

struct Transfer {
    bool any = false;
    bool chunked = false;
    bool strange = false;  // "chunked" that not everybody reads as such
};

Transfer transfer_encoding(const Fields& fields) {
    Transfer transfer;
    bool last_is_chunked = false;
    for_each_element(fields, "transfer-encoding", [&](std::string_view element) {
        const std::string coding = lower_without_blanks(element);
        if (coding.empty() || coding == "identity") {
            transfer.strange = transfer.strange || coding.empty();
            return;
        }
        transfer.any = true;
        last_is_chunked = coding == "chunked";
        if (last_is_chunked) {
            transfer.strange = transfer.strange || transfer.chunked;
            transfer.chunked = true;
        } else if (coding.find("chunked") != std::string::npos) {
            transfer.strange = true;
        }
    });
    if (transfer.chunked && !last_is_chunked) transfer.strange = true;
    return transfer;
}

}  // namespace

Problem body_length(const Head& head, Answers answers, BodyLength& out) {
    out = {};
    if (!head.is_request) {
        if (head.status / 100 == 1 || head.status == 204 || head.status == 304 ||
            answers == Answers::head)
            return no_problem;
        if (answers == Answers::connect && head.status / 100 == 2) return no_problem;
    }
    const Lengths lengths = content_lengths(head.fields);
    const Transfer transfer = transfer_encoding(head.fields);
    Problem problem;
    if (transfer.strange) problem = Problem{"http1.strange_transfer_encoding"};
    if (lengths.bad) problem = problem.or_else(Problem{"http1.bad_content_length"});
    if (lengths.differ || (lengths.any && transfer.any))
        problem = problem.or_else(Problem{"http1.conflicting_lengths"});
    out.ambiguous = static_cast<bool>(problem);
    out.length = lengths.largest;
    if (transfer.chunked || (transfer.any && transfer.strange)) {
        out.by = BodyLength::By::chunks;
    } else if (transfer.any && !head.is_request) {
        out.by = BodyLength::By::close;  // RFC 9112, 6.3, rule 4
    } else if (lengths.any) {
        out.by = out.length > 0 ? BodyLength::By::length : BodyLength::By::none;
    } else if (!head.is_request) {
        out.by = BodyLength::By::close;
    }
    return problem;
}

std::string body_codings(const Fields& fields) {
    std::string codings;
    const auto add = [&](std::string_view element) {
        const std::string coding = lower_without_blanks(element);
        if (coding.empty() || coding == "identity" || coding.find("chunked") != std::string::npos)
            return;
        if (!codings.empty()) codings.append(", ");
        codings.append(coding);
    };
    for_each_element(fields, "content-encoding", add);
    for_each_element(fields, "transfer-encoding", add);
    return codings;
}

}  // namespace umbratap::http
