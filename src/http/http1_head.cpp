// Reads the head of an HTTP/1 message.
//
// llhttp reads what is well formed. What is odd (line feeds without CR, folded lines, spaces before
// the colon …) is named first and then read by `read_leniently`: a parser for servers refuses or
// guesses there, and both would hide what the two ends of the connection may well have understood
// (threat T21).
#include "http/http1_head.h"

#include <llhttp/llhttp.h>

#include <algorithm>
#include <charconv>

#include "http/target.h"

namespace umbratap::http {

namespace {

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Adds fields up to the limit.
class FieldsTaken {
public:
    FieldsTaken(Fields& fields, const Limits& limits) noexcept : fields_(fields), limits_(limits) {}
    void add(std::string_view name, std::string_view value) {
        if (fields_.size() >= limits_.fields_max) {
            problem_ = Problem{"http1.too_many_fields"};
            std::string lower(name);
            std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
            if (!is_vital(lower) || fields_.has(lower)) return;
        }
        fields_.add(name, value);
    }
    Problem problem() const noexcept { return problem_; }

private:
    Fields& fields_;
    const Limits& limits_;
    Problem problem_;
};

/// The next line without its end; advances `rest` behind it.
std::string_view take_line(std::string_view& rest, bool& carriage_return) noexcept {
    const std::size_t feed = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, feed);
    rest.remove_prefix(std::min(feed + 1, rest.size()));
    carriage_return = line.ends_with('\r');
    if (carriage_return) line.remove_suffix(1);
    return line;
}

Problem oddity(std::string_view head) noexcept {
    if (head.find('\0') != std::string_view::npos) return Problem{"http1.nul_in_head"};
    bool first = true;
    while (!head.empty()) {
        bool carriage_return = false;
        const std::string_view line = take_line(head, carriage_return);
        if (!carriage_return) return Problem{"http1.bare_line_feed"};
        if (line.find('\r') != std::string_view::npos) return Problem{"http1.bare_carriage_return"};
        if (first && line.find('\t') != std::string_view::npos) {
            return Problem{"http1.malformed_head"};  // RFC 9112, 3: one space between its parts
        }
        if (!first && !line.empty()) {
            if (is_blank(line.front())) return Problem{"http1.obs_fold"};
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos || colon == 0)
                return Problem{"http1.line_without_colon"};
            if (is_blank(line[colon - 1])) return Problem{"http1.space_before_colon"};
        }
        first = false;
    }
    return no_problem;
}

struct Strict {
    Head& head;
    FieldsTaken fields;
    std::string_view name{};
    std::string_view value{};
};

std::string_view joined(std::string_view before, const char* at, std::size_t length) noexcept {
    // The head is in one piece, so the parts of a value follow each other.
    return before.empty() ? std::string_view(at, length)
                          : std::string_view(before.data(), before.size() + length);
}

Strict& strict(llhttp_t* parser) noexcept {
    return *static_cast<Strict*>(parser->data);
}

const llhttp_settings_t settings = [] {
    llhttp_settings_t s{};
    s.on_url = [](llhttp_t* p, const char* at, std::size_t n) {
        return strict(p).head.target.append(at, n), 0;
    };
    s.on_method = [](llhttp_t* p, const char* at, std::size_t n) {
        return strict(p).head.method.append(at, n), 0;
    };
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
        return strict(p).name = joined(strict(p).name, at, n), 0;
    };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
        return strict(p).value = joined(strict(p).value, at, n), 0;
    };
    s.on_header_value_complete = [](llhttp_t* p) {
        Strict& reading = strict(p);
        reading.fields.add(reading.name, reading.value);
        reading.name = reading.value = {};
        return 0;
    };
    s.on_headers_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    return s;
}();

/// What llhttp refuses and body_length() names, or what is nothing wrong.
bool is_no_matter(llhttp_errno_t error) noexcept {
    return error == HPE_INVALID_METHOD || error == HPE_UNEXPECTED_CONTENT_LENGTH ||
           error == HPE_INVALID_CONTENT_LENGTH || error == HPE_INVALID_TRANSFER_ENCODING;
}

/// False if llhttp does not take it.
bool read_strictly(std::string_view bytes, const Limits& limits, Head& head, Problem& problem) {
    Strict reading{head, FieldsTaken(head.fields, limits)};
    llhttp_t parser;
    llhttp_init(&parser, head.is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &reading;
    llhttp_set_lenient_headers(&parser, 1);
    llhttp_set_lenient_chunked_length(&parser, 1);
    llhttp_set_lenient_transfer_encoding(&parser, 1);
    const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
    if (error != HPE_PAUSED) {
        if (!is_no_matter(error)) problem = Problem{"http1.malformed_head"};
        return false;
    }
    head.status = parser.status_code;
    head.version =
        parser.http_major == 1 && parser.http_minor == 0 ? Version::http_1_0 : Version::http_1_1;
    problem = reading.fields.problem();
    return true;
}

void read_first_line(std::string_view line, Head& head) {
    // A line that was cut may have none.
    const std::size_t version = head.is_request ? std::min(line.rfind("HTTP/"), line.size()) : 0;
    head.version =
        line.substr(version).starts_with("HTTP/1.0") ? Version::http_1_0 : Version::http_1_1;
    if (!head.is_request) {
        std::from_chars(line.data() + std::min<std::size_t>(9, line.size()),
                        line.data() + std::min<std::size_t>(12, line.size()), head.status);
        return;
    }
    line = trimmed(line.substr(0, version));
    const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
    head.method = line.substr(0, space);
    line = trimmed(line.substr(space));
    head.target = line.substr(0, line.find_first_of(" \t"));  // the second word (RFC 9112, 3)
}

/// Takes everything that has a colon; a folded line joins the one before with a space (RFC
/// 9112, 5.2).
Problem read_leniently(std::string_view bytes, const Limits& limits, Head& head) {
    FieldsTaken fields(head.fields, limits);
    bool ignored = false;
    read_first_line(take_line(bytes, ignored), head);
    std::string name, value;
    const auto over = [&] {
        if (!name.empty()) fields.add(name, value);
        name.clear();
    };
    while (!bytes.empty()) {
        const std::string_view line = take_line(bytes, ignored);
        if (line.empty()) continue;
        if (is_blank(line.front())) {
            value.append(" ").append(trimmed(line));
            continue;
        }
        over();
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        name = trimmed(line.substr(0, colon));
        value = trimmed(line.substr(colon + 1));
    }
    over();
    return fields.problem();
}

Problem name_authority(Head& head) {
    std::size_t hosts = 0;
    for (std::size_t i = 0; i < head.fields.size(); ++i) hosts += head.fields.name(i) == "host";
    const Target target = split_target(head.target);
    head.scheme = target.scheme;
    head.authority = target.scheme.empty() ? head.fields.find("host") : target.authority;
    return hosts > 1 ? Problem{"http1.several_hosts"} : no_problem;
}

}  // namespace

Problem decode_http1_head(Bytes bytes, const Limits& limits, Head& head) {
    const std::string_view text = as_text(bytes);
    Problem problem = oddity(text);
    if (problem || !read_strictly(text, limits, head, problem)) {
        head.method.clear();
        head.target.clear();
        head.fields = {};
        problem = problem.or_else(read_leniently(text, limits, head));
    }
    if (head.is_request) problem = problem.or_else(name_authority(head));
    return problem;
}

}  // namespace umbratap::http
