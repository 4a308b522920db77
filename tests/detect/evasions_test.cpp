#include "detect/evasions.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

namespace umbratap::detect {
namespace {

const Evasions& product_rules() {
    static const Evasions rules(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    return rules;
}

Batch<Finding> found_in(const std::string& json, const http::Head* request) {
    static const mcp::Watch watch;
    mcp::Decoder decoder({}, watch, {.payloads = false, .strings = true});
    Batch<mcp::Message> messages;
    decoder.decode(as_bytes(json), false, messages);
    Batch<Finding> found;
    for (std::size_t i = 0; i < messages.size(); ++i)
        product_rules().find(messages[i], decoder.strings(i), request, found);
    return found;
}

TEST_CASE("all examples of the evasions do what they should") {
    for (const std::string& failure : product_rules().check()) FAIL_CHECK(failure);
}

TEST_CASE("a header that differs is told with both readings, an argument without its value") {
    http::Head request;
    request.fields.add("Mcp-Method", "tools/list");
    request.fields.add("Mcp-Param-Key", "secret-one");
    const Batch<Finding> found =
        found_in(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t",)"
                 R"("arguments":{"key":"secret-two"}}})",
                 &request);
    REQUIRE(found.size() == 2);
    CHECK(found[0].category == "evasion");
    CHECK(found[0].where == "request.header.mcp-method");
    CHECK(found[0].excerpt == "tools/list ≠ tools/call");
    CHECK(found[1].where == "request.header.mcp-param-key");
    CHECK(found[1].excerpt == "mcp-param-key ≠ params.arguments.key");
}

TEST_CASE("a batch has many methods and one header: nothing is compared") {
    http::Head request;
    request.fields.add("Mcp-Method", "tools/list");
    CHECK(found_in(R"([{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}])",
                   &request)
              .empty());
}

TEST_CASE("problems of the traffic are evasions only if a rule says so") {
    REQUIRE(product_rules().find_problem("tcp.conflicting_overlap") != nullptr);
    CHECK(product_rules().find_problem("tcp.conflicting_overlap")->rule == "conflicting-overlap");
    CHECK(product_rules().find_problem("tcp.hole") == nullptr);
}

}  // namespace
}  // namespace umbratap::detect
