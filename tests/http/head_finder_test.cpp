#include "http/head_finder.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

/// Heads in angle brackets, other bytes as they are.
std::string found(const std::vector<Bytes>& pieces, HeadFinder::Wanted wanted,
                  std::uint32_t head_bytes_max) {
    Budget budget(1 << 24);
    Shelf shelf(budget);
    HeadFinder finder(head_bytes_max, budget);
    std::string out;
    for (Bytes in : pieces) {
        shelf.clear();
        while (!in.empty()) {
            switch (finder.next(in, wanted, shelf)) {
                case HeadFinder::Found::nothing:
                    break;
                case HeadFinder::Found::line:
                    out += as_text(finder.found());
                    break;
                case HeadFinder::Found::head:
                    out += "<" + std::string(as_text(finder.found())) +
                           (finder.is_request() ? "?>" : "!>");
                    break;
                case HeadFinder::Found::head_too_long:
                    out += "(" + std::string(as_text(finder.found())) + ")";
                    break;
            }
        }
    }
    return out + "_" + std::string(as_text(finder.waiting()));
}

std::string found(std::string_view bytes, bool lost = true, bool requests = true,
                  bool responses = true, std::uint32_t head_bytes_max = 1000) {
    const HeadFinder::Wanted wanted{requests, responses, lost};
    const test::Reader read = [&](const std::vector<Bytes>& pieces) {
        return found(pieces, wanted, head_bytes_max);
    };
    CHECK(test::differs_when_cut(as_bytes(bytes), read) == "");
    return read({as_bytes(bytes)});
}

const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
const std::string status = "HTTP/1.1 200\r\n\r\n";

}  // namespace

TEST_CASE("head finder: a head goes to its blank line") {
    CHECK(found(head + "{}", false) == "<" + head + "?>_{}");
    CHECK(found(status + "{}", false) == "<" + status + "!>_{}");
    CHECK(found("GET / HTTP/1.1\nA: b\n\nrest", false) == "<GET / HTTP/1.1\nA: b\n\n?>_rest");
    CHECK(found("GET / HTTP/1.1\r\nA: b\r\n\r", false) == "_GET / HTTP/1.1\r\nA: b\r\n\r");
}

TEST_CASE("head finder: when lost, a head is found at a line start and behind a body") {
    CHECK(found("rest\r\n" + head) == "rest\r\n<" + head + "?>_");
    CHECK(found("\"x\"}" + head) == "\"x\"}<" + head + "?>_");
    CHECK(found("\"x\"}" + status) == "\"x\"}<" + status + "!>_");
    CHECK(found(std::string(40'000, 'x') + head) == std::string(40'000, 'x') + "<" + head + "?>_");
}

TEST_CASE("head finder: only what is wanted is a head") {
    CHECK(found(head + status, true, false, true) == head + "<" + status + "!>_");
    CHECK(found(status + head, true, true, false) == status + "<" + head + "?>_");
}

TEST_CASE("head finder: what merely holds the words is none") {
    for (const std::string line :
         {"GET / HTTP/2.0\r\n", "HTTP/1.1 20\r\n", "xHTTP/1.1 200 OK\n", "GET / HTTP/1.1\"\r\n",
          " HTTP/1.1\r\n", "wGET/ HTTP/1.1\r\n", "HTTP/1.1 2000\r\n"}) {
        CHECK(found(line) == line + "_");
    }
}

TEST_CASE("head finder: a head beyond the limit is given up to the limit") {
    CHECK(found(head + "GET", false, true, true, 20) ==
          "(" + head.substr(0, 20) + ")" + head.substr(20) + "_GET");
}
