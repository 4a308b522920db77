// Finds the heads of HTTP/1 messages in a direction.
//
//     …"id":7}HTTP/1.1 200 OK␍␊Content-Type: …␍␊␍␊
//             └ a head in the middle of a line: the body before it did not end with a line feed
//
// A place in the middle of a line is believed only if the line ends with CR LF and, for requests,
// with the version behind a method that everybody knows. At a line start any method will do.
#include "http/head_finder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace umbratap::http {

namespace {

constexpr std::size_t line_tail_bytes = 16 * 1024;  // of a line are searched for a head when lost
constexpr std::size_t line_bytes_max = 2 * line_tail_bytes;  // longer ones are given in parts
constexpr std::string_view version_1 = "HTTP/1.";
constexpr std::array<std::string_view, 9> known_methods = {
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT"};

std::size_t offset_of(const void* found, Bytes in) noexcept {
    return static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - in.data());
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

bool is_token_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// "HTTP/1.1 200", and then nothing or a space.
bool begins_response(std::string_view line) noexcept {
    return line.size() >= 12 && line.starts_with(version_1) && is_digit(line[7]) &&
           is_blank(line[8]) && is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11]) &&
           (line.size() == 12 || is_blank(line[12]));
}

/// The length of the line up to the blank before its version, if it ends with one.
std::optional<std::size_t> before_version(std::string_view line) noexcept {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    if (line.size() < 9 || !is_digit(line.back()) || line.substr(line.size() - 8, 7) != version_1)
        return std::nullopt;
    line.remove_suffix(8);
    if (!is_blank(line.back())) return std::nullopt;
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return line.size();
}

bool is_request_line(std::string_view line) noexcept {
    const auto end = before_version(line);
    if (!end) return false;
    std::size_t method = 0;
    while (method < *end && method < 32 && is_token_character(line[method])) ++method;
    return method > 0 && method < *end && is_blank(line[method]);
}

std::optional<std::size_t> request_in(std::string_view line) noexcept {
    const auto end = before_version(line);
    if (!end) return std::nullopt;
    const std::size_t space = line.substr(0, *end).find_last_of(" \t");
    if (space == std::string_view::npos) return std::nullopt;
    const std::string_view before = line.substr(0, space);
    for (const std::string_view method : known_methods) {
        if (before.ends_with(method)) return before.size() - method.size();
    }
    return std::nullopt;
}

std::optional<std::size_t> response_in(std::string_view line) noexcept {
    for (std::size_t at = line.find(version_1); at != std::string_view::npos;
         at = line.find(version_1, at + 1)) {
        if (begins_response(line.substr(at))) return at;
    }
    return std::nullopt;
}

struct Place {
    std::size_t at;
    bool is_request;
};

/// Where in a whole line a head begins.
std::optional<Place> head_in(Bytes bytes, HeadFinder::Wanted wanted, bool mid_line) noexcept {
    std::string_view line = as_text(bytes);
    line.remove_suffix(1);
    const bool carriage_return = line.ends_with('\r');
    if (carriage_return) line.remove_suffix(1);
    if (!mid_line) {
        if (wanted.responses && begins_response(line)) return Place{0, false};
        if (wanted.requests && is_request_line(line)) return Place{0, true};
    }
    if (!carriage_return) return std::nullopt;
    const std::size_t skipped = line.size() > line_tail_bytes ? line.size() - line_tail_bytes : 0;
    line.remove_prefix(skipped);
    if (wanted.responses) {
        if (const auto at = response_in(line)) return Place{skipped + *at, false};
    }
    if (wanted.requests) {
        if (const auto at = request_in(line)) return Place{skipped + *at, true};
    }
    return std::nullopt;
}

}  // namespace

HeadFinder::Found HeadFinder::give(Bytes found, Found as, bool whole) noexcept {
    found_ = found;
    whole_ = whole;
    return as;
}

void HeadFinder::drop() noexcept {
    kept_.clear();
    in_head_ = mid_line_ = false;
}

HeadFinder::Found HeadFinder::next(Bytes& in, Wanted wanted, Shelf& shelf) noexcept {
    if (in_head_) return next_head(in, 0, shelf);
    return next_line(in, wanted, shelf);
}

/// What is too long for a first line is none: its first byte is given, and its rest looked at as
/// what it is, a line where a head should be.
HeadFinder::Found HeadFinder::give_first_byte(Bytes& in, Shelf& shelf) {
    mid_line_ = true;
    if (kept_.empty()) {
        const Bytes first = in.first(1);
        in = in.subspan(1);
        return give(first, Found::line, false);
    }
    const Bytes first = shelf.keep({kept_.bytes().front()});
    kept_.drop_front(1);
    return give(first, Found::line, false);
}

/// No line feed within reach: keeps all, or of a long line as much as is searched for a head.
HeadFinder::Found HeadFinder::take_part(Bytes& in, Shelf& shelf) {
    const std::size_t here = kept_.size() + in.size();
    if (kept_.empty() && here > line_bytes_max) {
        const Bytes front = in.first(here - line_tail_bytes);
        in = in.subspan(front.size());
        mid_line_ = true;
        return give(front, Found::line, false);
    }
    if (!kept_.append(in, here)) {
        mid_line_ = true;
        const Bytes front = kept_.empty() ? std::exchange(in, {}) : shelf.keep(kept_);
        return give(front, Found::line, false);
    }
    in = {};
    if (here <= line_bytes_max) return give({}, Found::nothing, false);
    mid_line_ = true;
    const Bytes front = kept_.bytes().first(here - line_tail_bytes);
    const Bytes given = shelf.keep({front.begin(), front.end()});
    kept_.drop_front(given.size());
    return give(given, Found::line, false);
}

HeadFinder::Found HeadFinder::next_line(Bytes& in, Wanted wanted, Shelf& shelf) {
    if (in.empty()) return give({}, Found::nothing, false);
    const void* feed = std::memchr(in.data(), '\n', in.size());
    const std::size_t length = feed == nullptr ? in.size() : offset_of(feed, in) + 1;
    if (!wanted.lost && kept_.size() + length > head_bytes_max_) return give_first_byte(in, shelf);
    if (feed == nullptr) return take_part(in, shelf);
    const bool in_place = kept_.empty();
    if (!in_place && !kept_.append(in.first(length), kept_.size() + length)) {
        mid_line_ = true;
        return give(shelf.keep(kept_), Found::line, false);
    }
    const Bytes line = in_place ? in.first(length) : kept_.bytes();
    const bool whole =
        !std::exchange(mid_line_, false) && (!wanted.lost || line.size() <= line_bytes_max);
    const auto place = head_in(line, wanted, !whole);
    if (!place) {
        in = in.subspan(length);
        return give(in_place ? line : shelf.keep(kept_), Found::line, whole);
    }
    is_request_ = place->is_request;
    in_head_ = true;
    at_line_start_ = true;
    carriage_return_ = false;
    if (in_place && place->at == 0) return next_head(in, length, shelf);
    if (in_place) {
        // The line is read once more from there.
        in_head_ = false;
        const Bytes front = in.first(place->at);
        in = in.subspan(place->at);
        return give(front, Found::line, false);
    }
    in = in.subspan(length);
    const std::size_t line_bytes = kept_.size();
    if (place->at == 0 && line_bytes > head_bytes_max_ &&
        kept_.append(in, line_bytes + in.size())) {
        in = shelf.keep(kept_);  // what is behind a head's first bytes is looked at once more
        return next_head(in, line_bytes, shelf);
    }
    if (place->at == 0) return next_head(in, 0, shelf);
    const Bytes front = kept_.bytes().first(place->at);
    const Bytes given = shelf.keep({front.begin(), front.end()});
    kept_.drop_front(place->at);
    return give(given, Found::line, false);
}

/// Looks for the blank line; `from` bytes of `in` were looked at already.
HeadFinder::Found HeadFinder::next_head(Bytes& in, std::size_t from, Shelf& shelf) {
    std::size_t at = from;
    bool complete = false;
    while (at < in.size() && !complete) {
        if (at_line_start_) {
            const std::uint8_t c = in[at++];
            complete = c == '\n';
            if (c == '\r' && !carriage_return_) {
                carriage_return_ = true;
            } else {
                at_line_start_ = carriage_return_ = false;
            }
            if (c == '\n' || at_line_start_) continue;
            --at;  // a line feed may follow a stray CR at once
        }
        const void* feed = std::memchr(in.data() + at, '\n', in.size() - at);
        at = feed == nullptr
                 ? in.size()
                 : static_cast<std::size_t>(static_cast<const std::uint8_t*>(feed) - in.data()) + 1;
        at_line_start_ = feed != nullptr;
    }
    if (kept_.size() + at > head_bytes_max_) {
        const std::size_t room =
            head_bytes_max_ - std::min<std::size_t>(head_bytes_max_, kept_.size());
        in_head_ = false;
        const Bytes front = in.first(room);
        in = in.subspan(room);
        if (kept_.empty()) return give(front, Found::head_too_long, false);
        if (!kept_.append(front, head_bytes_max_)) mid_line_ = true;
        return give(shelf.keep(kept_), Found::head_too_long, false);
    }
    if (complete && kept_.empty()) {
        const Bytes head = in.first(at);
        in = in.subspan(at);
        in_head_ = false;
        return give(head, Found::head, true);
    }
    if (!kept_.append(in.first(at), head_bytes_max_)) {
        in_head_ = false;
        mid_line_ = true;
        return give(kept_.empty() ? std::exchange(in, {}) : shelf.keep(kept_), Found::line, false);
    }
    in = in.subspan(at);
    if (!complete) return give({}, Found::nothing, false);
    in_head_ = false;
    return give(shelf.keep(kept_), Found::head, true);
}

}  // namespace umbratap::http
