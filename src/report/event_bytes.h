// An event as bytes: what travels through the channel, waits in queues, lies in a spool.
//
//     severity, and a byte for the size of each: timestamp, type, id, community id; then these, and
//     the line
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/event.h"

namespace umbratap::report {

/// Longer events are dropped wherever they would have to wait.
inline constexpr std::size_t event_bytes_max = 16 << 20;

void append_event(const Event& event, std::string& out);

/// Views into `bytes`; unset where it is no event.
std::optional<Event> read_event(std::string_view bytes) noexcept;

/// 0 alerts of severity 1 and 2, 1 other alerts, 2 everything else. What is of a lower rank, a
/// higher number, is given up first.
unsigned rank_of(const Event& event) noexcept;
inline constexpr unsigned ranks = 3;

/// Little-endian numbers, as in all of these bytes.
template <class Number>
void append_number_bytes(Number number, std::string& out) {
    for (std::size_t i = 0; i < sizeof number; ++i)
        out.push_back(static_cast<char>(number >> 8 * i & 0xff));
}
template <class Number>
Number read_number_bytes(std::string_view bytes) noexcept {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number |=
            static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[i])) << 8 * i);
    return number;
}

}  // namespace umbratap::report
