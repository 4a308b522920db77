#include "mcp/tokens.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap;
using namespace umbratap::mcp;

namespace {

ReadableStrings read(const std::string& json) {
    static JsonReader reader;
    ReadableStrings strings;
    REQUIRE(reader.read(as_bytes(json), strings));
    return strings;
}

/// Near enough to a count of o200k_base.
bool is_about(std::uint64_t estimate, double counted) {
    return static_cast<double>(estimate) > 0.75 * counted &&
           static_cast<double>(estimate) < 1.3 * counted;
}

}  // namespace

TEST_CASE("tokens: texts whose count by o200k_base is known") {
    CHECK(is_about(tokens_estimate("The quick brown fox jumps over the lazy dog, and nobody knows "
                                   "why it would do so on a Monday."),
                   21));
    CHECK(is_about(
        tokens_estimate(
            R"({"name":"search_issues","description":"Searches the issues of a project by words, state and label.","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}})"),
        38));
    CHECK(is_about(tokens_estimate("今日の天気は晴れですが、夕方から雨が降るでしょう。傘を持って出かけてください。"), 29));
    CHECK(tokens_estimate("") == 0);
}

TEST_CASE("tokens: twice the text costs twice the tokens") {
    const std::string text =
        "Customer 4711 reports that the invoice of March went to her old address.\n";
    std::string many;
    for (int i = 0; i < 100; ++i) many += text;
    const auto once = static_cast<double>(tokens_estimate(many)) / 100;
    CHECK(is_about(tokens_estimate(text), once));
}

TEST_CASE("tokens: of a result its texts count, and all strings only where there are none") {
    const std::string words = "The weather in Lund is fine today, with some clouds in the evening.";
    const std::uint64_t alone = tokens_estimate(words);
    CHECK(tokens_of_result(read(R"({"result":{"content":[{"type":"text","text":")" + words +
                                R"("}],"structuredContent":{"weather":")" + words + R"("}}})")) ==
          alone);
    CHECK(tokens_of_result(
              read(R"({"result":{"structuredContent":{"weather":")" + words + R"("}}})")) == alone);
    CHECK(
        tokens_of_result(read(
            R"({"result":{"content":[{"data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB","blob":"AAAA"}]}})")) ==
        0);
    CHECK(tokens_of_result(read(R"({"result":{"tools":[{"description":")" + words + R"("}]}})")) ==
          0);
}

TEST_CASE("tokens: of a call its arguments count, wherever they are nested") {
    const std::string words = "Please translate this into Swedish.";
    CHECK(tokens_of_arguments(read(R"({"params":{"name":"translate","arguments":{"a":[{"b":")" +
                                   words + R"("}]},"_meta":{"x":")" + words + R"("}}})")) ==
          tokens_estimate(words));
    CHECK(tokens_of_arguments(read(R"({"params":{"name":"arguments","other":{"arguments":")" +
                                   words + R"("}}})")) == 0);
    CHECK(tokens_of_arguments(read(R"({"params":{"arguments":")" + words + R"("}})")) ==
          tokens_estimate(words));
}

TEST_CASE("tokens: any bytes are some tokens, and none is worse than two each") {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    for (std::size_t size = 0; size <= all.size(); ++size)
        CHECK(tokens_estimate(all.substr(0, size)) <= 2 * size + 2);
}
