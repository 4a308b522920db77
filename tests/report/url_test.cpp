#include "report/url.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("url: what is no credential stays as sent") {
    for (const char* url : {"/mcp", "/sse?sessionId=42&x=%20", "http://h:1/p?q#f", "*", "h:443", "",
                            "?", "file:///a?b=c", "/a@b:c/", "/x?keyboard=1&monkey=2&tokens_max=5",
                            "/x?token=", "/x?token"}) {
        CHECK(without_credentials(url) == url);
    }
}

TEST_CASE("url: values of parameters named after credentials are blanked") {
    CHECK(without_credentials("/mcp?api_key=abc&x=1") == "/mcp?api_key=***&x=1");
    CHECK(without_credentials("/mcp?x=1;Access-Token=abc#id_token=def&y=2") ==
          "/mcp?x=1;Access-Token=***#id_token=***&y=2");
    CHECK(without_credentials("/mcp?X-Amz-Signature=abc") == "/mcp?X-Amz-Signature=***");
    CHECK(without_credentials("/cb?code=abc&state=s") == "/cb?code=***&state=s");
}

TEST_CASE("url: a password in the authority is blanked, the user stays") {
    CHECK(without_credentials("postgres://bob:s3cret@db:5432/x") == "postgres://bob:***@db:5432/x");
    CHECK(without_credentials("http://bob:p@ss@host/") == "http://bob:***@host/");
    CHECK(without_credentials("http://bob@host/") == "http://bob@host/");
    CHECK(without_credentials("http://host/a:b@c") == "http://host/a:b@c");
}

TEST_CASE("url: the host of an authority is lower case, without port and trailing dot") {
    CHECK(host_of("Example.COM:8443") == "example.com");
    CHECK(host_of("example.com.") == "example.com");
    CHECK(host_of("[2001:DB8::1]:80") == "2001:db8::1");
    CHECK(host_of("2001:db8::1") == "2001:db8::1");
    CHECK(host_of("[") == "");
    CHECK(host_of("") == "");
}
