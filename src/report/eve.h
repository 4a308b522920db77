// Events as NDJSON, shaped like Suricata's EVE (interface.md, section 2).
//
// Every byte of text that came off the wire is escaped: control characters, DEL, C1, bidirectional and zero-width
// characters as \u, invalid UTF-8 as U+FFFD. One record is one line, whatever it holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inventory/records.h"

namespace umbratap::report {

struct EveOptions {
    std::string sensor_id, sensor_group;  ///< in every event, if set
};

/// The event type of a record: "mcp", "mcp_session", "alert", …
std::string_view event_type(const inventory::Record& record) noexcept;

/// Appends one line, with its newline, to `out`.
void write_eve(const inventory::Record& record, const EveOptions& options, std::string& out);

/// Appends `text` as a JSON string, with its quotes.
void write_json_string(std::string_view text, std::string& out);

/// "2026-10-01T12:00:00.123456+0000"
std::string to_timestamp(Time time);

}  // namespace umbratap::report
