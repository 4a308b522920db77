// Tokens of whole and of damaged texts.
#include "mcp/json_index.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

using namespace umbratap;

namespace {

/// The kinds of all tokens, and the strings.
std::string kinds(const mcp::JsonIndex& index) {
    std::string out;
    for (std::uint32_t i = 0; i < index.count(); ++i)
        out.push_back(static_cast<char>(index.kind(i)));
    return out;
}

std::string kinds(std::string_view text) {
    mcp::JsonIndex index;
    index.read(as_bytes(text));
    return kinds(index);
}

}  // namespace

TEST_CASE("json index: brackets, colons, commas and the first bytes of scalars are tokens") {
    CHECK(kinds(R"( {"id": -7, "a":[true , null]} )") == R"({":-,":[t,n]})");
    CHECK(kinds("") == "");
    CHECK(kinds("  ") == "");
    CHECK(kinds(R"({"a":"{[\"]}"})") == R"({":"})");
}

TEST_CASE("json index: scalars end where white space or the next token begins") {
    mcp::JsonIndex index;
    const std::string text = "[ \"a b\" \t, 1e400\r\n, tru]  ";
    CHECK_FALSE(index.read(as_bytes(text)));
    std::string_view content;
    CHECK(index.string(1, content));
    CHECK(content == "a b");
    CHECK(index.scalar(3) == "1e400");
    CHECK(index.scalar(5) == "tru");
    CHECK(index.between(1, 4) == "\"a b\" \t, 1e400");
    CHECK(index.between(0, index.count()) == text.substr(0, text.size() - 2));
    CHECK(index.kind(99) == 0);
}

TEST_CASE("json index: a cut string has no content, whatever backslashes stand before the end") {
    for (const char* text : {"{\"a\":\"b", "{\"a\":\"b\\", "{\"a\":\"b\\\\", "{\"a\":\"",
                             "{\"a\":\"\\\"", "{\"a\":\"b\\\\\\"}) {
        CAPTURE(text);
        mcp::JsonIndex index;
        const std::string exact(text);
        CHECK(index.read(as_bytes(exact)) == Problem{"json.broken"});
        REQUIRE(kinds(index) == "{\":\"");
        std::string_view content;
        CHECK(index.string(1, content));
        CHECK(content == "a");
        CHECK_FALSE(index.string(3, content));
        CHECK(index.scalar(3) == exact.substr(5));
    }
}

TEST_CASE("json index: content is the text's own where its shape had to be mended") {
    mcp::JsonIndex index;
    const std::string text = "{\"a\x01\xFF\":\"\xC3\n\", \x02 \"b\":\"cut";
    CHECK(index.read(as_bytes(text)) == Problem{"json.broken"});
    CHECK(kinds(index) == "{\":\",\":\"");
    std::string_view content;
    CHECK(index.string(1, content));
    CHECK(content == "a\x01\xFF");
    CHECK(index.string(3, content));
    CHECK(content == "\xC3\n");
    CHECK(index.invalid_utf_8());
    CHECK(index.mended());
    CHECK_FALSE(index.read(as_bytes("{}")));
    CHECK_FALSE(index.mended());
}

TEST_CASE("json index: nothing is read behind the end of the text") {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* pages = static_cast<std::uint8_t*>(
        ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(::mprotect(pages + page, page, PROT_NONE) == 0);
    const std::string text =
        R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","text":"é)";
    for (const bool whole : {true, false}) {
        for (std::size_t size = 1; size < text.size() + 200; ++size) {
            const std::string padded =
                std::string(size > text.size() ? size - text.size() : 0, ' ') +
                text.substr(0, size) + (whole ? "\"}}" : "");
            std::memcpy(pages + page - padded.size(), padded.data(), padded.size());
            mcp::JsonIndex index;
            index.read({pages + page - padded.size(), padded.size()});
            CHECK(index.count() > 0);
        }
    }
    ::munmap(pages, 2 * page);
}
