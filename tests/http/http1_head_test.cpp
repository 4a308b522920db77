#include "http/http1_head.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::http;

namespace {

/// The head, one line a field, and what was wrong.
std::string decoded(std::string_view bytes, bool is_request = true, const Limits& limits = {}) {
    Head head;
    head.is_request = is_request;
    const Problem problem = decode_http1_head(as_bytes(bytes), limits, head);
    std::string out =
        is_request ? head.method + " " + head.target + " " + head.scheme + " " + head.authority
                   : std::to_string(head.status);
    out += head.version == Version::http_1_0 ? " 1.0\n" : "\n";
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        out.append(head.fields.name(i)).append("=").append(head.fields.value(i)).append("\n");
    }
    return out.append(problem.name());
}

}  // namespace

TEST_CASE("http1 head: a request has method, target, authority and fields") {
    CHECK(decoded("POST /mcp HTTP/1.1\r\nHost: h:80\r\nA:\r\nB:  c d \r\n\r\n") ==
          "POST /mcp  h:80\nhost=h:80\na=\nb=c d\n");
    CHECK(decoded("GET http://a:1/p HTTP/1.0\r\nHost: b\r\n\r\n") ==
          "GET http://a:1/p http a:1 1.0\nhost=b\n");
    CHECK(decoded("CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n") == "CONNECT a:443  b\nhost=b\n");
}

TEST_CASE("http1 head: a response has a status") {
    CHECK(decoded("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n", false) == "404\na=b\n");
    CHECK(decoded("HTTP/1.0 200\r\n\r\n", false) == "200 1.0\n");
}

TEST_CASE("http1 head: a method that nobody knows is a method") {
    CHECK(decoded("QUERY-ME / HTTP/1.1\r\nHost: h\r\n\r\n") == "QUERY-ME /  h\nhost=h\n");
}

TEST_CASE("http1 head: what is odd is named, and read all the same") {
    CHECK(decoded("GET / HTTP/1.1\nHost: h\n\n") == "GET /  h\nhost=h\nhttp1.bare_line_feed");
    CHECK(decoded("GET / HTTP/1.1\r\nHost: a\r\n  b\r\nC: d\r\n\r\n") ==
          "GET /  a b\nhost=a b\nc=d\nhttp1.obs_fold");
    CHECK(decoded("GET / HTTP/1.1\r\nHost : h\r\n\r\n") ==
          "GET /  h\nhost=h\nhttp1.space_before_colon");
    CHECK(decoded("GET / HTTP/1.1\r\nHost\r\nA: b\r\n\r\n") ==
          "GET /  \na=b\nhttp1.line_without_colon");
    CHECK(decoded("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n") ==
          "GET /  \na=b\rc\nhttp1.bare_carriage_return");
    const std::string nul(1, '\0');
    CHECK(decoded("GET / HTTP/1.1\r\nA: b" + nul + "c\r\n\r\n") ==
          "GET /  \na=b" + nul + "c\nhttp1.nul_in_head");
    CHECK(decoded("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n") ==
          "GET /a  h\nhost=h\nhttp1.malformed_head");
    CHECK(decoded("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n") ==
          "GET /  h\nhost=h\nhttp1.malformed_head");
    CHECK(decoded("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") ==
          "GET /  a\nhost=a\nhost=b\nhttp1.several_hosts");
}

TEST_CASE("http1 head: beyond the limit only fields that delimit the body are kept, and once") {
    Limits limits;
    limits.fields_max = 1;
    CHECK(decoded("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nHost: h\r\nHost: i\r\n\r\n", true, limits) ==
          "GET /  h\na=1\nhost=h\nhttp1.too_many_fields");
}
