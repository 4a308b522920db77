// An EVE event, read: its values are asked for by dotted paths, "mcp.method.name".
//
// The line may be anybody's (a log of yesterday, a file that was tampered with), so it is parsed in
// full before anything is told of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::report {

class EventReader {
public:
    static constexpr std::size_t line_bytes_max = 16 << 20;  ///< longer lines are no events

    EventReader();
    ~EventReader();

    /// False if `line` is no JSON object with an event type, an id and a time. What the others
    /// return lives until the next call.
    bool read(std::string_view line);

    std::string_view type() const noexcept { return type_; }
    std::int64_t microseconds() const noexcept { return microseconds_; }  ///< since 1970

    bool has(std::string_view path) const;
    /// Empty if there is none, or it is no text; likewise below.
    std::string_view text(std::string_view path) const;
    std::optional<std::int64_t> integer(std::string_view path) const;
    std::optional<double> number(std::string_view path) const;
    bool truth(std::string_view path) const;
    std::vector<std::string_view> texts(std::string_view path) const;
    /// The sum of the numbers in an object.
    double sum(std::string_view path) const;

    /// Appends the value as JSON on one line, harmless whatever texts it holds (report/json.h).
    bool append_json(std::string_view path, std::string& out) const;
    /// Appends a text, number or truth as it is, and the texts of a list with commas in between.
    bool append_text(std::string_view path, std::string& out) const;

private:
    struct Simd;
    std::unique_ptr<Simd> simd_;
    std::string_view type_;
    std::int64_t microseconds_ = 0;
};

/// Microseconds since 1970 of "2026-10-01T12:00:00.123456+0000", the only form that EVE has here.
std::optional<std::int64_t> microseconds_of(std::string_view timestamp) noexcept;

}  // namespace umbratap::report
