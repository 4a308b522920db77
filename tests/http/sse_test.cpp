#include "http/sse.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

constexpr std::size_t no_hole = SIZE_MAX;

/// What was read, one line a text: name|data, `~` if damaged, `(cut)` if no last piece came; and
/// the first problem.
std::string events(const std::vector<Bytes>& pieces, std::uint32_t text_bytes_max = 1000,
                   std::size_t hole_at = no_hole, std::size_t memory = 1 << 24) {
    Budget budget(memory);
    SseReader reader(text_bytes_max, budget);
    Problem problem;
    std::string seen;
    bool open = false;
    Batch<Item> out;
    const auto tell = [&] {
        for (const Item& item : out) {
            const Text& text = std::get<Text>(item);
            CHECK(text.kind == TextKind::event);
            CHECK(text.exchange == 7);
            CHECK(text.first == !open);
            if (text.first) seen += std::string(text.event_name) + "|";
            if (text.first && !text.last) CHECK(text.data.size() == text_bytes_max);
            seen += as_text(text.data);
            if (text.last) seen += text.damaged ? "~\n" : "\n";
            open = !text.last;
        }
        out.clear();
    };
    Text where;
    where.exchange = 7;
    std::size_t offset = 0;
    for (Bytes piece : pieces) {
        // An exact copy that is gone after the push, so that a view that lives longer is found.
        std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        Bytes rest = copy;
        if (offset <= hole_at && hole_at < offset + rest.size()) {
            problem = problem.or_else(reader.push(rest.first(hole_at - offset), where, out));
            tell();
            rest = rest.subspan(hole_at - offset);
            reader.lose(out);
            tell();
        }
        problem = problem.or_else(reader.push(rest, where, out));
        tell();
        offset += piece.size();
    }
    if (open) seen += "(cut)";
    return seen + std::string(problem.name());
}

std::string events(std::string_view stream, std::uint32_t text_bytes_max = 1000,
                   std::size_t hole_at = no_hole) {
    const auto read = [&](const std::vector<Bytes>& pieces) {
        return events(pieces, text_bytes_max, hole_at);
    };
    CHECK(test::differs_when_cut(as_bytes(stream), read) == "");
    return events(std::vector<Bytes>{as_bytes(stream)}, text_bytes_max, hole_at);
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("sse: an event may end with CR, LF or both") {
    CHECK(events("data: a\n\ndata: b\n\n") == "|a\n|b\n");
    CHECK(events("data: a\r\rdata: b\r\r") == "|a\n|b\n");
    CHECK(events("data: a\r\n\r\ndata: b\r\n\r\n") == "|a\n|b\n");
    CHECK(events("data: a\r\n\ndata: b\n\r\n") == "|a\n|b\n");
    CHECK(events("data: a\n\rdata: b\r\n\r") == "|a\n|b\n");
}

TEST_CASE("sse: data lines are joined with LF") {
    CHECK(events("data: {\ndata:  \"a\"\ndata:}\n\n") == "|{\n \"a\"\n}\n");
    CHECK(events("data\ndata\n\n") == "|\n\n");
    CHECK(events("data: a\ndata\ndata: b\n\n") == "|a\n\nb\n");
}

TEST_CASE("sse: the last event field names the event") {
    CHECK(events("event: endpoint\ndata: /m?s=1\n\n") == "endpoint|/m?s=1\n");
    CHECK(events("data: x\nevent: a\nevent: bc\n\ndata: y\n\n") == "bc|x\n|y\n");
    CHECK(events("event: a\nevent\ndata: x\n\n") == "|x\n");
}

TEST_CASE("sse: comments, ids, retry times and unknown fields are passed over") {
    CHECK(
        events(": ping\n\n:\nid: 1\nretry: 10\ndatas: no\ndat: no\neventually: no\ndata: a\n\n") ==
        "|a\n");
}

TEST_CASE("sse: only the first space after the colon is taken off") {
    CHECK(events("data:  a\n\ndata:b\n\ndata:\tc\n\n data: no\n\n") == "| a\n|b\n|\tc\n");
}

TEST_CASE("sse: an event without data is none, such as the priming event of MCP") {
    CHECK(events("id: 1\ndata:\n\nevent: x\n\ndata: a\n\n") == "|a\n");
}

TEST_CASE("sse: an event that the end cuts off is none") {
    CHECK(events("data: a\n\ndata: b\n") == "|a\n");
    CHECK(events("data: a\n\ndata: b") == "|a\n");
}

TEST_CASE("sse: a byte order mark is skipped at the start only") {
    CHECK(events("\xef\xbb\xbf"
                 "data: a\n\n\xef\xbb\xbf"
                 "data: b\n\ndata: c\n\n") == "|a\n|c\n");
    CHECK(events("\xef\xbb"
                 "data: a\n\ndata: b\n\n") == "|b\n");
    CHECK(events("\xef\xbb\xbf\xef\xbb\xbf"
                 "data: a\n\n") == "");
}

TEST_CASE("sse: a long event comes in pieces, the first as long as the limit") {
    CHECK(events("event: e\ndata: 0123456789\n\ndata: x\n\n", 10) == "e|0123456789\n|x\n");
    CHECK(events("event: e\ndata: 0123456789abc\n\ndata: x\n\n", 10) ==
          "e|0123456789abc\n|x\nhttp.text_too_long");
    CHECK(events("data: 01234\ndata: 56789\ndata:\ndata: abc\nevent: e\n\ndata: x\n\n", 10) ==
          "|01234\n56789\n\nabc\n|x\nhttp.text_too_long");
}

TEST_CASE("sse: a long name is cut") {
    const std::string name(300, 'n');
    CHECK(events("event: " + name + "\ndata: x\n\n") ==
          name.substr(0, 256) + "|x\nsse.name_too_long");
    CHECK(events("event: " + name.substr(0, 256) + "\ndata: x\n\n") ==
          name.substr(0, 256) + "|x\n");
}

TEST_CASE("sse: an endless line that is not data is told and takes no memory") {
    Budget budget(1 << 20);
    SseReader reader(1000, budget);
    Batch<Item> out;
    const std::string filler(1000, 'x');
    CHECK(!reader.push(as_bytes(": "), {}, out));
    int told = 0;
    for (int i = 0; i < 1000; ++i) {
        const Problem problem = reader.push(as_bytes(filler), {}, out);
        if (problem) CHECK(problem == Problem{"sse.line_too_long"});
        told += problem ? 1 : 0;
    }
    CHECK(told == 1);
    CHECK(budget.used() == 0);
    CHECK(!reader.push(as_bytes("\ndata: a\n\n"), {}, out));
    CHECK(out.size() == 1);
}

TEST_CASE("sse: after a hole reading goes on behind the next blank line") {
    const std::string_view stream = "data: abc\n\ndata: def\nid: 1\n\ndata: ghi\n\n";
    for (std::size_t hole = 0; hole < stream.size(); ++hole) {
        const std::string seen = events(stream, 1000, hole);
        if (hole <= 6) {
            CHECK(seen == "|def\n|ghi\n");  // nothing of the first was there
        } else if (hole <= 9) {
            CHECK(seen == "|" + std::string(stream.substr(6, hole - 6)) + "~\n|def\n|ghi\n");
        } else if (hole == 10) {
            CHECK(seen == "|abc~\n|ghi\n");  // the line end behind the hole may end any line
        } else if (hole <= 17) {
            CHECK(seen == "|abc\n|ghi\n");
        } else if (hole <= 26) {
            const std::string def(stream.substr(17, std::min<std::size_t>(hole - 17, 3)));
            CHECK(seen == "|abc\n|" + def + "~\n|ghi\n");
        } else if (hole == 27) {
            CHECK(seen == "|abc\n|def~\n");
        }
    }
    CHECK(events("data: 0123456789abc\ndata: x\n\ndata: y\n\n", 10, 22) ==
          "|0123456789abc~\n|y\nhttp.text_too_long");
}

TEST_CASE("sse: data that lies in one piece is handed on where it is") {
    Budget budget(1 << 20);
    SseReader reader(1000, budget);
    Batch<Item> out;
    const std::string stream = "data: in place\n\n";
    CHECK(!reader.push(as_bytes(stream), {}, out));
    REQUIRE(out.size() == 1);
    CHECK(as_text(std::get<Text>(out[0]).data).data() == stream.data() + 6);
    CHECK(budget.used() == 0);
}

TEST_CASE("sse: texts live as long as pushes are for the same packet") {
    Budget budget(1 << 20);
    SseReader reader(1000, budget);
    Batch<Item> out;
    Text where;
    where.packet_number = 1;
    for (const char* piece :
         {"event: m\nda", "ta: a\ndata: b\n\nevent: n\ndata: c", "\ndata: d\n\n"}) {
        CHECK(!reader.push(as_bytes(piece), where, out));
    }
    REQUIRE(out.size() == 2);
    CHECK(std::get<Text>(out[0]).event_name == "m");
    CHECK(as_text(std::get<Text>(out[0]).data) == "a\nb");
    CHECK(std::get<Text>(out[1]).event_name == "n");
    CHECK(as_text(std::get<Text>(out[1]).data) == "c\nd");
    CHECK(budget.used() > 0);
    where.packet_number = 2;
    out.clear();
    CHECK(!reader.push({}, where, out));
    CHECK(budget.used() == 0);
}

TEST_CASE("sse: if the budget is used up the data still comes, in pieces") {
    const std::string stream = "data: " + std::string(1000, 'x') + "\ndata: y\n\ndata: z\n\n";
    std::vector<Bytes> pieces;
    for (std::size_t i = 0; i < stream.size(); i += 10) {
        pieces.push_back(as_bytes(std::string_view(stream).substr(i, 10)));
    }
    Budget budget(600);
    SseReader reader(1 << 20, budget);
    Batch<Item> out;
    Problem problem;
    std::string seen;
    for (Bytes piece : pieces) {
        problem = problem.or_else(reader.push(piece, {}, out));
        for (const Item& item : out) {
            seen += as_text(std::get<Text>(item).data);
            if (std::get<Text>(item).last) seen += "|";
        }
        out.clear();
    }
    CHECK(problem == Problem{"http.budget_used_up"});
    CHECK(seen == std::string(1000, 'x') + "\ny|z|");
}

TEST_CASE("sse: a million lines are one text") {
    const std::string stream = repeated("data: x\n", 1000000) + "\n";
    Budget budget(1 << 24);
    SseReader reader(1 << 24, budget);
    Batch<Item> out;
    CHECK(!reader.push(as_bytes(stream), {}, out));
    REQUIRE(out.size() == 1);
    CHECK(std::get<Text>(out[0]).data.size() == 1999999);
}
