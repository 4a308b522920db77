// Events as NDJSON, shaped like Suricata's EVE (report/README.md).
//
// Every byte of text that came off the wire is escaped: control characters, DEL, C1, bidirectional
// and zero-width characters as \u, invalid UTF-8 as U+FFFD. One record is one line, whatever it
// holds. Texts longer than 4 KiB are cut; arguments and results are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inventory/records.h"
#include "report/event.h"
#include "report/event_id.h"
#include "report/json.h"

namespace umbratap::report {

struct EveOptions {
    std::string sensor_id, sensor_group, rules_version, policy_version;  ///< in every event, if set
};

/// The event type of a record: "mcp", "mcp_session", "alert", …
std::string_view event_type(const inventory::Record& record) noexcept;

/// Appends one line, with its newline, to `out`. The same record gives the same line.
void write_eve(const inventory::Record& record, const EveOptions& options, std::string& out);

/// The same for all records of a run, in their order: twins have different event ids.
class Eve {
public:
    explicit Eve(EveOptions options) : options_(std::move(options)) {}
    void write(const inventory::Record& record, std::string& out);
    /// The same as an event; its views live until the next call, and as long as the record.
    Event event(const inventory::Record& record);
    /// For the events from now on.
    void change(EveOptions options) { options_ = std::move(options); }

private:
    EveOptions options_;
    EventIds ids_;
    std::string line_, id_;
};

/// "2026-10-01T12:00:00.123456+0000"
std::string to_timestamp(Time time);
void append_timestamp(Time time, std::string& out);

}  // namespace umbratap::report
