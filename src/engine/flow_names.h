// A flow as events name it. Its ids cost a SHA-1, and nothing is told of most flows: so they are
// worked out when something is.
#pragma once

#include <memory>

#include "flow/flow_record.h"
#include "inventory/sighting.h"

namespace umbratap::engine {

/// Without ids. `reversed`: requests come from what was taken for the server.
std::shared_ptr<inventory::Flow> flow_of(const flow::FlowRecord& record, bool reversed);
/// Gives it its ids, if it has none yet. To be called before anyone else gets to see the flow.
void name(inventory::Flow& flow);
std::shared_ptr<const inventory::Flow> named_flow_of(const flow::FlowRecord& record, bool reversed);

}  // namespace umbratap::engine
