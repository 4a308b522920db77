// How a body is delimited: body_length.cpp.
#include <doctest/doctest.h>

#include "http/http1_head.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

using FieldList = std::vector<std::pair<const char*, const char*>>;

std::string length(int status, const FieldList& list, Answers answers = Answers::ordinary) {
    Head head;
    head.is_request = status == 0;
    head.status = static_cast<std::uint16_t>(status);
    for (const auto& [name, value] : list) head.fields.add(name, value);
    BodyLength body;
    const Problem problem = body_length(head, answers, body);
    static constexpr const char* by[] = {"none", "length", "chunks", "close"};
    std::string out = by[static_cast<int>(body.by)];
    if (body.length > 0) out += " " + std::to_string(body.length);
    CHECK(body.ambiguous == static_cast<bool>(problem));
    return problem ? out + " " + std::string(problem.name()) : out;
}

}  // namespace

TEST_CASE("body length: by Content-Length, chunks, or the end of the connection") {
    CHECK(length(0, {}) == "none");
    CHECK(length(200, {}) == "close");
    CHECK(length(0, {{"content-length", "5"}}) == "length 5");
    CHECK(length(0, {{"content-length", "0"}}) == "none");
    CHECK(length(200, {{"content-length", "0"}}) == "none");
    CHECK(length(0, {{"transfer-encoding", "Chunked"}}) == "chunks");
    CHECK(length(0, {{"transfer-encoding", "gzip, chunked"}}) == "chunks");
    CHECK(length(200, {{"transfer-encoding", "gzip"}}) == "close");
    CHECK(length(0, {{"transfer-encoding", "identity"}, {"content-length", "5"}}) == "length 5");
}

TEST_CASE("body length: some responses have none") {
    const FieldList five = {{"content-length", "5"}};
    CHECK(length(204, five) == "none");
    CHECK(length(304, five) == "none");
    CHECK(length(100, five) == "none");
    CHECK(length(200, five, Answers::head) == "none");
    CHECK(length(200, {}, Answers::connect) == "none");
    CHECK(length(407, five, Answers::connect) == "length 5");
}

TEST_CASE("body length: what contradicts itself is named, and has one reading") {
    CHECK(length(0, {{"content-length", "5"}, {"transfer-encoding", "chunked"}}) ==
          "chunks 5 http1.conflicting_lengths");
    CHECK(length(0, {{"content-length", "5"}, {"content-length", "7"}}) ==
          "length 7 http1.conflicting_lengths");
    CHECK(length(0, {{"content-length", "5, 5"}}) == "length 5");
    CHECK(length(0, {{"content-length", "5x"}}) == "length 5 http1.bad_content_length");
    CHECK(length(0, {{"content-length", "-1"}}) == "none http1.bad_content_length");
    CHECK(length(0, {{"content-length", "99999999999999999999"}}) ==
          "none http1.bad_content_length");
    CHECK(length(0, {{"transfer-encoding", "xchunked"}}) ==
          "chunks http1.strange_transfer_encoding");
    CHECK(length(0, {{"transfer-encoding", "chunked, chunked"}}) ==
          "chunks http1.strange_transfer_encoding");
    CHECK(length(0, {{"transfer-encoding", "chunked, gzip"}}) ==
          "chunks http1.strange_transfer_encoding");
    CHECK(length(0, {{"transfer-encoding", "chunked"}, {"transfer-encoding", "identity"}}) ==
          "chunks");
}

TEST_CASE("body length: codings are listed as they were applied, those of the transfer last") {
    Fields fields;
    fields.add("Transfer-Encoding", "gzip, chunked");
    fields.add("Content-Encoding", "BR, identity");
    CHECK(body_codings(fields) == "br, gzip");
    CHECK(body_codings({}).empty());
}
