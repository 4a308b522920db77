// The parts of an event that speak of MCP: `mcp`, `gen_ai`, `jsonrpc`, `alert`, `inventory`
// (report/README.md; names after OpenTelemetry's conventions for MCP).
#pragma once

#include <string>

#include "inventory/records.h"
#include "report/json.h"

namespace umbratap::report {

void write_call(JsonWriter& json, const inventory::Call& call);
void write_session(JsonWriter& json, const inventory::Session& session);
void write_alert(JsonWriter& json, const inventory::Alert& alert);
void write_change(JsonWriter& json, const inventory::InventoryChange& change);

/// As packet::to_string, straight into `out`.
void append_address(const packet::Address& address, std::string& out);

}  // namespace umbratap::report
