#include "report/event_id.h"

#include <doctest/doctest.h>

#include <set>

#include "report/sample.h"

using namespace umbratap;
using namespace umbratap::report;

namespace {

inventory::Call call(const std::string& method, const std::string& id) {
    inventory::Call call;
    call.parties = test::parties();
    call.packet_number = 5;
    call.method = method;
    call.id = id;
    return call;
}

}  // namespace

TEST_CASE("event id: the same record has the same") {
    CHECK(event_id(call("a", "1")) == event_id(call("a", "1")));
}

TEST_CASE("event id: what distinguishes records distinguishes their ids") {
    std::set<std::uint64_t> ids;
    ids.insert(event_id(call("a", "1")));
    ids.insert(event_id(call("a", "2")));
    ids.insert(event_id(call("b", "1")));
    ids.insert(event_id(call("b1", "")));
    inventory::Call later = call("a", "1");
    later.time = test::at(6);
    ids.insert(event_id(later));
    inventory::Call other_flow = call("a", "1");
    auto flow = test::flow();
    flow->id = 8;
    other_flow.parties.flow = flow;
    ids.insert(event_id(other_flow));
    inventory::Alert alert = test::alert();
    ids.insert(event_id(alert));
    alert.closing = true;
    ids.insert(event_id(alert));
    ids.insert(event_id(test::session()));
    ids.insert(event_id(inventory::Anomaly{test::flow(), {}, 5, "tcp.x"}));
    ids.insert(event_id(inventory::Anomaly{test::flow(), {}, 5, "tcp.y"}));
    ids.insert(event_id(inventory::FlowEnd{}));
    ids.insert(event_id(inventory::StreamEnd{}));
    CHECK(ids.size() == 13);
}

TEST_CASE("event id: what configuration changes does not change it") {
    inventory::Call judged = call("a", "1");
    judged.verdict = inventory::Verdict::approved;
    judged.arguments = "{}";
    judged.packet_number = 99;  // of a capture with other packets around
    CHECK(event_id(judged) == event_id(call("a", "1")));
}

TEST_CASE("event ids: twins are told apart, in the same way each time") {
    EventIds first, second;
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 5; ++i) {
        const std::uint64_t id = first.next(call("notifications/progress", ""));
        CHECK(id == second.next(call("notifications/progress", "")));
        ids.insert(id);
    }
    CHECK(ids.size() == 5);
    CHECK(ids.contains(event_id(call("notifications/progress", ""))));
}
