#include "http/http2_head.h"

#include <doctest/doctest.h>

#include "http/http2_builder.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

struct Read {
    http::Head head;
    std::string problem;
};

Read read(const FieldList& list, bool is_request = true, const http::Limits& limits = {}) {
    http::Http2Fields fields(limits);
    for (const auto& [name, value] : list) fields.add(name, value);
    Read out;
    out.head.is_request = is_request;
    out.problem = fields.move_to(out.head).name();
    return out;
}

const FieldList request = {
    {":method", "POST"}, {":scheme", "https"}, {":authority", "h:8443"}, {":path", "/mcp?x"}};

FieldList with(FieldList more) {
    FieldList all = request;
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

}  // namespace

TEST_CASE("http2 head: pseudo fields become what a request line and a status line say") {
    const Read read_request = read(with({{"accept", "text/event-stream"}}));
    CHECK(read_request.problem == "");
    CHECK(read_request.head.method == "POST");
    CHECK(read_request.head.scheme == "https");
    CHECK(read_request.head.authority == "h:8443");
    CHECK(read_request.head.target == "/mcp?x");
    CHECK(read_request.head.version == http::Version::http_2);
    CHECK(read_request.head.fields.find("accept") == "text/event-stream");
    const Read response = read({{":status", "404"}, {"content-type", "a/b"}}, false);
    CHECK(response.problem == "");
    CHECK(response.head.status == 404);
}

TEST_CASE("http2 head: cookie crumbs are joined") {
    CHECK(
        read(with({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}})).head.fields.find("cookie") ==
        "a=1; b=2");
}

TEST_CASE("http2 head: the target of CONNECT is its authority") {
    const Read connect = read({{":method", "CONNECT"}, {":authority", "h:443"}});
    CHECK(connect.problem == "");
    CHECK(connect.head.target == "h:443");
    CHECK(read({{":method", "CONNECT"}, {":protocol", "websocket"}, {":authority", "h"}}).problem ==
          "http2.missing_pseudo_field");
}

TEST_CASE("http2 head: what breaks the rules is named and read all the same") {
    const auto problem = [](const FieldList& list) { return read(list).problem; };
    CHECK(problem(with({{":path", "/other"}})) == "http2.repeated_pseudo_field");
    CHECK(problem(with({{":odd", ""}})) == "http2.unknown_pseudo_field");
    CHECK(problem({{":method", "GET"}}) == "http2.missing_pseudo_field");
    CHECK(problem(with({{"Upper", "x"}})) == "http2.bad_field_name");
    CHECK(problem(with({{"", "x"}})) == "http2.bad_field_name");
    CHECK(problem(with({{"x", "a\r\nb"}})) == "http2.bad_field_value");
    CHECK(problem(with({{"transfer-encoding", "chunked"}})) == "http2.connection_specific_field");
    CHECK(problem(with({{"te", "gzip"}})) == "http2.connection_specific_field");
    CHECK(problem(with({{"te", "trailers"}})) == "");
    CHECK(problem(with({{"host", "other"}})) == "http2.authority_and_host_differ");
    CHECK(problem({{"x", "y"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}) ==
          "http2.misplaced_pseudo_field");
    CHECK(read({{":status", "2x0"}}, false).problem == "http2.bad_status");
    const http::Head head =
        read({{"x", "y"}, {":method", "GET"}, {":path", "/p"}, {":path", "/q"}, {"HOST", "h"}})
            .head;
    CHECK(head.method == "GET");
    CHECK(head.target == "/p");
    CHECK(head.authority == "h");
}

TEST_CASE("http2 head: a list that is too long is cut, save for what decides on the body") {
    http::Limits limits;
    limits.fields_max = 3;
    Read few =
        read(with({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"content-type", "text/html"}}),
             true, limits);
    CHECK(few.problem == "http2.too_many_fields");
    CHECK(!few.head.fields.has("d"));
    CHECK(few.head.fields.find("content-type") == "text/html");
    limits = {};
    limits.head_bytes_max = 400;
    few = read(with({{"a", std::string(300, 'x')}, {"b", ""}, {"content-encoding", "gzip"}}), true,
               limits);
    CHECK(few.problem == "http2.header_bomb");
    CHECK(!few.head.fields.has("b"));
    CHECK(few.head.fields.find("content-encoding") == "gzip");
}

TEST_CASE("http2 head: what is not known leaves the head partial and nothing in its place") {
    const Read some = read({{":method", "POST"}, {"?", ""}, {"x", "y"}});
    CHECK(some.problem == "");
    CHECK(some.head.partial);
    CHECK(some.head.target == "");
    CHECK(some.head.fields.size() == 1);
}
