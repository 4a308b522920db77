#include "http/body.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

std::string coded(const std::string& text) {
    std::string out(compressBound(text.size()), '\0');
    uLongf size = out.size();
    REQUIRE(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()) == Z_OK);
    out.resize(size);
    return out;
}

std::vector<Said> response(const std::string& body, const std::string& fields = "") {
    return {server("HTTP/1.1 200 OK\r\n" + fields +
                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)};
}

/// What is told of a body between its head and its end.
std::string read(const std::string& body, const std::string& fields = "",
                 const http::Limits& limits = {}) {
    const std::string all = seen(response(body, fields), limits);
    const std::size_t from = all.find('\n') + 1;
    return all.substr(from, all.rfind('=') - from);
}

const std::string by_deflate = "Content-Encoding: deflate\r\n";

}  // namespace

TEST_CASE("body: JSON in other encodings, behind marks and white space, is a text") {
    CHECK(read("\xef\xbb\xbf \r\n{}") == "< 1 body \xef\xbb\xbf \r\n{}\n");
    const std::string utf16("\xff\xfe{\0}\0", 6), utf32("\0\0\0[\0\0\0]", 8);
    CHECK(read(utf16) == "< 1 body " + utf16 + "\n");
    CHECK(read(utf32) == "< 1 body " + utf32 + "\n");
}

TEST_CASE("body: white space, however long, neither hides a text nor is kept") {
    const std::string all = read(std::string(5000, ' ') + "{\"x\":1}");
    CHECK(all.ends_with("{\"x\":1}\n"));
    CHECK(all.size() < 2000);
    Reading reading;
    reading.say(server("HTTP/1.1 200 OK\r\n\r\n"));
    for (int i = 0; i < 100; ++i) reading.say(server(std::string(1000, '\n')));
    CHECK(reading.memory() < 4096);
}

TEST_CASE("body: empty bodies, and those of white space, are no texts") {
    CHECK(read("") == "");
    CHECK(read(" \r\n") == "");
    CHECK(unseen_of(response("  ")).shunted == 0);
}

TEST_CASE("body: the beginning of a field name alone is no stream of events") {
    CHECK(read("dat") == "");
    CHECK(read("date: today") == "");
    CHECK(read("data: today\n\n") == "< 1 event |today\n");
}

TEST_CASE("body: codings are taken off before it is looked at") {
    CHECK(read(coded("{\"x\":1}"), by_deflate) == "< 1 body {\"x\":1}\n");
    CHECK(read(coded("data: 1\n\ndata: 2\n\n"), by_deflate) == "< 1 event |1\n< 1 event |2\n");
    CHECK(read(coded("<html>"), by_deflate) == "");
    CHECK(unseen_of(response(coded("<html>"), by_deflate)).shunted == coded("<html>").size());
}

TEST_CASE("body: a coding that is named and not applied does not hide a text") {
    CHECK(read("{\"x\":\"0123456789\"}", "Content-Encoding: gzip\r\n") ==
          "< 1 body {\"x\":\"0123456789\"}\n");
    CHECK(read("{\"x\":1}", "Content-Encoding: aws-chunked\r\n") == "< 1 body {\"x\":1}\n");
    CHECK(problem_of(response("{\"x\":1}", "Content-Encoding: br\r\n")) ==
          "http.wrong_content_coding");
}

TEST_CASE("body: what cannot be decoded is counted as unsupported") {
    const auto unknown = response("\x01\x02\x03", "Content-Encoding: compress\r\n");
    CHECK(seen(unknown) == "< 1 200\n= 1 0 3\n");
    CHECK(problem_of(unknown) == "http.unknown_content_coding");
    CHECK(unseen_of(unknown).unsupported == 3);
}

TEST_CASE("body: a coding that is cut off leaves a damaged text") {
    const std::string text = "{\"x\":\"0123456789\"}";
    const std::string whole = coded(text);
    CHECK(read(whole.substr(0, whole.size() - 4), by_deflate) == "< 1 body " + text + " (damaged)\n");
    CHECK(problem_of(response(whole.substr(0, whole.size() - 4), by_deflate)) ==
          "http.broken_content_coding");
}

TEST_CASE("body: of a bomb, what was decoded up to the limit is a damaged text") {
    http::Limits limits;
    limits.inflated_bytes_max = 20;
    const std::string bomb = coded("{\"x\":\"" + std::string(1000, 'x') + "\"}");
    CHECK(read(bomb, by_deflate, limits) ==
          "< 1 body {\"x\":\"" + std::string(14, 'x') + " (damaged)\n");
    CHECK(problem_of(response(bomb, by_deflate), limits) == "http.inflate_bomb");
    CHECK(unseen_of(response(bomb, by_deflate), limits).budget == bomb.size());
}

TEST_CASE("body: with more codings than allowed it is not read") {
    http::Limits limits;
    limits.content_codings_max = 1;
    CHECK(problem_of(response(coded(coded("{}")), "Content-Encoding: deflate, deflate\r\n"),
                     limits) == "http.too_many_content_codings");
    CHECK(read(coded(coded("{}")), "Content-Encoding: deflate, deflate\r\n") == "< 1 body {}\n");
}

TEST_CASE("body: a hole in a coded body leaves a damaged text, and the next message is found") {
    const std::string whole = coded("{\"x\":\"0123456789\"}");
    const std::string head = "HTTP/1.1 200 OK\r\n" + by_deflate +
                             "Content-Length: " + std::to_string(whole.size()) + "\r\n\r\n";
    CHECK(seen({server(head + whole.substr(0, whole.size() - 6)), server_hole(2),
                server(whole.substr(whole.size() - 4) + head + whole)}) ==
          "< 1 200\n< 1 body {\"x\":\"0123456789\" (damaged)\n= 1 0 " +
              std::to_string(whole.size() - 2) +
              "\n< 2 200\n< 2 body {\"x\":\"0123456789\"}\n= 2 0 " + std::to_string(whole.size()) +
              "\n");
}
