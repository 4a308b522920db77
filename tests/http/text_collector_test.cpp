#include "http/text_collector.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

/// One character a text: where it lies.
std::string collected(const std::vector<std::vector<Bytes>>& turns, std::uint32_t text_bytes_max,
                      std::uint64_t memory, bool lasting = true) {
    Budget budget(memory);
    TextCollector collector(text_bytes_max, budget);
    Shelf shelf(budget);
    std::string out;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        shelf.clear();
        Batch<Item> items;
        Unseen unseen;
        flow::StreamChunk chunk;
        Turn turn{chunk, items, shelf, unseen};
        for (const Bytes piece : turns[i]) collector.add(piece, lasting, {}, turn);
        if (i + 1 == turns.size()) collector.end({}, false, turn);
        collector.settle({}, turn);
        for (const Item& item : items) {
            const Text& text = std::get<Text>(item);
            const bool in_place = !turns[i].empty() && !text.data.empty() &&
                                  text.data.data() == turns[i].front().data();
            out += text.first ? "[" : "";
            out += in_place ? "@" : "";
            out.append(as_text(text.data)).append(text.last ? "]" : "|");
        }
        if (turn.problem) out.append("(").append(turn.problem.name()).append(")");
    }
    CHECK(collector.empty());
    return out;
}

Bytes b(std::string_view text) {
    return as_bytes(text);
}

}  // namespace

TEST_CASE("text collector: a text in one piece is not copied") {
    CHECK(collected({{b("abc")}}, 10, 0) == "[@abc]");
    const Bytes whole = b("abcdef");
    CHECK(collected({{whole.first(3), whole.subspan(3)}}, 10, 0) == "[@abcdef]");  // side by side
}

TEST_CASE("text collector: a text in several pieces is put together") {
    CHECK(collected({{b("abc")}, {b("def")}}, 10, 1000) == "[abcdef]");
    CHECK(collected({{b("abc"), b("xdef")}}, 10, 1000) == "[abcxdef]");
    CHECK(collected({{b("abc")}}, 10, 1000, false) == "[abc]");
}

TEST_CASE("text collector: no text is no item") {
    CHECK(collected({{b("")}, {}}, 10, 1000) == "");
}

TEST_CASE("text collector: beyond the limit the rest comes piece by piece") {
    CHECK(collected({{b("abcdef")}}, 4, 1000) == "[@abcd|ef|](http.text_too_long)");
    CHECK(collected({{b("abc")}, {b("def")}, {b("ghi")}}, 4, 1000) ==
          "[abcd|ef|(http.text_too_long)@ghi|]");
    CHECK(collected({{b("abcd")}}, 4, 1000) == "[@abcd]");
}

TEST_CASE("text collector: without memory the text comes piece by piece") {
    CHECK(collected({{b("abc")}, {b("def")}}, 1000, 0) == "[@abc|(http.budget_used_up)@def|]");
}
